import Tensors

/// Rows between `Float` and the two half-precision storage types.
enum HalfPrecision {
  /// Rounds to nearest, ties to even; beyond the type's range becomes infinite.
  static func narrow(
    _ source: UnsafePointer<Float>, _ type: StorageType, into target: UnsafeMutablePointer<UInt16>,
    count: Int
  ) {
    type == .float16
      ? VectorMath.toFloat16(source, into: target, count: count)
      : VectorMath.toBFloat16(source, into: target, count: count)
  }

  /// Exact.
  static func widen(
    _ source: UnsafePointer<UInt16>, _ type: StorageType,
    into target: UnsafeMutablePointer<Float>, count: Int
  ) {
    type == .float16
      ? VectorMath.fromFloat16(source, into: target, count: count)
      : VectorMath.fromBFloat16(source, into: target, count: count)
  }
}
