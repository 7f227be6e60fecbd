import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("graddot and gradcos")
struct GradDotTests {
  @Test("by hand: logistic regression at θ = 0 without a cloud of terms")
  func byHand() throws {
    // p = ½: ∇ℓ = (p − e_y) ⊗ [x, 1] = ∓½ on both rows; g_x·g_i = ½ (x·x' + 1) for equal classes.
    let data = Dataset(
      inputs: Tensor([1, 2, 0, 0, -3, 1], shape: [3, 2]),
      targets: .classes([0, 1, 0], names: ["a", "b"]))
    let network = Network.multilayerPerceptron(inputShape: [2], hidden: [], outputs: 2)
    let source = GradientSource(
      network: network, parameters: Tensor(repeating: 0, shape: [6]))
    let query = Dataset(
      inputs: Tensor([1, 1], shape: [1, 2]), targets: .classes([0], names: ["a", "b"]))
    let dots = try Problem.model([source], data, .graddot)
    #expect(relativeDifference(try dots.scores(query).row(0), [2, -0.5, -0.5]) < 1e-6)
    #expect(relativeDifference(try dots.selfInfluence(), [3, 0.5, 5.5]) < 1e-6)
    let cosines = try Problem.model([source], data, .gradcos).scores(query).row(0)
    let expected = [
      4 / (3 * 6.0).squareRoot(), -1 / 3.0.squareRoot(), -1 / (3 * 11.0).squareRoot(),
    ]
    #expect(relativeDifference(cosines, expected) < 1e-6)
  }

  @Test("equal to the dot products and cosines of full gradients",
    arguments: [UInt64(0), 1, 2], [OutputFunction.loss, .margin])
  func full(seed: UInt64, function: OutputFunction) throws {
    let data = Problem.classes(25, seed: seed)
    let queries = Problem.classes(6, seed: seed + 40)
    let sources = [Problem.source(seed: seed), Problem.source(seed: seed + 9)]
    var dots = [Double](repeating: 0, count: 6 * 25)
    var cosines = dots
    for source in sources {
      let (g, x) = (try source.full(data, .loss), try source.full(queries, function))
      for (q, row) in Plain.products(x, g).enumerated() {
        for (i, value) in row.enumerated() {
          dots[q * 25 + i] += value / 2
          cosines[q * 25 + i] +=
            value / (2 * (Plain.dot(g[i], g[i]) * Plain.dot(x[q], x[q])).squareRoot())
        }
      }
    }
    let dot = try Problem.model(sources, data, .graddot, function: function)
    let cosine = try Problem.model(sources, data, .gradcos, function: function)
    #expect(relativeDifference(try dot.scores(queries).elements, dots) < 1e-5)
    #expect(relativeDifference(try cosine.scores(queries).elements, cosines) < 1e-5)
  }
}
