// Letters: n training examples, m queries, C targets, s examples of a group S, w coordinates.
import Datasets
import Gradients
import LinearAlgebra
import Synchronization
import Tensors

/// Ridge regression on a kernel, factored once: M = K + λ·diag(s), dual or primal.
///
/// Everything is in terms of the n training examples, so that methods do not see which form it has.
public protocol RidgeModel: Sendable {
  /// λ, and what was known when it was chosen.
  var report: DampingReport { get }
  /// s, how λ is spread over the examples; nil for 1.
  var scales: [Double]? { get }
  /// Bytes it holds on to.
  var byteCount: Int { get }
  /// What the user should know, found while the model was made.
  var notes: [String] { get }
  /// h = κ(x, Z) M⁻¹ of queries in the kernel's coordinates, m × n.
  func solve(_ rows: Matrix<Float>) throws -> any TrainingProducts
  /// The leverages [K M⁻¹]_ii in [0, 1], n values.
  func leverages() throws -> [Double]
  /// The diagonal of M⁻¹, n values.
  func inverseDiagonal() throws -> [Double]
  /// r_i = α_i / (M⁻¹)_ii, α = M⁻¹ Y: what each target is from its prediction when the example is
  /// left out, n × C.
  ///
  /// Exactly the residual at i of the ridge model fitted without i.
  func leaveOneOutResiduals(targets: Matrix<Double>) throws -> Matrix<Double>
  /// R_S = [M⁻¹]_SS⁻¹ α_S: the same when a whole group is left out.
  ///
  /// - Parameter dual: α_S, s × C.
  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double>
}

extension RidgeModel {
  /// The leverages [K M⁻¹]_ii = 1 − λ s_i (M⁻¹)_ii, in [0, 1].
  ///
  /// - Parameter isZero: whether K_ii is 0; the leverage is 0 then, without rounding.
  func leverages(
    inverseDiagonal: [Double], damping: Double, scales: [Double]?, isZero: [Bool]
  ) -> [Double] {
    inverseDiagonal.indices.map { i in
      isZero[i] ? 0 : max(0, 1 - damping * (scales?[i] ?? 1) * inverseDiagonal[i])
    }
  }
}

/// A value computed the first time it is asked for.
final class Once<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)

  /// What was made; nil before.
  var known: Value? { value.withLock { $0 } }

  func callAsFunction(_ make: () throws -> Value) rethrows -> Value {
    if let known { return known }
    let made = try make()
    value.withLock { $0 = made }
    return made
  }
}
