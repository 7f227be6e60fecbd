import Factors
import JSON
import Storage
import Tensors

extension SafetensorsFile {
  /// Writes float32 tensors one after another, as a whole or not at all.
  ///
  /// - Parameters:
  ///   - tensors: names, all different, and values, in the order of the file.
  ///   - metadata: texts for `__metadata__`; the file's digest is added.
  /// - Returns: SHA-256 of the file. The bytes depend on nothing but names, values and metadata.
  /// - Throws: `StorageError.system`.
  @discardableResult
  public static func write(
    _ tensors: [(name: String, value: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws -> Digest {
    let bytes = encoded(tensors, metadata: metadata)
    try AtomicFile.write(bytes, to: path)
    return SHA256.digest(of: bytes)
  }

  /// Writes a network's parameters under PyTorch's names and shapes.
  @discardableResult
  public static func write(
    parameters: Tensor, layout: [Parameter], metadata: [String: String] = [:], to path: String
  ) throws -> Digest {
    let flat = parameters.reshaped([parameters.count])
    return try write(
      layout.map { ($0.name, flat.prefixSlice($0.range).reshaped($0.shape)) },
      metadata: metadata, to: path)
  }

  /// The bytes of a file.
  static func encoded(
    _ tensors: [(name: String, value: Tensor)], metadata: [String: String]
  ) -> [UInt8] {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "names that repeat")
    var texts = metadata
    texts[digestKey] = SelfDigest.placeholder
    var offset = 0
    var members = [
      "\"__metadata__\":{"
        + texts.sorted { $0.key < $1.key }.map { "\(JSON.quoted($0.key)):\(JSON.quoted($0.value))" }
        .joined(separator: ",") + "}"
    ]
    for (name, value) in tensors {
      let end = offset + 4 * value.count
      members.append(
        "\(JSON.quoted(name)):{\"dtype\":\"F32\",\"shape\":"
          + "[\(value.shape.map(String.init).joined(separator: ","))],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: header.count >> (8 * byte))) }
    bytes += header
    for (_, value) in tensors {
      bytes += UnsafeRawBufferPointer(start: value.storage.base, count: 4 * value.count)
    }
    SelfDigest.seal(&bytes, header: 8..<8 + header.count)
    return bytes
  }
}
