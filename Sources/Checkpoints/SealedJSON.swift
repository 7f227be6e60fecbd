import Foundation
import Storage

/// A JSON document that carries the SHA-256 of its own bytes in its member `sha256`.
///
/// Names are sorted, two blanks a level: the same value gives the same bytes. A changed byte
/// anywhere is noticed when it is read.
package enum SealedJSON {
  /// Writes a value as a whole or not at all.
  ///
  /// - Precondition: `value` encodes as an object without NaN, infinities or a member `sha256`.
  /// - Throws: `StorageError.system`; `EncodingError` for what JSON cannot hold.
  package static func write(_ value: some Encodable, to path: String) throws {
    try AtomicFile.write(encoded(value), to: path)
  }

  /// Reads a value.
  ///
  /// - Throws: `CheckpointError.changed`, `.unreadableProvenance`; `StorageError.system`.
  package static func read<Value: Decodable>(_: Value.Type, from path: String) throws -> Value {
    try decoded(readBytes(path), path: path)
  }

  static func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var bytes = Array(try encoder.encode(Sealed(value: value, sha256: SelfDigest.placeholder)))
    bytes.append(0x0a)
    SelfDigest.seal(&bytes, header: 0..<bytes.count)
    return bytes
  }

  static func decoded<Value: Decodable>(_ bytes: [UInt8], path: String) throws -> Value {
    let digits: String
    do {
      digits = try JSONDecoder().decode(Digits.self, from: Data(bytes)).sha256
    } catch {
      throw CheckpointError.unreadableProvenance(
        problem: "it is not a JSON object with its own sha256", file: path)
    }
    guard SelfDigest.isIntact(bytes, digits: digits, header: 0..<bytes.count) else {
      throw CheckpointError.changed(file: path)
    }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw CheckpointError.unreadableProvenance(problem: words(error), file: path)
    }
  }

  private static func words(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "the member \((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))"
        + " is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      return "the member \(path(context)) has another kind of value"
    @unknown default: return "its members are others"
    }
  }

  private struct Digits: Decodable { let sha256: String }

  private struct Sealed<Value: Encodable>: Encodable {
    let value: Value
    let sha256: String
    private enum CodingKeys: String, CodingKey { case sha256 }

    func encode(to encoder: any Encoder) throws {
      try value.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(sha256, forKey: .sha256)
    }
  }
}
