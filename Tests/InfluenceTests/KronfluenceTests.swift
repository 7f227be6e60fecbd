import Datasets
import Gradients
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

/// Scores of kronfluence.json: what kronfluence says of the same networks and labels.
@Suite("Fisher matrices against kronfluence")
struct KronfluenceTests {
  struct File: Decodable {
    struct Case: Decodable {
      let name: String
      let examples, queries: Int
      let inputs: [Float]
      let inputShape: [Int]
      let labels: [Int32]
      let parameters: [Float]
      let scores: [String: [Double]]
    }
    let cases: [Case]
  }

  @Test(
    "the same scores, n times, with the empirical Fisher matrix and each layer's own damping",
    arguments: ["mlp", "cnn"], [Influence.Method.ekfac, .kfac, .diagonal])
  func scores(name: String, method: Influence.Method) throws {
    let file = try Fixture.load("kronfluence.json", as: File.self)
    let known = try #require(file.cases.first { $0.name == name })
    let network =
      name == "mlp"
      ? Network.multilayerPerceptron(
        inputShape: [6], hidden: [5, 4], outputs: 3, activation: .tanh)
      : try #require(
        .convolutional(
          image: ImageShape(channels: 2, height: 6, width: 6), channels: [3], outputs: 3))
    let all = Dataset(
      inputs: Tensor(
        known.inputs, shape: [known.examples + known.queries] + known.inputShape),
      targets: .classes(known.labels, names: ["a", "b", "c"]))
    let data = all.subset(Array(0..<known.examples))
    let queries = all.subset(Array(known.examples..<all.count))
    let source = GradientSource(
      network: network,
      parameters: Tensor(known.parameters, shape: [network.parameterCount]))
    let model = try FisherTests.model(source, data, method, curvature: .empiricalFisher)
    var expected = try #require(known.scores[method.name])
    // Their S is the mean over positions too: of `kfac` with many, the matrix is that much smaller,
    // and λ with it, in the convolution alone.
    let n = Double(known.examples)
    let found = try model.scores(queries).elements.map { Double($0) * n }
    if name == "cnn", method == .kfac {
      expected = try kfacByTheirCounting(source, data, queries)
    }
    #expect(relativeDifference(found, expected) < 1e-4)
  }

  /// Ours again with S over T for the convolution, set against theirs; then ours as it is.
  private func kfacByTheirCounting(
    _ source: GradientSource, _ data: Dataset, _ queries: Dataset
  ) throws -> [Double] {
    let file = try Fixture.load("kronfluence.json", as: File.self)
    let theirs = try #require(file.cases.first { $0.name == "cnn" }?.scores["kfac"])
    let fisher = try EigenFisher(
      of: data, source: source, form: .kfac, curvature: .empiricalFisher,
      rule: .timesMeanEigenvalue(0.1), checkpoint: "c")
    let asked = try source.factored(queries, .output(.loss))
    let own = try source.factored(data, .output(.loss))
    let solved = try fisher.solve(asked)
    let byBlock = own.blockProducts(with: solved)
    let positions = own.blocks.map { Double($0.terms[0].positions) }
    let scaled = (0..<theirs.count).map { place in
      zip(byBlock, positions).reduce(0.0) { $0 + Double($1.0.elements[place]) * $1.1 }
    }
    #expect(relativeDifference(scaled, theirs) < 1e-4)
    return (0..<theirs.count).map { place in
      byBlock.reduce(0.0) { $0 + Double($1.elements[place]) }
    }
  }
}
