// Letters: B examples, C outputs, p parameters.
import Factors
import Tensors

extension Network {
  /// Per-example gradients of any function of the outputs, as factors.
  ///
  /// - Parameter outputGradient: ∂f/∂z from the outputs, B × C.
  /// - Returns: the factors of ∇_θ f for each example (of the network's selection), and the outputs z.
  /// - Throws: `DerivativeError`.
  public func exampleGradients(
    _ inputs: Tensor, parameters: Tensor, outputGradient: (Tensor) -> Tensor
  ) throws(DerivativeError) -> (gradients: ExampleGradients, outputs: Tensor) {
    try check(inputs, parameters: parameters, dropout: nil)
    let pass = pass(parameters, batch: inputs.shape[0], for: .factors)
    let outputs = root.forward(inputs, pass)
    let slopes = outputGradient(outputs)
    try check(slopes, by: outputs)
    _ = root.backward(slopes, pass)
    return (pass.takeFactors(), outputs)
  }

  /// Per-example gradients of several linear functions of the outputs, side by side: left sides
  /// S·O wide, function-major.
  ///
  /// With the unit vectors as functions, the kernel of these is the trace kernel
  /// Σ_c ⟨∇z_c(x), ∇z_c(x′)⟩; with random signs over √S, an unbiased estimate of it.
  ///
  /// - Parameter functions: S rows of C coefficients.
  /// - Throws: `DerivativeError`.
  public func jacobianFactors(
    _ inputs: Tensor, parameters: Tensor, functions: Matrix<Float>
  ) throws(DerivativeError) -> (gradients: ExampleGradients, outputs: Tensor) {
    try check(inputs, parameters: parameters, dropout: nil)
    guard functions.columns == outputCount else {
      throw .outputGradient(
        found: [functions.rows, functions.columns], expected: [functions.rows, outputCount])
    }
    let pass = pass(parameters, batch: inputs.shape[0], for: .factors)
    let outputs = root.forward(inputs, pass)
    let each = (0..<functions.rows).map { function in
      let coefficients = functions.row(function)
      let direction = Tensor(
        (0..<outputs.rowCount).flatMap { _ in coefficients }, shape: outputs.shape)
      _ = root.backward(direction, pass)
      return pass.takeFactors()
    }
    return (ExampleGradients(stacking: each), outputs)
  }

  /// Σ_i of the gradients of any function of the outputs.
  ///
  /// - Parameters:
  ///   - inputs: B examples.
  ///   - dropout: the draws of a training pass; nil evaluates.
  ///   - outputGradient: ∂f/∂z from the outputs, as they are.
  /// - Throws: `DerivativeError`.
  public func gradient(
    _ inputs: Tensor, parameters: Tensor, dropout: DropoutDraws? = nil,
    outputGradient: (Tensor) -> Tensor
  ) throws(DerivativeError) -> NetworkGradient {
    try check(inputs, parameters: parameters, dropout: dropout)
    let pass = pass(parameters, batch: inputs.shape[0], for: .gradient, dropout: dropout)
    pass.bufferGradients = [:]
    let outputs = root.forward(inputs, pass)
    let slopes = outputGradient(outputs)
    try check(slopes, by: outputs)
    _ = root.backward(slopes, pass)
    return NetworkGradient(
      parameters: (pass.gradient ?? parameters).masked(to: selection),
      statistics: pass.bufferGradients ?? [:], updates: pass.bufferUpdates, outputs: outputs)
  }

  /// Σ_i of the loss gradients times `scale`: what the trainer steps by, for `scale` 1/B.
  ///
  /// - Parameter dropout: the draws of a training pass; nil evaluates.
  /// - Throws: `DerivativeError`.
  public func lossGradient(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    dropout: DropoutDraws? = nil, scale: Double = 1
  ) throws(DerivativeError) -> NetworkGradient {
    try check(inputs, parameters: parameters, dropout: dropout)
    try check(targets, of: loss, for: inputs)
    return try gradient(inputs, parameters: parameters, dropout: dropout) {
      loss.gradient($0, targets, scale: scale)
    }
  }
}

/// A gradient by all that a network's outputs depend on.
public struct NetworkGradient: Sendable {
  /// p values, 0 outside the network's selection and at the running statistics' places.
  public let parameters: Tensor
  /// By the running statistics that an evaluation reads, each by its offset in the flat vector, of
  /// the layers that the gradient goes through; none of a training pass, which does not read them.
  public let statistics: [Int: Tensor]
  /// What a training pass makes of the running statistics, by offset.
  public let updates: [Int: Tensor]
  /// z, B × C or B × T × C.
  public let outputs: Tensor
}

extension Tensor {
  /// The flat vector with zeros outside a selection; as it is where all is selected.
  ///
  /// Layers write what is at hand: a bias beside its selected weight.
  consuming func masked(to selection: ParameterSelection?) -> Tensor {
    guard let selection else { return self }
    let target = writableStorage()
    var next = 0
    for range in selection.ranges + [count..<count] {
      (target.base + next).update(repeating: 0, count: range.lowerBound - next)
      next = range.upperBound
    }
    return self
  }
}
