import CKernels

/// Conversion to and from 16-bit floats, kept as `UInt16`.
///
/// Rounding is to nearest, ties to even. What is too large becomes infinite (float16: 65,520 and
/// above); NaN stays NaN, quiet, with the upper bits of its payload. Denormals are kept.
extension VectorMath {
  /// y = x as IEEE binary16: 11 significant bits, up to 65,504.
  public static func toFloat16(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<UInt16>, count: Int
  ) { ascribe_to_float16(x, y, Int64(count)) }

  /// y = x, exactly.
  public static func fromFloat16(
    _ x: UnsafePointer<UInt16>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_from_float16(x, y, Int64(count)) }

  /// y = x as bfloat16: 8 significant bits, the range of float.
  public static func toBFloat16(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<UInt16>, count: Int
  ) { ascribe_to_bfloat16(x, y, Int64(count)) }

  /// y = x, exactly.
  public static func fromBFloat16(
    _ x: UnsafePointer<UInt16>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_from_bfloat16(x, y, Int64(count)) }
}
