import CHDF5

/// How the elements of a dataset are stored, always little-endian in files that Ascribe writes.
public enum StorageType: String, CaseIterable, Codable, Sendable {
  /// IEEE binary32.
  case float32
  /// IEEE binary64.
  case float64
  /// IEEE binary16: 11 significant bits, largest value 65504.
  case float16
  /// The upper half of a binary32: 8 significant bits, the range of binary32.
  case bfloat16
  /// 32-bit integers with sign.
  case int32
  /// 64-bit integers with sign.
  case int64
  /// Bytes.
  case uint8

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .uint8: 1
    case .float16, .bfloat16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// True for the two types that are converted to `Float` in memory.
  var isHalf: Bool { self == .float16 || self == .bfloat16 }

  /// A new library type that describes the file's bytes.
  func makeHandle(for file: String) throws(StorageError) -> HDF5Handle {
    try HDF5.handle("make the type", rawValue, in: file) {
      switch self {
      case .float32: H5Tcopy(ascribe_h5_float32())
      case .float64: H5Tcopy(ascribe_h5_float64())
      case .int32: H5Tcopy(ascribe_h5_int32())
      case .int64: H5Tcopy(ascribe_h5_int64())
      case .uint8: H5Tcopy(ascribe_h5_uint8())
      case .float16: ascribe_h5_half(5)
      case .bfloat16: ascribe_h5_half(8)
      }
    }
  }

  /// The storage type with exactly this description, nil when there is none.
  static func matching(_ type: HDF5Handle, in file: String) throws(StorageError) -> StorageType? {
    for candidate in StorageType.allCases {
      let own = try candidate.makeHandle(for: file)
      if HDF5.locked({ H5Tequal(own.id, type.id) }) > 0 { return candidate }
    }
    return nil
  }
}

/// A Swift number that HDF5 reads and writes.
package protocol HDF5Scalar: BitwiseCopyable, Sendable {
  /// The type in which it is stored.
  static var storageType: StorageType { get }
  /// libhdf5's predefined type of its bytes in memory.
  static var nativeType: Int64 { get }
}

extension Float: HDF5Scalar {
  /// Stored as float32.
  public static var storageType: StorageType { .float32 }
  /// H5T_NATIVE_FLOAT.
  public static var nativeType: Int64 { HDF5.locked { ascribe_h5_native_float() } }
}

extension Double: HDF5Scalar {
  /// Stored as float64.
  public static var storageType: StorageType { .float64 }
  /// H5T_NATIVE_DOUBLE.
  public static var nativeType: Int64 { HDF5.locked { ascribe_h5_native_double() } }
}

extension Int32: HDF5Scalar {
  /// Stored as int32.
  public static var storageType: StorageType { .int32 }
  /// H5T_NATIVE_INT32.
  public static var nativeType: Int64 { HDF5.locked { ascribe_h5_native_int32() } }
}

extension Int64: HDF5Scalar {
  /// Stored as int64.
  public static var storageType: StorageType { .int64 }
  /// H5T_NATIVE_INT64.
  public static var nativeType: Int64 { HDF5.locked { ascribe_h5_native_int64() } }
}

extension UInt8: HDF5Scalar {
  /// Stored as uint8.
  public static var storageType: StorageType { .uint8 }
  /// H5T_NATIVE_UINT8.
  public static var nativeType: Int64 { HDF5.locked { ascribe_h5_native_uint8() } }
}
