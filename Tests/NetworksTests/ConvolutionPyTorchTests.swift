import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Convolutional layers and models against float64 PyTorch.
///
/// Tolerances are relative to the norm of the whole; 1e-4 is the bound for float32 networks, layers alone reach 1e-5.
@Suite("Convolutions against PyTorch")
struct ConvolutionPyTorchTests {
  @Test("the golden file holds its twenty-eight networks")
  func fileIsThere() { #expect(ConvolutionCase.all.count == 28) }

  @Test("parameters have the state_dict's names, shapes and order", arguments: ConvolutionCase.all)
  func names(_ known: ConvolutionCase) throws {
    let network = try known.network()
    #expect(network.parameters.map(\.name) == known.parameters.map(\.name))
    #expect(network.parameters.map(\.shape) == known.parameters.map(\.shape))
    #expect(
      network.buffers.map(\.name)
        == known.parameters.map(\.name).filter { $0.contains("running_") })
  }

  @Test("outputs and the summed gradient are PyTorch's", arguments: ConvolutionCase.all)
  func gradient(_ known: ConvolutionCase) throws {
    let found = try known.network().lossGradient(
      known.x, known.targets, parameters: known.theta, loss: .crossEntropy)
    let (gradient, outputs) = (found.parameters, found.outputs)
    #expect(relativeDifference(outputs.elements, known.logits) < 3e-6)
    #expect(relativeDifference(gradient.elements, known.gradient) < 1e-5)
  }

  @Test("per-example gradients from factors are PyTorch's", arguments: ConvolutionCase.all)
  func exampleGradients(_ known: ConvolutionCase) throws {
    let network = try known.network()
    let (factors, _) = try network.exampleGradients(known.x, parameters: known.theta) {
      Loss.crossEntropy.gradient($0, known.targets)
    }
    let full = factors.fullGradients(parameterCount: network.parameterCount)
    #expect(relativeDifference(full.elements, known.exampleGradients) < 1e-5)
    let p = network.parameterCount
    let gram = (0..<known.count).flatMap { i in
      (0..<known.count).map { j in
        (0..<p).reduce(0.0) {
          $0 + known.exampleGradients[i * p + $1] * known.exampleGradients[j * p + $1]
        }
      }
    }
    #expect(relativeDifference(factors.exactKernel().elements, gram) < 1e-5)
    let squares = (0..<known.count).map { gram[$0 * (known.count + 1)] }
    #expect(relativeDifference(factors.squaredNorms(), squares) < 1e-5)
    // Written out where that is smaller: the same gradients in less memory.
    let written = factors.writtenOutWhereSmaller()
    #expect(written.byteCount <= factors.byteCount)
    #expect(relativeDifference(written.exactKernel().elements, gram) < 1e-5)
    #expect(
      relativeDifference(
        written.fullGradients(parameterCount: p).elements, known.exampleGradients) < 1e-5)
    #expect(written.writtenOutWhereSmaller().byteCount == written.byteCount)
  }

  @Test("J v is PyTorch's", arguments: ConvolutionCase.all)
  func tangent(_ known: ConvolutionCase) throws {
    let (tangent, _) = try known.network().outputTangent(
      known.x, parameters: known.theta, along: known.v)
    #expect(relativeDifference(tangent.elements, known.tangent) < 1e-5)
  }

  @Test("Hessian-vector products are PyTorch's", arguments: ConvolutionCase.all)
  func curvature(_ known: ConvolutionCase) throws {
    let product = try known.network().curvature(
      known.x, known.targets, parameters: known.theta, loss: .crossEntropy, along: known.v
    ).product
    #expect(relativeDifference(product.elements, known.hessianVector) < 2e-5)
  }

  @Test("same bits for one worker and for three", arguments: ["resnet9", "resnet", "cnn group"])
  func workers(_ name: String) throws {
    let known = try #require(ConvolutionCase.all.first { $0.name == name })
    let network = try known.network()
    func all() throws -> [Tensor] {
      let found = try network.lossGradient(
        known.x, known.targets, parameters: known.theta, loss: .crossEntropy)
      let (gradient, outputs) = (found.parameters, found.outputs)
      let product = try network.curvature(
        known.x, known.targets, parameters: known.theta, loss: .crossEntropy, along: known.v
      ).product
      return [gradient, outputs, product]
    }
    let before = Workers.count
    defer { Workers.count = before }
    Workers.count = 1
    let one = try all()
    Workers.count = 3
    #expect(try all() == one)
  }
}
