import Components
import Networks
import Tensors
import Testing
import TestSupport

@Suite("What components do")
struct EstimatorTests {
  /// Those whose scores are changes of f, and exact where f is linear in the masks.
  static let exact: [ComponentMethod] = [
    .expected, .coar, .loo, .loi, .atp, .integrated, .gxa, .relp,
  ]

  @Test("A network that is linear in its masks is recovered to rounding", arguments: exact)
  func planted(method: ComponentMethod) throws {
    let sample = ComponentSample(hidden: [9])
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder)
    let estimate = try method.estimator.estimate(study)
    let (d, classes) = (9, 3)
    // Layout: 0.weight 9 × 5, 0.bias 9, 2.weight 3 × 9, 2.bias 3.
    let theta = sample.parameters.elements
    for query in 0..<sample.queries.count {
      for j in 0..<d {
        let input = (0..<5).reduce(Double(theta[45 + j])) {
          $0 + Double(theta[5 * j + $1]) * Double(sample.queries.inputs[query, $1])
        }
        let tau = Double(theta[54 + (query % classes) * d + j]) * max(0, input)
        #expect(abs(Double(estimate.scores[query, j]) - tau) < 2e-5, "\(query), \(j)")
      }
    }
    let fresh = try study.judged([estimate])[0]
    #expect(fresh.map(\.alpha) == [0.2, 0.4, 0.8])
    #expect(fresh.allSatisfy { $0.pearson > 0.9999 })
  }

  @Test("The default follows the truth of a network that is not linear in its masks")
  func deep() throws {
    let sample = ComponentSample(hidden: [40, 30], queries: 30)
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder, .margin, share: 0.1)
    let estimates = try [ComponentMethod.expected, .atp].map { try $0.estimator.estimate(study) }
    let fresh = try study.judged(estimates, masks: 100)
    #expect(fresh[0][0].pearson > 0.9)
    #expect(fresh[0][0].pearson > fresh[1][0].pearson)
  }

  @Test("Passes: a mask with gradients counts as three")
  func passes() throws {
    let sample = ComponentSample(hidden: [9])
    let folder = try ScratchFolder()
    func passes(_ method: ComponentMethod) throws -> Int {
      let study = try sample.study(in: folder)
      _ = try method.estimator.estimate(study)
      return study.passes
    }
    #expect(try passes(.atp) == 3)
    #expect(try passes(.integrated) == 12)
    #expect(try passes(.loo) == 10)
    #expect(try passes(.loi) == 10)
    #expect(try passes(.coar) == 18)
    // 16 masks with gradients, differences of all nine under 14 masks (128 / 9), four masks.
    #expect(try passes(.expected) == 48 + 9 * 14 + 4)
  }

  @Test("Benjamini and Hochberg's example")
  func discoveries() {
    // p = .001, .008, .039, .041, .042, .06, .074, .205, .212, .216 as z values, rate .05: the first two.
    let z = [3.2905, 2.6521, 2.0643, 2.0435, 2.0336, 1.8808, 1.7866, 1.2674, 1.2481, 1.2372]
    let errors = [Double](repeating: 1, count: 10)
    #expect(
      DiscoveredComponents.found(z, errors: errors, rate: 0.05)
        == [true, true] + [Bool](repeating: false, count: 8))
    #expect(DiscoveredComponents.found([0, 2], errors: [0, 0]) == [false, true])
  }
}
