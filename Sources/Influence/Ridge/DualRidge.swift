// Letters: n training examples, m queries, C targets.
import LinearAlgebra
import Tensors

/// The dual form, on an exact kernel: M = K + λ·diag(s) = L Lᵀ, n × n.
///
/// - Complexity: 2mn² flops a solve, n³/3 once for the diagonal of the inverse.
struct DualRidge: RidgeModel {
  let ridge: KernelRidge
  let report: DampingReport
  let notes: [String]
  private let isZero: [Bool]
  private let diagonal: Once<[Double]>

  init(
    _ ridge: KernelRidge, report: DampingReport, isZero: [Bool], notes: [String] = []
  ) {
    self.init(ridge, report, isZero, notes, Once())
  }

  private init(
    _ ridge: KernelRidge, _ report: DampingReport, _ isZero: [Bool], _ notes: [String],
    _ diagonal: Once<[Double]>
  ) {
    (self.ridge, self.report, self.isZero) = (ridge, report, isZero)
    (self.notes, self.diagonal) = (notes, diagonal)
  }

  /// The same model with another report.
  func reporting(_ report: DampingReport, notes: [String]) -> DualRidge {
    DualRidge(ridge, report, isZero, notes, diagonal)
  }

  var scales: [Double]? { ridge.scales }
  var byteCount: Int { ridge.factor.byteCount }

  func solve(_ rows: Matrix<Float>) -> any TrainingProducts {
    HeldProducts(ridge.solve(rows: rows))
  }

  func inverseDiagonal() -> [Double] { diagonal { ridge.inverseDiagonal() } }

  func leverages() -> [Double] {
    leverages(
      inverseDiagonal: inverseDiagonal(), damping: report.damping, scales: scales, isZero: isZero)
  }

  func leaveOneOutResiduals(targets: Matrix<Double>) -> Matrix<Double> {
    ridge.leaveOneOutResiduals(targets: targets, inverseDiagonal: inverseDiagonal())
  }

  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    try ridge.groupResiduals(group, dual: dual)
  }
}
