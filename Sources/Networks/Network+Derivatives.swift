// Letters: B examples, C outputs, p parameters.
import Factors
import Tensors

extension Network {
  /// Per-example gradients of any function of the outputs, as factors.
  ///
  /// - Parameter outputGradient: ∂f/∂z from the outputs, B × C.
  /// - Returns: the factors of ∇_θ f for each example (of the network's selection), and the outputs z.
  public func exampleGradients(
    _ inputs: Tensor, parameters: Tensor, outputGradient: (Tensor) -> Tensor
  ) -> (gradients: ExampleGradients, outputs: Tensor) {
    let pass = pass(parameters, batch: inputs.shape[0], for: .factors)
    let outputs = root.forward(inputs, pass)
    _ = root.backward(outputGradient(outputs), pass)
    return (pass.takeFactors(), outputs)
  }

  /// Per-example gradients of several linear functions of the outputs, side by side: left sides
  /// S·O wide, function-major.
  ///
  /// With the unit vectors as functions, the kernel of these is the trace kernel
  /// Σ_c ⟨∇z_c(x), ∇z_c(x′)⟩; with random signs over √S, an unbiased estimate of it.
  ///
  /// - Parameter functions: S rows of C coefficients.
  public func jacobianFactors(
    _ inputs: Tensor, parameters: Tensor, functions: Matrix<Float>
  ) -> (gradients: ExampleGradients, outputs: Tensor) {
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

  /// Σ_i of the loss gradients times `scale`, and the outputs.
  public func lossGradient(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss, scale: Float = 1
  ) -> (gradient: Tensor, outputs: Tensor) {
    let pass = pass(parameters, batch: inputs.shape[0], for: .gradient)
    let outputs = root.forward(inputs, pass)
    _ = root.backward(loss.gradient(outputs, targets, scale: scale), pass)
    return (pass.gradient ?? Tensor(repeating: 0, shape: [parameterCount]), outputs)
  }

  /// J v: the derivative of every example's outputs along a direction of the parameters.
  ///
  /// With ∂f/∂z it gives every example's ⟨g_i, v⟩ = ⟨∂f/∂z_i, (Jv)_i⟩ from one tangent pass.
  ///
  /// - Parameter direction: v, p values.
  /// - Returns: B × C, and the outputs.
  public func outputTangent(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor
  ) -> (tangent: Tensor, outputs: Tensor) {
    let pass = pass(parameters, batch: inputs.shape[0], for: .tangents)
    let outputs = root.forward(inputs, pass)
    pass.tangent = direction
    let tangent = root.forwardTangent(nil, pass)
    return (tangent ?? Tensor(repeating: 0, shape: outputs.shape), outputs)
  }

  /// ⟨∇_θ f(z_i), v⟩ of every example, B values.
  public func directionalDerivatives(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor,
    outputGradient: (Tensor) -> Tensor
  ) -> [Float] {
    let (tangent, outputs) = outputTangent(inputs, parameters: parameters, along: direction)
    let products = outputGradient(outputs) * tangent
    let width = products.count / max(1, inputs.shape[0])
    return (0..<inputs.shape[0]).map { row in
      (0..<width).reduce(Float(0)) { $0 + products.storage.base[row * width + $1] }
    }
  }

  /// H v with H = Σ_i ∇²_θ ℓ_i times `scale`.
  ///
  /// - Parameter direction: v, p values; those outside the selection count too.
  /// - Returns: p values, 0 outside the network's selection.
  /// - Complexity: about four forward passes.
  /// - Source: Pearlmutter 1994.
  public func hessianVectorProduct(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    direction: Tensor, scale: Float = 1
  ) -> Tensor {
    let pass = pass(parameters, batch: inputs.shape[0], for: .tangents)
    let outputs = root.forward(inputs, pass)
    pass.tangent = direction
    pass.gradientTangent = Tensor(repeating: 0, shape: [parameterCount])
    let tangent =
      root.forwardTangent(nil, pass) ?? Tensor(repeating: 0, shape: outputs.shape)
    _ = root.backwardTangent(
      loss.gradient(outputs, targets, scale: scale),
      loss.curvature(outputs, times: tangent, lengths: pass.lengths).scaled(by: scale), pass)
    return (pass.gradientTangent ?? Tensor(repeating: 0, shape: [parameterCount]))
      .masked(to: selection)
  }

  /// G v with G = Σ_i Jᵢᵀ (∂²ℓ/∂z²) Jᵢ times `scale`, the Gauss–Newton matrix.
  ///
  /// - Parameter direction: v, p values; those outside the selection count too.
  /// - Returns: p values, 0 outside the network's selection.
  /// - Source: Martens 2010.
  public func gaussNewtonVectorProduct(
    _ inputs: Tensor, parameters: Tensor, loss: Loss, direction: Tensor, scale: Float = 1
  ) -> Tensor {
    let pass = pass(parameters, batch: inputs.shape[0], for: [.gradient, .tangents])
    let outputs = root.forward(inputs, pass)
    pass.tangent = direction
    let tangent =
      root.forwardTangent(nil, pass) ?? Tensor(repeating: 0, shape: outputs.shape)
    let middle = loss.curvature(outputs, times: tangent, lengths: pass.lengths)
    _ = root.backward(middle.scaled(by: scale), pass)
    return (pass.gradient ?? Tensor(repeating: 0, shape: [parameterCount])).masked(to: selection)
  }
}

extension Tensor {
  /// The flat vector with zeros outside a selection; as it is where all is selected.
  ///
  /// Layers write what is at hand: every weight's tangent, and a bias beside its selected weight.
  fileprivate func masked(to selection: ParameterSelection?) -> Tensor {
    guard let selection else { return self }
    var next = 0
    for range in selection.ranges + [count..<count] {
      (storage.base + next).update(repeating: 0, count: range.lowerBound - next)
      next = range.upperBound
    }
    return self
  }
}
