// Letters: B examples, C outputs z, p parameters θ, r running statistics, J = ∂z/∂θ.
import Factors
import Tensors

/// Derivatives along a direction v of the parameters, exact, by tangents carried through the network
/// beside its values (Pearlmutter's R-operator).
///
/// In order of priority: they are those of the pass as it was trained (its dropout, its batch
/// statistics, the loss whose gradient moved the weights); what is outside the network's selection
/// is constant, so that its part of v counts as 0; what cannot be differentiated is refused.
/// Piecewise linear layers (ReLU, largest of windows) bend nowhere but at their kinks, where the
/// derivative taken is that of one side.
extension Network {
  /// Which second derivative of the loss.
  public enum CurvatureMatrix: String, Sendable, CaseIterable {
    /// H = Σ_i ∇²_θ ℓ_i.
    case hessian
    /// G = Σ_i Jᵢᵀ (∂²ℓ/∂z²) Jᵢ, which leaves out the bend of the outputs and is never negative.
    case gaussNewton
  }

  /// Product of the loss's curvature over a batch with a direction, and every example's slope along it.
  ///
  ///     product = scale · H v + (∂r′/∂θ)ᵀ a,   exampleDerivatives_i = ⟨∇_θ ℓ_i, v⟩
  ///
  /// With v = ∂F/∂g and a = ∂F/∂r′ for a step's gradient g = scale Σ_i ∇ℓ_i and the running
  /// statistics r′ that its pass leaves, product and `statistics` are what F owes to θ and r through
  /// them: one step back through training.
  ///
  /// - Parameters:
  ///   - inputs: B examples.
  ///   - direction: v, p values.
  ///   - dropout: the draws of the training pass, as the trainer makes them of its seed, step and
  ///     first example; its batch norms then go by the batch's own statistics. Nil evaluates.
  ///   - scale: of the product alone; 1/B for a mean over the batch.
  ///   - statistics: a, by offset of the running statistic; what is left out is 0.
  /// - Throws: `DerivativeError`.
  /// - Complexity: about three gradients' products for H, two and a half for G.
  /// - Precision: fp32, as the pass itself; ⟨∇ℓ_i, v⟩ added in fp64. An error is relative to ‖v‖.
  /// - Source: Pearlmutter 1994; Martens 2010.
  public func curvature(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    along direction: Tensor, matrix: CurvatureMatrix = .hessian, dropout: DropoutDraws? = nil,
    scale: Double = 1, statistics: [Int: Tensor] = [:]
  ) throws(DerivativeError) -> CurvatureProduct {
    try check(adjoints: statistics)
    try check(inputs, parameters: parameters, dropout: dropout)
    try check(targets, of: loss, for: inputs)
    let (pass, tangent, outputs) = try tangentPass(
      inputs, parameters: parameters, along: direction, dropout: dropout,
      for: matrix == .hessian ? .tangents : [.gradient, .tangents])
    pass.bufferAdjoints = movable(statistics)
    let slopes = loss.gradient(outputs, targets)
    let bend = loss.curvature(outputs, targets, times: tangent, scale: scale)
    let product: Tensor?
    switch matrix {
    case .hessian:
      pass.gradientTangent = Tensor(repeating: 0, shape: [parameterCount])
      _ = root.backwardTangent(slopes.scaled(by: Float(scale)), bend, pass)
      product = pass.gradientTangent
    case .gaussNewton:
      _ = root.backward(bend, pass)
      product = pass.gradient
    }
    return CurvatureProduct(
      product: (product ?? direction).masked(to: selection),
      exampleDerivatives: Network.products(slopes, tangent, count: inputs.shape[0]),
      statistics: dropout == nil ? statistics : statisticsBefore(statistics), outputs: outputs)
  }

