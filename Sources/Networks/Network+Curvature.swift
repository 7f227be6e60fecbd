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
  package func curvature(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    along direction: Tensor, matrix: CurvatureMatrix = .hessian, dropout: DropoutDraws? = nil,
    scale: Double = 1, statistics: [Int: Tensor] = [:]
  ) throws(DerivativeError) -> CurvatureProduct {
    try curvaturePass(
      inputs, targets, parameters: parameters, loss: loss, matrix: matrix, dropout: dropout,
      scale: scale
    ).product(along: direction, statistics: statistics)
  }

  /// A batch made ready for products along many directions: `curvature(…)` with what does not
  /// depend on the direction done once.
  ///
  /// - Throws: `DerivativeError`.
  package func curvaturePass(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    matrix: CurvatureMatrix = .hessian, dropout: DropoutDraws? = nil, scale: Double = 1
  ) throws(DerivativeError) -> CurvaturePass {
    try check(inputs, parameters: parameters, dropout: dropout)
    try check(targets, of: loss, for: inputs)
    try checkTangents()
    let pass = pass(
      parameters, batch: inputs.shape[0],
      for: matrix == .hessian ? .tangents : [.gradient, .tangents], dropout: dropout)
    let outputs = root.forward(inputs, pass)
    return CurvaturePass(
      network: self, matrix: matrix, loss: loss, targets: targets, scale: scale, pass: pass,
      outputs: outputs, slopes: loss.gradient(outputs, targets))
  }

  /// Products of the loss's curvature over a batch with several directions, on one forward pass.
  ///
  /// - Parameters:
  ///   - directions: m rows of p.
  ///   - scale: of the products; 1/B for a mean over the batch.
  /// - Returns: m products of p values, as `curvature(…)` gives each.
  /// - Throws: `DerivativeError`.
  package func curvatures(
    _ inputs: Tensor, _ targets: TargetValues, parameters: Tensor, loss: Loss,
    along directions: Matrix<Float>, matrix: CurvatureMatrix, scale: Double
  ) throws(DerivativeError) -> [Tensor] {
    try check(inputs, parameters: parameters, dropout: nil)
    try check(targets, of: loss, for: inputs)
    try checkTangents()
    let pass = pass(
      parameters, batch: inputs.shape[0],
      for: matrix == .hessian ? .tangents : [.gradient, .tangents])
    let outputs = root.forward(inputs, pass)
    let slopes =
      matrix == .hessian ? loss.gradient(outputs, targets, scale: scale) : outputs
    var products: [Tensor] = []
    for row in 0..<directions.rows {
      let direction = Tensor(directions.row(row), shape: [parameterCount])
      pass.tangent = direction.masked(to: selection)
      let tangent = root.forwardTangent(nil, pass) ?? Tensor(repeating: 0, shape: outputs.shape)
      let bend = loss.curvature(outputs, targets, times: tangent, scale: scale)
      let zeros = Tensor(repeating: 0, shape: [parameterCount])
      switch matrix {
      case .hessian:
        pass.gradientTangent = zeros
        _ = root.backwardTangent(slopes, bend, pass)
        products.append((pass.gradientTangent.take() ?? zeros).masked(to: selection))
      case .gaussNewton:
        pass.gradient = zeros
        _ = root.backward(bend, pass)
        products.append((pass.gradient.take() ?? zeros).masked(to: selection))
      }
    }
    return products
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
  package func outputTangent(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor, dropout: DropoutDraws? = nil
  ) throws(DerivativeError) -> (tangent: Tensor, outputs: Tensor) {
    try check(inputs, parameters: parameters, dropout: dropout)
    try checkTangents()
    let pass = pass(parameters, batch: inputs.shape[0], for: .tangents, dropout: dropout)
    let outputs = root.forward(inputs, pass)
    return (try tangent(pass, along: direction, outputs: outputs), outputs)
  }

  /// ⟨∇_θ f(z_i), v⟩ of every example, B values, for any function f of the outputs.
  ///
  /// - Parameter outputGradient: ∂f/∂z from the outputs, as they are.
  /// - Throws: `DerivativeError`.
  package func directionalDerivatives(
    _ inputs: Tensor, parameters: Tensor, along direction: Tensor, dropout: DropoutDraws? = nil,
    outputGradient: (Tensor) -> Tensor
  ) throws(DerivativeError) -> [Double] {
    let (tangent, outputs) = try outputTangent(
      inputs, parameters: parameters, along: direction, dropout: dropout)
    let slopes = outputGradient(outputs)
    try check(slopes, by: outputs)
    return Network.products(slopes, tangent, count: inputs.shape[0])
  }

  /// The tangent of a pass's outputs along v, as far as it is selected.
  ///
  /// - Throws: `DerivativeError.length`.
  fileprivate func tangent(
    _ pass: Pass, along direction: Tensor, outputs: Tensor
  ) throws(DerivativeError) -> Tensor {
    try check(direction, "direction")
    pass.tangent = direction.masked(to: selection)
    return root.forwardTangent(nil, pass) ?? Tensor(repeating: 0, shape: outputs.shape)
  }

  /// ⟨a_i, b_i⟩ of every example.
  fileprivate static func products(_ a: Tensor, _ b: Tensor, count: Int) -> [Double] {
    let width = a.count / max(1, count)
    return (0..<count).map { example in
      let (x, y) = (a.storage.base + example * width, b.storage.base + example * width)
      return (0..<width).reduce(0.0) { $0 + Double(x[$1]) * Double(y[$1]) }
    }
  }
}

