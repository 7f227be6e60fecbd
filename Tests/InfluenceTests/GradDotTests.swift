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

  @Test(
    "equal to the dot products and cosines of full gradients",
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

  /// Texts of 1 to 5 tokens and padding for a small BERT.
  private static func texts(_ lengths: [Int], seed: Int) -> Dataset {
    let tokens = lengths.enumerated().flatMap { text, length in
      (0..<5).map { place -> Float in
        place < length ? Float(1 + (seed + 3 * text + 5 * place * place) % 6) : 0
      }
    }
    let labels = lengths.indices.map { Int32(($0 + seed) % 3) }
    return Dataset(
      inputs: Tensor(tokens, shape: [lengths.count, 5]),
      targets: .classes(labels, names: ["a", "b", "c"]))
  }

  @Test(
    "a few queries of gradients that pass by: as with all gradients held, one by one and in the mean",
    arguments: [Method.graddot, .gradcos], [OutputFunction.loss, .margin])
  func streamed(method: Method, function: OutputFunction) throws {
    let sizes = BERTConfiguration(
      vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4, mlpWidth: 6, classes: 3)
    let network = Network.bert(sizes)
    var theta = network.initialParameters(seed: 1)
    for i in 0..<theta.count { theta.storage.base[i] += Float((i * 7) % 11 - 5) / 16 }
    let source = GradientSource(network: network, parameters: theta)
    let data = Self.texts([5, 2, 3, 1, 4, 2, 5, 1, 3], seed: 0)
    let queries = Self.texts([2, 5, 3], seed: 2)
    for mean in [false, true] {
      let held = try Problem.model([source], data, method, function: function)
      let passing = try Problem.model([source], data, method, function: function)
      let expected = try held.scores(queries, mean: mean).elements
      let scores = try StreamedProducts.$heldBytes.withValue(0) {
        try passing.scores(queries, mean: mean).elements
      }
      #expect(relativeDifference(scores, expected) < 1e-5)
    }
  }

  @Test("a zero gradient is noted where gradients pass by, too")
  func streamedNotes() throws {
    // Inputs of 0 and no bias that counts: the last of three has no gradient by the weights.
    let data = Dataset(
      inputs: Tensor([1, 2, 0], shape: [3, 1]),
      targets: .values(Tensor([1, 1, 0], shape: [3, 1])))
    let network = Network.multilayerPerceptron(inputShape: [1], hidden: [], outputs: 1)
    let source = GradientSource(network: network, parameters: Tensor(repeating: 0, shape: [2]))
    let model = try Problem.model([source], data, .graddot, function: .loss)
    let notes = try StreamedProducts.$heldBytes.withValue(0) {
      _ = try model.scores(data.subset([0]))
      return try model.notes()
    }
    #expect(notes.contains { $0.contains("1 training example has a zero gradient") })
  }
}
