import CKernels

/// Sums in one fixed order, which depends on `count` alone: element i goes to lane i mod 32, the
/// lanes are folded in halves.
///
/// The error of a float sum is at most (count / 32 + 5) · 2⁻²⁴ of the sum of sizes. The double ones
/// have the same bits on every processor; the float products need fused multiply-add for that.
extension VectorMath {
  /// Σ x, in float.
  public static func sum(_ x: UnsafePointer<Float>, count: Int) -> Float {
    ascribe_sum(x, Int64(count))
  }

  /// Σ x y, in float.
  public static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Float
  { ascribe_dot(x, y, Int64(count)) }

  /// Σ x², in float.
  public static func squaredNorm(_ x: UnsafePointer<Float>, count: Int) -> Float {
    ascribe_dot(x, x, Int64(count))
  }

  /// Σ x, in double.
  public static func doubleSum(_ x: UnsafePointer<Float>, count: Int) -> Double {
    ascribe_double_sum(x, Int64(count))
  }

  /// Σ x, of doubles.
  public static func doubleSum(_ x: UnsafePointer<Double>, count: Int) -> Double {
    ascribe_double_sum_of_doubles(x, Int64(count))
  }

  /// Σ x y, in double.
  public static func doubleDot(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int
  ) -> Double { ascribe_double_dot(x, y, Int64(count)) }

  /// Σ x², in double.
  public static func doubleSquaredNorm(_ x: UnsafePointer<Float>, count: Int) -> Double {
    ascribe_double_dot(x, x, Int64(count))
  }
}