/// A batch whose values have gone forward once, for products of its curvature with many directions.
///
/// Directions may be taken side by side by several threads: each goes through a branch of the pass.
package struct CurvaturePass: @unchecked Sendable {
  fileprivate let network: Network
  fileprivate let matrix: Network.CurvatureMatrix
  fileprivate let loss: Loss
  fileprivate let targets: TargetValues
  fileprivate let scale: Double
  /// Read alone, never written after the values went forward.
  fileprivate let pass: Pass
  /// z, B × C or B × T × C.
  package let outputs: Tensor
  /// ∂ℓ/∂z, as the outputs.
  fileprivate let slopes: Tensor

  /// Product with a direction, and every example's slope along it (`Network.curvature`).
  ///
  /// - Throws: `DerivativeError.length`, `.statistics`.
  package func product(
    along direction: Tensor, statistics: [Int: Tensor] = [:]
  ) throws(DerivativeError) -> CurvatureProduct {
    try network.check(adjoints: statistics)
    let branch = pass.branch()
    let tangent = try network.tangent(branch, along: direction, outputs: outputs)
    branch.bufferAdjoints = network.movable(statistics)
    let bend = loss.curvature(outputs, targets, times: tangent, scale: scale)
    let product: Tensor?
    switch matrix {
    case .hessian:
      branch.gradientTangent = Tensor(repeating: 0, shape: [network.parameterCount])
      _ = network.root.backwardTangent(slopes.scaled(by: Float(scale)), bend, branch)
      product = branch.gradientTangent
    case .gaussNewton:
      _ = network.root.backward(bend, branch)
      product = branch.gradient
    }
    return CurvatureProduct(
      product: (product ?? direction).masked(to: network.selection),
      exampleDerivatives: Network.products(slopes, tangent, count: pass.batch),
      statistics: pass.isTraining ? network.statisticsBefore(statistics) : statistics,
      outputs: outputs)
  }
}

/// Adjoints of running statistics.
extension Network {
  /// Those of statistics that training moves.
  fileprivate func movable(_ adjoints: [Int: Tensor]) -> [Int: Tensor] {
    adjoints.filter { offset, _ in !frozenBuffers.contains { $0.offset == offset } }
  }

  /// (1 − m) a, what is owed to the statistics before r ← (1 − m) r + m s(θ); a where they are frozen.
  fileprivate func statisticsBefore(_ adjoints: [Int: Tensor]) -> [Int: Tensor] {
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
