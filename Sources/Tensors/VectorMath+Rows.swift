import CKernels

/// Functions of the rows of a rows × columns array, row-major without gaps.
///
/// A row's result depends on that row and on `columns` alone: rows may be cut into slices anywhere.
extension VectorMath {
  /// y[r, c] = eˣ⁽ʳ'ᶜ⁾ / Σ_c eˣ⁽ʳ'ᶜ⁾, the largest of the row subtracted first; y may be x.
  ///
  /// A row with a NaN or +∞, or of −∞ alone, becomes NaN, as in PyTorch.
  public static func softmaxRows(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) { ascribe_softmax_rows(x, y, Int64(rows), Int64(columns)) }

  /// y[r] = ln Σ_c eˣ⁽ʳ'ᶜ⁾, the largest of the row subtracted first; −∞ without columns.
  public static func logSumExpRows(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) { ascribe_log_sum_exp_rows(x, y, Int64(rows), Int64(columns)) }

  /// y[r, c] ← y[r, c] + row[c]: the bias of a layer.
  public static func addRow(
    _ row: UnsafePointer<Float>, toRowsOf y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) { ascribe_add_row(row, y, Int64(rows), Int64(columns)) }

  /// y[c] = Σ_r x[r, c], rows in order in groups of 256: the gradient of a bias.
  public static func columnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) { ascribe_column_sums(x, Int64(rows), Int64(columns), y) }

  /// y[c] ← y[c] + Σ_r x[r, c], rows in order in groups of 256.
  public static func columnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, onto y: UnsafeMutablePointer<Float>
  ) { ascribe_add_column_sums(x, Int64(rows), Int64(columns), y) }

  /// y[r] = Σ_c x[r, c]², each as `squaredNorm` of the row.
  public static func rowSquaredNorms(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) { ascribe_row_squared_norms(x, y, Int64(rows), Int64(columns)) }
}
