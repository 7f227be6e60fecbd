/// Rows between `Float` and the two half-precision storage types.
enum HalfPrecision {
  /// Rounds to nearest, ties to even; beyond the type's range becomes infinite.
  static func narrow(
    _ source: UnsafePointer<Float>, _ type: StorageType, into target: UnsafeMutablePointer<UInt16>,
    count: Int
  ) {
    if type == .float16 {
      for i in 0..<count { target[i] = Float16(source[i]).bitPattern }
    } else {
      for i in 0..<count {
        let bits = source[i].bitPattern
        let rounded = bits &+ 0x7fff &+ ((bits >> 16) & 1)
        target[i] = source[i].isNaN ? UInt16(bits >> 16) | 0x40 : UInt16(rounded >> 16)
      }
    }
  }

  /// Exact.
  static func widen(
    _ source: UnsafePointer<UInt16>, _ type: StorageType,
    into target: UnsafeMutablePointer<Float>, count: Int
  ) {
    if type == .float16 {
      for i in 0..<count { target[i] = Float(Float16(bitPattern: source[i])) }
    } else {
      for i in 0..<count { target[i] = Float(bitPattern: UInt32(source[i]) << 16) }
    }
  }
}
