// Letters: p parameters, Q objectives.
import Tensors

/// What Q objectives L change by with a training's state at one step: ∂L/∂θ and ∂L/∂ of each of the
/// optimizer's buffers, in double precision.
public struct StateAdjoint: Sendable {
  /// ∂L/∂θ, Q × p.
  public var parameters: Matrix<Double>
  /// ∂L/∂ of each buffer, Q × p, in the order of `Optimizer.buffers`.
  public var buffers: [Matrix<Double>]

  /// An adjoint by its parts.
  ///
  /// - Parameters:
  ///   - parameters: ∂L/∂θ, Q × p.
  ///   - buffers: ∂L/∂ of each buffer of the optimizer, Q × p.
  public init(parameters: Matrix<Double>, buffers: [Matrix<Double>]) {
    precondition(
      buffers.allSatisfy { $0.rows == parameters.rows && $0.columns == parameters.columns },
      "buffers of \(buffers.map(\.rows)) × \(buffers.map(\.columns))")
    (self.parameters, self.buffers) = (parameters, buffers)
  }

  /// The adjoint after the last step, of objectives that are functions of the parameters alone.
  ///
  /// - Parameter parameters: ∂L/∂θ, Q × p.
  public init(ofLast parameters: Matrix<Double>, optimizer: OptimizerConfiguration) {
    self.init(
      parameters: parameters,
      buffers: (0..<optimizer.bufferCount).map { _ in
        Matrix(rows: parameters.rows, columns: parameters.columns)
      })
  }
}
