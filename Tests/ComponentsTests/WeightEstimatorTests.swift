import Components
import Networks
import Storage
import Tensors
import Testing
import TestSupport

@Suite("Estimators from weights")
struct WeightEstimatorTests {
  /// ‖w_j‖² of the hidden neurons by the layout: 0.weight 9 × 5, 0.bias 9, 2.weight 4 × 9, 2.bias 4.
  private func squares(_ sample: ComponentSample) -> [[Double]] {
    let theta = sample.parameters.elements.map(Double.init)
    func square(_ weight: Int, _ inputs: Int, _ bias: Int, _ j: Int) -> Double {
      (0..<inputs).reduce(theta[bias + j] * theta[bias + j]) {
        $0 + theta[weight + inputs * j + $1] * theta[weight + inputs * j + $1]
      }
    }
    return [(0..<9).map { square(0, 5, 45, $0) }, (0..<4).map { square(54, 9, 90, $0) }]
  }

  @Test("The magnitude is the norm of the rows and biases, the same for all queries")
  func magnitude() throws {
    let sample = ComponentSample(hidden: [9, 4])
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder)
    let found = try ComponentMethod.magnitude.estimator.estimate(study).scores
    for (place, square) in squares(sample).joined().enumerated() {
      for query in 0..<7 {
        #expect(abs(Double(found[query, place]) - square.squareRoot()) < 1e-6)
      }
    }
    #expect(study.passes == 0)
  }

  @Test("LAMP is the share of the squares that are not smaller, layer by layer")
  func layerAdaptive() throws {
    let sample = ComponentSample(hidden: [9, 4])
    let folder = try ScratchFolder()
    let found = try ComponentMethod.lamp.estimator.estimate(sample.study(in: folder)).scores
    let expected = squares(sample).flatMap { layer in
      layer.map { own in own / layer.filter { $0 >= own }.reduce(0, +) }
    }
    for (place, share) in expected.enumerated() {
      #expect(abs(Double(found[0, place]) - share) < 1e-6, "\(place)")
    }
    #expect(expected.count { $0 == 1 } == 2)
  }

  /// Σ over rows of (x − mean)² / (rows − 1).
  private func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }

  @Test("Fidelity is what the best multiple of a neuron alone explains of what reads it")
  func fidelity() throws {
    let sample = ComponentSample(hidden: [6, 4], queries: 9)
    let folder = try ScratchFolder()
    let scores = try ComponentMethod.modhifi.estimator.estimate(sample.study(in: folder)).scores
    let theta = sample.parameters.elements
    // Layout: 0.weight 6 × 5, 0.bias 6, 2.weight 4 × 6.
    let hidden = (0..<9).map { query in
      (0..<6).map { j in
        max(
          0,
          (0..<5).reduce(Double(theta[30 + j])) {
            $0 + Double(theta[5 * j + $1]) * Double(sample.queries.inputs[query, $1])
          })
      }
    }
    for j in 0..<6 {
      var mean = 0.0
      for c in 0..<4 {
        func weight(_ i: Int) -> Double { Double(theta[36 + 6 * c + i]) }
        let a = hidden.map { weight(j) * $0[j] }
        let y = hidden.map { h in (0..<6).reduce(0.0) { $0 + weight($1) * h[$1] } }
        let power = y.reduce(0) { $0 + $1 * $1 }
        let own = a.reduce(0) { $0 + $1 * $1 }
        let best = own > 0 ? zip(a, y).reduce(0) { $0 + $1.0 * $1.1 } / own : 0
        let left = zip(a, y).reduce(0) { $0 + ($1.1 - best * $1.0) * ($1.1 - best * $1.0) }
        mean += (1 - left / power) / 4
      }
      #expect(abs(Double(scores[0, j]) - mean) < 1e-5 && scores[8, j] == scores[0, j])
    }
  }

  @Test("FLAP is the variance of a neuron times the squares of the column that reads it")
  func fluctuation() throws {
    let sample = ComponentSample(hidden: [9, 4])
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder)
    let found = try ComponentMethod.flap.estimator.estimate(study).scores
    let theta = sample.parameters.elements.map(Double.init)
    let hidden = (0..<7).map { query in
      (0..<9).map { j in
        max(
          0,
          (0..<5).reduce(theta[45 + j]) {
            $0 + theta[5 * j + $1] * Double(sample.queries.inputs[query, $1])
          })
      }
    }
    for j in 0..<9 {
      let column = (0..<4).reduce(0) { $0 + theta[54 + 9 * $1 + j] * theta[54 + 9 * $1 + j] }
      #expect(abs(Double(found[3, j]) - column * variance(hidden.map { $0[j] })) < 1e-6, "\(j)")
    }
    #expect(hidden.contains { $0.contains { $0 > 0.1 } })
  }

  @Test("FLAP of a head is the sum over its activations, all positions in the variance")
  func headFluctuation() throws {
    let family = ComponentFamily.gpt2
    let folder = try ScratchFolder()
    let study = try family.study(in: folder, kinds: [.head])
    let found = try ComponentMethod.flap.estimator.estimate(study).scores
    let network = try family.network()
    let theta = family.parameters(network)
    let pass = network.pass(theta, batch: 3, for: .activations)
    _ = network.root.forward(family.inputs, pass)
    for (place, component) in study.components.components.enumerated() {
      let group = try #require(study.components.groups.first { $0.path == component.layer })
      let x = try #require(pass.observed.activations[group.point])
      let weight = try #require(
        network.parameters.first { $0.name == component.layer + ".c_proj.weight" })
      let expected = (2 * component.unit..<2 * component.unit + 2).reduce(0.0) { sum, k in
        let row = (0..<4).reduce(0.0) {
          let w = Double(theta[weight.offset + 4 * k + $1])
          return $0 + w * w
        }
        return sum + row * variance((0..<15).map { Double(x[4 * $0 + k]) })
      }
      #expect(abs(Double(found[0, place]) - expected) < 1e-5 * (1 + expected), "\(component.name)")
    }
  }

  @Test("FLAP needs a reference set, and units that are read")
  func fluctuationErrors() throws {
    let folder = try ScratchFolder()
    let sample = ComponentSample(hidden: [6])
    let alone = try ComponentStudy(
      sample.outputs(), identity: Fingerprint(["model": "sample"]), folder: folder.path)
    #expect(
      diagnosed { _ = try ComponentMethod.flap.estimator.estimate(alone) }?.what
        == "flap is not defined here: there are no examples to take activations from")
    let whole = try ComponentFamily.gpt2.study(in: folder, kinds: [.attention])
    #expect(
      diagnosed { _ = try ComponentMethod.flap.estimator.estimate(whole) }?.what
        == "flap of attention is not defined here: it has no weights that read it alone")
  }

  @Test("What is whole has no others to be compared with")
  func whole() throws {
    let folder = try ScratchFolder()
    let study = try ComponentFamily.gpt2.study(in: folder, kinds: [.head, .mlp])
    #expect(
      diagnosed { _ = try ComponentMethod.lamp.estimator.estimate(study) }?.what
        == "lamp of mlp is not defined here: it has no others in its layer to be compared with")
  }
}
