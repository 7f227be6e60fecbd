// Letters: n training examples, m queries, C targets.
import LinearAlgebra
import Tensors

/// The dual form, on an exact kernel: M = K + λ·diag(s) = L Lᵀ, n × n.
///
/// - Complexity: 2mn² flops a solve, n³/3 once for the diagonal of the inverse.
struct DualRidge: RidgeModel {
  let ridge: KernelRidge
  let report: DampingReport
  private let isZero: [Bool]
  private let diagonal = Once<[Double]>()

  init(_ ridge: KernelRidge, report: DampingReport, isZero: [Bool]) {
    (self.ridge, self.report, self.isZero) = (ridge, report, isZero)
  }

  var scales: [Double]? { ridge.scales }
  var byteCount: Int { ridge.factor.byteCount }
  var notes: [String] { [] }

  func solve(_ rows: Matrix<Float>) -> any TrainingProducts {
    HeldProducts(ridge.solve(rows: rows))
  }

  func inverseDiagonal() -> [Double] { diagonal { ridge.inverseDiagonal() } }

  func leverages() -> [Double] {
    ridge.leverages(inverseDiagonal: inverseDiagonal(), isZero: isZero)
  }

  func leaveOneOutResiduals(targets: Matrix<Double>) -> Matrix<Double> {
    ridge.leaveOneOutResiduals(targets: targets, inverseDiagonal: inverseDiagonal())
  }

  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    try ridge.groupResiduals(group, dual: dual)
  }
}
