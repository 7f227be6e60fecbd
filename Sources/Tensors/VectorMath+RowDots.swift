import CKernels

/// Products of many rows with one vector, of rows as they are stored.
///
///     y[r] = Σ_i x[r][i] q[i]
///
/// To the bit what `dot` gives on the widened row, whatever rows stand beside it; no widened copy is
/// made: one pass at the rate of memory.
extension VectorMath {
  /// Rows of float.
  public static func rowDots(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, _ q: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) { ascribe_row_dots(x, Int64(rows), Int64(columns), q, y) }

  /// Rows of IEEE binary16.
  public static func rowDots(
    float16 x: UnsafePointer<UInt16>, rows: Int, columns: Int, _ q: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) { ascribe_row_dots_float16(x, Int64(rows), Int64(columns), q, y) }

  /// Rows of bfloat16.
  public static func rowDots(
    bfloat16 x: UnsafePointer<UInt16>, rows: Int, columns: Int, _ q: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) { ascribe_row_dots_bfloat16(x, Int64(rows), Int64(columns), q, y) }

  /// Whether any of the values is below `low` or above `high`; NaN is neither.
  public static func anyBeyond(
    _ x: UnsafePointer<Float>, count: Int, low: Float, high: Float
  ) -> Bool { ascribe_any_beyond(x, Int64(count), low, high) != 0 }
}