  /// J v: the derivative of every example's outputs along v.
  ///
  /// With ∂f/∂z it gives every example's ⟨g_i, v⟩ = ⟨∂f/∂z_i, (Jv)_i⟩ from one tangent pass.
  ///
  /// - Parameters:
  ///   - direction: v, p values.
  ///   - dropout: the draws of a training pass; nil evaluates.
  /// - Returns: as the outputs, and the outputs.
  /// - Throws: `DerivativeError`.
  public func outputTangent(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor, dropout: DropoutDraws? = nil
  ) throws(DerivativeError) -> (tangent: Tensor, outputs: Tensor) {
    try check(inputs, parameters: parameters, dropout: dropout)
    let (_, tangent, outputs) = try tangentPass(
      inputs, parameters: parameters, along: direction, dropout: dropout, for: .tangents)
    return (tangent, outputs)
  }

  /// ⟨∇_θ f(z_i), v⟩ of every example, B values, for any function f of the outputs.
  ///
  /// - Parameter outputGradient: ∂f/∂z from the outputs, as they are.
  /// - Throws: `DerivativeError`.
  public func directionalDerivatives(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor, dropout: DropoutDraws? = nil,
    outputGradient: (Tensor) -> Tensor
  ) throws(DerivativeError) -> [Double] {
    let (tangent, outputs) = try outputTangent(
      inputs, parameters: parameters, along: direction, dropout: dropout)
    let slopes = outputGradient(outputs)
    try check(slopes, by: outputs)
    return Network.products(slopes, tangent, count: inputs.shape[0])
  }

  /// A pass whose tangents have gone forward along v, as far as it is selected.
  ///
  /// - Throws: `DerivativeError.length`, `.layer`.
  private func tangentPass(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor, dropout: DropoutDraws?,
    for purpose: Pass.Purpose
  ) throws(DerivativeError) -> (pass: Pass, tangent: Tensor, outputs: Tensor) {
    try check(direction, "direction")
    try checkTangents()
    let pass = pass(parameters, batch: inputs.shape[0], for: purpose, dropout: dropout)
    let outputs = root.forward(inputs, pass)
    pass.tangent = direction.masked(to: selection)
    let tangent = root.forwardTangent(nil, pass)
    return (pass, tangent ?? Tensor(repeating: 0, shape: outputs.shape), outputs)
  }

  /// ⟨a_i, b_i⟩ of every example.
  private static func products(_ a: Tensor, _ b: Tensor, count: Int) -> [Double] {
    let width = a.count / max(1, count)
    return (0..<count).map { example in
      let (x, y) = (a.storage.base + example * width, b.storage.base + example * width)
      return (0..<width).reduce(0.0) { $0 + Double(x[$1]) * Double(y[$1]) }
    }
  }
}

/// Adjoints of running statistics.
extension Network {
  /// Those of statistics that training moves.
  private func movable(_ adjoints: [Int: Tensor]) -> [Int: Tensor] {
    adjoints.filter { offset, _ in !frozenBuffers.contains { $0.offset == offset } }
  }

  /// (1 − m) a, what is owed to the statistics before r ← (1 − m) r + m s(θ); a where they are frozen.
  private func statisticsBefore(_ adjoints: [Int: Tensor]) -> [Int: Tensor] {
    var result = adjoints
    let moved = movable(adjoints)
    _ = root.mapped { layer in
      guard let norm = layer as? BatchNorm2D else { return layer }
      for offset in [norm.runningMean.offset, norm.runningVariance.offset] {
        if let adjoint = moved[offset] { result[offset] = adjoint.scaled(by: 1 - norm.momentum) }
      }
      return layer
    }
    return result
  }
}

/// A product with the curvature of a batch, and what came with it.
public struct CurvatureProduct: Sendable {
  /// scale · H v + (∂r′/∂θ)ᵀ a, p values; 0 outside the network's selection and at the running
  /// statistics' places.
  public let product: Tensor
  /// ⟨∇_θ ℓ_i, v⟩ of every example, unscaled, B values.
  ///
  /// Under batch statistics the derivative of ℓ_i as a whole: it goes through the other examples
  /// that the batch's statistics are of.
  public let exampleDerivatives: [Double]
  /// (∂r′/∂r)ᵀ a: what is owed to the running statistics before the pass, by offset.
  public let statistics: [Int: Tensor]
  /// z, B × C or B × T × C.
  public let outputs: Tensor
}
