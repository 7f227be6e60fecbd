import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Against Hugging Face's transformers in fp64 at random parameters (tools/reference).
@Suite("Transformers against Hugging Face")
struct TransformerTests {
  @Test("the fixture is there")
  func fixture() { #expect(TransformerCase.all.count >= 6) }

  @Test("parameters have the names and shapes of the file", arguments: TransformerCase.all)
  func layout(_ c: TransformerCase) {
    func texts(_ items: [(String, [Int])]) -> [String] { items.map { "\($0.0) \($0.1)" }.sorted() }
    #expect(
      texts(c.network.parameters.map { ($0.name, $0.shape) })
        == texts(c.parameters.map { ($0.name, $0.shape) }))
  }

  @Test("outputs and losses", arguments: TransformerCase.all)
  func outputs(_ c: TransformerCase) {
    let network = c.network
    let outputs = network.uncheckedOutputs(c.x, parameters: c.theta(network))
    #expect(outputs.shape == [c.inputShape[0]] + network.outputShape)
    #expect(relativeDifference(outputs.elements, c.logits) < 1e-5)
    #expect(relativeDifference(c.loss.values(outputs, c.targets), c.losses) < 1e-5)
  }

  @Test("the loss gradient", arguments: TransformerCase.all)
  func gradient(_ c: TransformerCase) throws {
    let network = c.network
    let gradient = try network.lossGradient(
      c.x, c.targets, parameters: c.theta(network), loss: c.loss
    ).parameters
    #expect(relativeDifference(gradient.elements, c.ordered(c.gradient, network)) < 1e-5)
  }

  @Test("per-example gradients from factors", arguments: TransformerCase.all)
  func factors(_ c: TransformerCase) throws {
    let network = c.network
    let (factors, _) = try network.exampleGradients(c.x, parameters: c.theta(network)) {
      c.loss.gradient($0, c.targets)
    }
    #expect(factors.gradientCount == network.parameterCount)
    let n = c.inputShape[0]
    #expect(relativeDifference(factors.exactKernel().elements, c.exampleGram) < 1e-5)
    let norms = (0..<n).map { c.exampleGram[$0 * n + $0] }
    #expect(relativeDifference(factors.squaredNorms(), norms) < 1e-5)
    let full = factors.fullGradients(parameterCount: network.parameterCount)
    let v = c.v(network).elements
    let products = (0..<n).map { i in
      zip(full.row(i), v).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(relativeDifference(products, c.exampleProducts) < 1e-5)
  }

  @Test("tangents: J v, ⟨g_i, v⟩ and H v", arguments: TransformerCase.all)
  func tangents(_ c: TransformerCase) throws {
    let network = c.network
    let (theta, v) = (c.theta(network), c.v(network))
    let (tangent, _) = try network.outputTangent(c.x, parameters: theta, along: v)
    #expect(relativeDifference(tangent.elements, c.tangent) < 1e-5)
    let products = try network.directionalDerivatives(c.x, parameters: theta, along: v) {
      c.loss.gradient($0, c.targets)
    }
    #expect(relativeDifference(products, c.exampleProducts) < 1e-5)
    let product = try network.curvature(
      c.x, c.targets, parameters: theta, loss: c.loss, along: v
    ).product
    #expect(relativeDifference(product.elements, c.ordered(c.hessianVector, network)) < 2e-5)
  }
}
