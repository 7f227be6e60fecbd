// Letters: n training examples, m queries.
import Datasets
import Tensors

/// A method prepared at one checkpoint: factored once, asked many times.
protocol CheckpointScorer: Sendable {
  /// What was decided about damping; nil for methods without.
  var damping: DampingReport? { get }
  /// What the user should know about the gradients.
  var notes: [String] { get }
  /// Bytes it holds on to.
  var byteCount: Int { get }
  /// Scores without example weights, positive = helped.
  ///
  /// - Returns: m × n; 1 × n, the mean over the queries, when `mean`.
  func scores(_ queries: Dataset, mean: Bool) throws -> Matrix<Float>
  /// τ(z_i, z_i) without example weights.
  func selfScores() throws -> [Float]
  /// The parts of the scores of some training examples by position, for the mean of the queries.
  ///
  /// - Returns: rows × T, the part of the target that follows each position.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float>
  /// The same by the positions of one query: what follows each of them, rows × T.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float>
}

/// Queries whose kernel rows are computed at a time.
let queryBlock = 512

extension Matrix where Scalar == Float {
  /// Writes rows over those from `start` on, or adds their mean over `total` rows to the only row.
  mutating func take(_ rows: Matrix<Float>, at start: Int, meanOver total: Int?) {
    let target = writableStorage()
    guard let total else {
      (target.base + start * columns).update(from: rows.storage.base, count: rows.count)
      return
    }
    for row in 0..<rows.rows {
      VectorMath.axpy(
        1 / Float(total), rows.storage.base + row * columns, onto: target.base, count: columns)
    }
  }
}
