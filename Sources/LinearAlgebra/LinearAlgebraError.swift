import Tensors

/// What a factorisation can find wrong with its data.
///
/// Wrong shapes are preconditions.
public enum LinearAlgebraError: DiagnosableError, Equatable {
  /// The leading minor of order `minor` (counted from 1) of a matrix has no positive determinant.
  case notPositiveDefinite(matrix: String, order: Int, minor: Int, damping: Double)
  /// An iteration of LAPACK stopped before its end; `remaining` values are not found.
  case notConverged(matrix: String, rows: Int, columns: Int, method: String, remaining: Int)
  /// An element is NaN or infinite; row and column from 0.
  case nonFinite(matrix: String, row: Int, column: Int)

  /// What is wrong, with the values that show it.
  public var what: String {
    switch self {
    case .notPositiveDefinite(let matrix, let order, let minor, let damping):
      "\(matrix) (\(order) × \(order), damping \(damping)) is not positive definite: "
        + "leading minor \(minor) failed."
    case .notConverged(let matrix, let rows, let columns, let method, let remaining):
      "\(method) of \(matrix) (\(rows) × \(columns)) did not converge: "
        + "\(remaining) values are missing."
    case .nonFinite(let matrix, _, _):
      "\(matrix) has an element that is NaN or infinite."
    }
  }

  /// The matrix and the row or element.
  public var location: String {
    switch self {
    case .notPositiveDefinite(let matrix, _, let minor, _):
      "row \(minor - 1) of \(matrix)"
    case .notConverged(let matrix, _, _, _, _):
      matrix
    case .nonFinite(let matrix, let row, let column):
      "row \(row), column \(column) of \(matrix)"
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .notPositiveDefinite(_, _, let minor, let damping):
      "raise the damping above \(damping) (the mean eigenvalue is a good start), or remove "
        + "row \(minor - 1): it is zero, or a combination of the rows before it."
    case .notConverged:
      "rescale the matrix: its elements span too wide a range for this precision."
    case .nonFinite:
      "look for examples whose gradients or outputs overflow, and leave them out."
    }
  }
}
