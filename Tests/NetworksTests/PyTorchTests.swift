import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Everything the engine computes from a network, against float64 PyTorch.
///
/// Tolerances are relative to the norm of the whole. A chain of L products of depth k in fp32 has
/// an error of about L·√k·2⁻²⁴ ~ 1e-6 of its norm for these sizes; 1e-5 is the bound.
@Suite("Against PyTorch")
struct PyTorchTests {
  @Test("the golden file holds its nine networks")
  func fileIsThere() { #expect(NetworkCase.all.count == 9) }

  @Test("parameters have PyTorch's names, shapes and order", arguments: NetworkCase.all)
  func names(_ known: NetworkCase) {
    let parameters = known.network.parameters
    #expect(parameters.map(\.name) == known.parameters.map(\.name))
    #expect(parameters.map(\.shape) == known.parameters.map(\.shape))
    #expect(known.network.parameterCount == known.direction.count)
    var offset = 0
    for parameter in parameters {
      #expect(parameter.offset == offset)
      offset += parameter.count
    }
  }

  @Test("logits, losses and the summed gradient are PyTorch's", arguments: NetworkCase.all)
  func gradient(_ known: NetworkCase) throws {
    let found = try known.network.lossGradient(
      known.x, known.targetValues, parameters: known.theta, loss: known.loss)
    let (gradient, outputs) = (found.parameters, found.outputs)
    #expect(relativeDifference(outputs.elements, known.logits) < 1e-6)
    #expect(
      relativeDifference(known.loss.values(outputs, known.targetValues), known.losses) < 1e-6)
    #expect(relativeDifference(gradient.elements, known.gradient) < 3e-6)
    #expect(known.network.uncheckedOutputs(known.x, parameters: known.theta) == outputs)
    let scaled = try known.network.lossGradient(
      known.x, known.targetValues, parameters: known.theta, loss: known.loss, scale: 0.25)
    #expect(
      relativeDifference(scaled.parameters.elements, known.gradient.map { $0 / 4 }) < 3e-6)
  }

  @Test("per-example gradients from factors are PyTorch's to 1e-5", arguments: NetworkCase.all)
  func exampleGradients(_ known: NetworkCase) throws {
    let (factors, _) = try known.network.exampleGradients(known.x, parameters: known.theta) {
      known.loss.gradient($0, known.targetValues)
    }
    let full = factors.fullGradients(parameterCount: known.direction.count)
    for i in 0..<known.count {
      let expected = Array(
        known.exampleGradients[i * full.columns..<(i + 1) * full.columns])
      #expect(relativeDifference(full.row(i), expected) < 1e-5, "example \(i)")
    }
    let squares = (0..<known.count).map { i in
      known.exampleGradients[i * full.columns..<(i + 1) * full.columns].reduce(0) { $0 + $1 * $1 }
    }
    #expect(relativeDifference(factors.squaredNorms(), squares) < 1e-5)
    #expect(factors.gradientCount == known.direction.count)
  }

  @Test("J v is PyTorch's, and so is ⟨g_i, v⟩", arguments: NetworkCase.all)
  func tangent(_ known: NetworkCase) throws {
    let (tangent, outputs) = try known.network.outputTangent(
      known.x, parameters: known.theta, along: known.v)
    #expect(relativeDifference(tangent.elements, known.tangent) < 3e-6)
    #expect(relativeDifference(outputs.elements, known.logits) < 1e-6)
    let products = try known.network.directionalDerivatives(
      known.x, parameters: known.theta, along: known.v
    ) { known.loss.gradient($0, known.targetValues) }
    let p = known.direction.count
    let expected = (0..<known.count).map { i in
      (0..<p).reduce(0.0) {
        $0 + known.exampleGradients[i * p + $1] * Double(known.direction[$1])
      }
    }
    #expect(relativeDifference(products, expected) < 1e-5)
  }

  @Test("Hessian- and Gauss–Newton-vector products are PyTorch's", arguments: NetworkCase.all)
  func curvature(_ known: NetworkCase) throws {
    let hessian = try known.network.curvature(
      known.x, known.targetValues, parameters: known.theta, loss: known.loss, along: known.v
    ).product
    #expect(relativeDifference(hessian.elements, known.hessianVector) < 1e-5)
    let gaussNewton = try known.network.curvature(
      known.x, known.targetValues, parameters: known.theta, loss: known.loss, along: known.v,
      matrix: .gaussNewton
    ).product
    #expect(relativeDifference(gaussNewton.elements, known.gaussNewtonVector) < 1e-5)
    let half = try known.network.curvature(
      known.x, known.targetValues, parameters: known.theta, loss: known.loss, along: known.v,
      scale: 0.5
    ).product
    #expect(relativeDifference(half.elements, known.hessianVector.map { $0 / 2 }) < 1e-5)
  }

  @Test(
    "output functions have PyTorch's values, gradients and curvature", arguments: NetworkCase.all)
  func outputFunctions(_ known: NetworkCase) {
    let logits = Tensor(known.logits.map { Float($0) }, shape: [known.count, known.outputs])
    let u = Tensor(known.outputDirection, shape: logits.shape)
    for function in OutputFunction.allCases {
      guard let expected = known.measured(function) else {
        #expect(!function.accepts(known.targetValues), "\(function) is not in the file")
        continue
      }
      let t = known.targetValues
      #expect(relativeDifference(function.values(logits, t), expected.values) < 1e-6)
      #expect(relativeDifference(function.gradient(logits, t).elements, expected.gradient) < 1e-6)
      let bend = function.curvature(logits, t, times: u)
      #expect(relativeDifference(bend.elements, expected.curvature) < 1e-6, "\(function)")
    }
  }

  @Test(
    "Gram matrices of output functions and the trace kernel are PyTorch's",
    arguments: NetworkCase.all)
  func kernels(_ known: NetworkCase) throws {
    for function in OutputFunction.allCases {
      guard let expected = known.measured(function) else { continue }
      let (factors, _) = try known.network.exampleGradients(known.x, parameters: known.theta) {
        function.gradient($0, known.targetValues)
      }
      #expect(relativeDifference(factors.exactKernel().elements, expected.gram) < 1e-5)
      let rectangle = factors.examples(0..<2).exactKernel(with: factors)
      #expect(
        relativeDifference(
          rectangle.elements, Array(expected.gram[0..<2 * known.count])) < 1e-5)
    }
    let (jacobian, _) = try known.network.jacobianFactors(
      known.x, parameters: known.theta, functions: known.unitFunctions)
    #expect(relativeDifference(jacobian.exactKernel().elements, known.traceGram) < 1e-5)
    let diagonal = (0..<known.count).map { known.traceGram[$0 * (known.count + 1)] }
    #expect(relativeDifference(jacobian.squaredNorms(), diagonal) < 1e-5)
  }

  @Test("one example at a time gives what the batch gives", arguments: NetworkCase.all)
  func singles(_ known: NetworkCase) throws {
    let whole = known.network.uncheckedOutputs(known.x, parameters: known.theta)
    var sum = [Double](repeating: 0, count: known.direction.count)
    for i in 0..<known.count {
      let found = try known.network.lossGradient(
        known.x.prefixSlice(i..<i + 1), known.targetValues.gathered([i]), parameters: known.theta,
        loss: known.loss)
      let (gradient, z) = (found.parameters, found.outputs)
      #expect(
        relativeDifference(
          z.elements,
          Tensor(whole.elements, shape: whole.shape)
            .prefixSlice(i..<i + 1).elements) < 1e-6)
      for (k, value) in gradient.elements.enumerated() { sum[k] += Double(value) }
    }
    #expect(relativeDifference(sum, known.gradient) < 1e-5)
  }
}
