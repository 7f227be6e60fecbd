import Factors
import Storage
import Tensors

/// A safetensors file in memory: named tensors and texts about them.
///
/// Files written here carry the SHA-256 of all their bytes in `__metadata__` and are refused when a
/// byte changed; files from elsewhere are read without it.
public struct SafetensorsFile: Sendable {
  /// Where it was read.
  public let path: String
  /// The tensors in the order of their data.
  public let entries: [SafetensorsEntry]
  /// The texts of `__metadata__`, without the digest.
  public let metadata: [String: String]
  /// SHA-256 of the whole file.
  public let fileHash: Digest
  /// Whether the file carries its own digest, which then was right.
  public let isSealed: Bool

  private let bytes: [UInt8]
  private let dataStart: Int

  /// The metadata key of the file's own digest.
  static let digestKey = "ascribe.sha256"

  /// Reads and checks a file.
  ///
  /// - Throws: `CheckpointError` for every violation of the format, `.changed` when its digest
  ///   does not match; `StorageError.system` when it cannot be read.
  public init(reading path: String) throws {
    try self.init(readBytes(path), path: path)
  }

  /// Checks the bytes of a file; `path` is the name for errors.
  init(_ bytes: [UInt8], path: String) throws(CheckpointError) {
    let header = try SafetensorsHeader(bytes, file: path)
    var metadata = header.metadata
    let digits = metadata.removeValue(forKey: SafetensorsFile.digestKey)
    if let digits {
      guard SelfDigest.isIntact(bytes, digits: digits, header: 8..<header.dataStart) else {
        throw .changed(file: path)
      }
    } else if metadata.keys.contains(where: { $0.hasPrefix("ascribe.") }) {
      throw .changed(file: path)
    }
    self.path = path
    self.metadata = metadata
    self.bytes = bytes
    isSealed = digits != nil
    entries = header.entries
    dataStart = header.dataStart
    fileHash = SHA256.digest(of: bytes)
  }

  /// One tensor by name.
  ///
  /// Float16 and bfloat16 become float32 exactly, float64 is rounded to the nearest float32.
  ///
  /// - Throws: `CheckpointError.missingTensor`, `.unsupportedType` for any type but F16, BF16, F32
  ///   and F64.
  public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .missingTensor(name: name, present: entries.map(\.name), file: path)
    }
    let tensor = Tensor(uninitialized: entry.shape)
    try copy(entry, to: tensor.storage.base)
    return tensor
  }

  /// All parameters of a network in its flat order.
  ///
  /// - Throws: `CheckpointError` naming the tensor that is missing, unknown, of another shape or
  ///   type, or not finite.
  public func parameters(layout: [Parameter]) throws(CheckpointError) -> Tensor {
    let names = Set(layout.map(\.name))
    // PyTorch's batch norm counts its batches; nothing reads the count.
    if let other = entries.first(where: {
      !names.contains($0.name) && !$0.name.hasSuffix(".num_batches_tracked")
    }) {
      throw .unknownTensor(name: other.name, known: layout.map(\.name), file: path)
    }
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    let flat = Tensor(uninitialized: [layout.reduce(0) { $0 + $1.count }])
    for parameter in layout {
      guard let entry = byName[parameter.name] else {
        throw .missingTensor(name: parameter.name, present: entries.map(\.name), file: path)
      }
      guard entry.shape == parameter.shape else {
        throw .wrongShape(
          name: parameter.name, expected: parameter.shape, found: entry.shape, file: path)
      }
      let start = flat.storage.base + parameter.offset
      try copy(entry, to: start)
      for i in 0..<parameter.count where !start[i].isFinite {
        throw .notFinite(name: parameter.name, element: i, value: start[i], file: path)
      }
    }
    return flat
  }

  /// The bytes of a tensor.
  func bytes(of entry: SafetensorsEntry) -> ArraySlice<UInt8> {
    bytes[dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound]
  }

  /// The elements of a tensor as float32.
  func copy(
    _ entry: SafetensorsEntry, to target: UnsafeMutablePointer<Float>
  ) throws(CheckpointError) {
    guard let convert = SafetensorsFile.conversions[entry.type] else {
      throw .unsupportedType(name: entry.name, type: entry.type, file: path)
    }
    bytes.withUnsafeBytes { raw in
      let start = dataStart + entry.range.lowerBound
      convert(UnsafeRawBufferPointer(rebasing: raw[start..<start + entry.range.count]), target)
    }
  }

  /// From the bytes of a tensor, little-endian and aligned to nothing, to float32.
  private typealias Conversion =
    @Sendable (
      UnsafeRawBufferPointer, UnsafeMutablePointer<Float>
    ) -> Void

  private static let conversions: [String: Conversion] = [
    "F32": { bytes, target in
      UnsafeMutableRawBufferPointer(
        start: target, count: bytes.count
      ).copyMemory(from: bytes)
    },
    "F64": { bytes, target in
      for i in 0..<bytes.count / 8 {
        target[i] = Float(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
      }
    },
    "F16": { bytes, target in widen(bytes) { VectorMath.fromFloat16($0, into: target, count: $1) }
    },
    "BF16": { bytes, target in
      widen(bytes) { VectorMath.fromBFloat16($0, into: target, count: $1) }
    },
  ]

  private static func widen(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafePointer<UInt16>, Int) -> Void
  ) {
    let halves = (0..<bytes.count / 2).map {
      bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)
    }
    halves.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { body(base, buffer.count) }
    }
  }
}
