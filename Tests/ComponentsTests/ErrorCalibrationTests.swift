import Components
import LinearAlgebra
import Networks
import Randomness
import Tensors
import TestSupport
import Testing

@Suite("What matters, and by how much it may be wrong")
struct ErrorCalibrationTests {
  /// The mean effect over the queries of each component under fresh masks, and its standard error.
  private func truth(
    _ outputs: MaskedOutputs, share: Double, masks count: Int
  ) -> [(effect: Double, error: Double)] {
    let d = outputs.components.count
    let base = MaskDesign.random(
      outputs.components, share: share, count: count, seed: 91, for: .fresh(0))
    let before = outputs.values(base)
    return (0..<d).map { place in
      let flipped = Matrix(base.elements, rows: count, columns: d)
      for row in 0..<count {
        flipped.storage.base[row * d + place] = 1 - base[row, place]
      }
      let after = outputs.values(flipped)
      let effects = (0..<count).map { row in
        (0..<outputs.count).reduce(0.0) {
          $0 + Double(before[row, $1] - after[row, $1]) / Double(outputs.count)
        } * (base[row, place] == 1 ? 1 : -1)
      }
      let mean = effects.reduce(0, +) / Double(count)
      let squares = effects.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (mean, (squares / Double(count - 1) / Double(count)).squareRoot())
    }
  }

  @Test(
    "Intervals hold what fresh masks show, and what matters has its sign",
    arguments: [1, 12], [ComponentMethod.expected, .coar])
  func covers(queries: Int, method: ComponentMethod) throws {
    var (inside, all, wrong, found) = (0, 0, 0, 0)
    for seed: UInt64 in 1...4 {
      let sample = ComponentSample(hidden: [40, 30], queries: queries, seed: seed)
      let folder = try ScratchFolder()
      let study = try sample.study(in: folder, .margin, share: 0.1)
      let estimate = try method.estimator.estimate(study)
      let errors = try #require(estimate.errors)
      let matters = DiscoveredComponents.found(estimate.weights, errors: errors)
      for (place, real) in truth(study.outputs, share: 0.1, masks: 48).enumerated() {
        let (weight, error) = (estimate.weights[place], errors[place])
        all += 1
        let distance = abs(weight - real.effect)
        let spread = (error * error + real.error * real.error).squareRoot()
        inside += distance <= 1.96 * spread + 1e-6 ? 1 : 0
        if matters[place] {
          found += 1
          wrong += weight * real.effect > 0 ? 0 : 1
        }
      }
    }
    // 95 % by the normal distribution; of a few dozen masks some less.
    #expect(inside * 100 >= all * 85, "\(inside) of \(all)")
    #expect(found > all / 10, "\(found) of \(all) matter")
    #expect(wrong * 10 <= found, "\(wrong) of \(found) have the wrong sign")
  }

  @Test("Components that nothing reads are found no oftener than the rate says")
  func null() throws {
    var (wrong, found) = (0, 0)
    for seed: UInt64 in 1...6 {
      let sample = ComponentSample(hidden: [40, 30], queries: 12, seed: seed)
      // Half of the first layer's neurons: the weights that read them are 0.
      let theta = sample.parameters
      for reader in 0..<30 {
        for neuron in 0..<20 { theta.storage.base[40 * 5 + 40 + reader * 40 + neuron] = 0 }
      }
      for method in [ComponentMethod.expected, .coar] {
        let folder = try ScratchFolder()
        let study = try sample.study(in: folder, .margin, share: 0.1)
        let estimate = try method.estimator.estimate(study)
        let matters = DiscoveredComponents.found(
          estimate.weights, errors: try #require(estimate.errors))
        found += matters.count { $0 }
        wrong += matters.prefix(20).count { $0 }
      }
    }
    #expect(found > 30)
    #expect(Double(wrong) <= 0.1 * Double(found), "\(wrong) of \(found)")
  }
}
