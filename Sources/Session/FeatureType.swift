import Storage

/// How features are stored.
public enum FeatureType: String, CaseIterable, Codable, Sendable {
  /// Four bytes a value.
  case float32
  /// Two bytes a value: half precision, or a float's first half.
  case float16, bfloat16

  var storageType: StorageType {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }

  /// Bytes a value.
  var bytes: Int { self == .float32 ? 4 : 2 }
}
