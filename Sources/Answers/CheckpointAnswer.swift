import Checkpoints
import Reports

/// What a file of weights holds.
public struct CheckpointAnswer: Answer, Equatable {
  /// A tensor of the file.
  public struct Entry: Codable, Equatable, Sendable {
    /// Its name, and the type of its numbers.
    public let name, dtype: String
    /// Its shape.
    public let shape: [Int]
  }

  /// The file, and the hash of its bytes.
  public let path, sha256: String
  /// What its header says beside the tensors.
  public let metadata: [String: String]
  /// The tensors, in the file's order.
  public let tensors: [Entry]

  /// Reads a file, every byte verified.
  ///
  /// - Throws: `CheckpointError` for files that are not what they say.
  public init(reading path: String) throws {
    let file = try SafetensorsFile(reading: path)
    (self.path, sha256, metadata) = (path, "\(file.fileHash)", file.metadata)
    tensors = file.entries.map { Entry(name: $0.name, dtype: $0.type, shape: $0.shape) }
  }

  /// For reading.
  public var text: String {
    var table = TextTable(["tensor", "dtype", "shape"])
    for tensor in tensors {
      table.append([
        tensor.name, tensor.dtype, tensor.shape.map(String.init).joined(separator: " × "),
      ])
    }
    let facts = metadata.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return ([table.text, "SHA-256 \(sha256)"] + facts).joined(separator: "\n")
  }
}
