import Factors
import Glibc
import Storage
import Tensors

/// Parameters with their provenance: `NAME.safetensors` and `NAME.json`.
///
/// Both carry the SHA-256 of their own bytes, and the JSON that of the safetensors file: a changed
/// byte in either, or two files that do not belong together, are noticed.
public struct Checkpoint: Sendable {
  /// The flat parameter vector.
  public let parameters: Tensor
  /// Where it comes from.
  public let provenance: CheckpointProvenance

  /// The JSON beside a safetensors file.
  public static func provenancePath(of path: String) -> String {
    let ending = ".safetensors"
    return (path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path) + ".json"
  }

  /// Writes both files, first the weights; each appears whole or not at all.
  ///
  /// - Parameters:
  ///   - path: ends in `.safetensors`.
  ///   - provenance: `modelHash` and `fileHash` are filled in here.
  /// - Returns: the provenance as written.
  /// - Throws: `StorageError.system`.
  @discardableResult
  public static func write(
    _ parameters: Tensor, layout: [Parameter], provenance: CheckpointProvenance, to path: String
  ) throws -> CheckpointProvenance {
    var provenance = provenance
    let model = modelHash(parameters, layout: layout).description
    provenance.modelHash = model
    provenance.fileHash = try SafetensorsFile.write(
      parameters: parameters, layout: layout,
      metadata: [
        "ascribe.format": "\(CheckpointProvenance.newestVersion)", "ascribe.modelHash": model,
        "format": "pt",
      ], to: path
    ).description
    try SealedJSON.write(provenance, to: provenancePath(of: path))
    return provenance
  }

  /// Reads the JSON beside a checkpoint, without the weights.
  ///
  /// - Throws: `CheckpointError.missingProvenance`, `.changed`, `.unreadableProvenance`,
  ///   `.unsupportedVersion`.
  public static func provenance(of path: String) throws -> CheckpointProvenance {
    struct Version: Decodable { let formatVersion: Int }
    let file = provenancePath(of: path)
    do {
      let version = try SealedJSON.read(Version.self, from: file).formatVersion
      guard version >= 1 && version <= CheckpointProvenance.newestVersion else {
        throw CheckpointError.unsupportedVersion(
          found: version, newest: CheckpointProvenance.newestVersion, file: file)
      }
      return try SealedJSON.read(CheckpointProvenance.self, from: file)
    } catch StorageError.system(_, _, let code) where code == ENOENT {
      throw CheckpointError.missingProvenance(file: file)
    }
  }

  /// Reads and verifies both files.
  ///
  /// - Parameters:
  ///   - path: the safetensors file.
  ///   - layout: the network that the weights are for.
  /// - Throws: `CheckpointError` for every byte that changed and every tensor that does not fit.
  public init(reading path: String, layout: [Parameter]) throws {
    provenance = try Checkpoint.provenance(of: path)
    let file = try Checkpoint.weights(path, hash: provenance.fileHash)
    guard file.fileHash.description == provenance.fileHash else {
      throw CheckpointError.mismatch(
        field: "the file's SHA-256", recorded: provenance.fileHash,
        found: file.fileHash.description, file: path)
    }
    parameters = try file.parameters(layout: layout)
    let found = modelHash(parameters, layout: layout).description
    guard found == provenance.modelHash else {
      throw CheckpointError.mismatch(
        field: "the model hash", recorded: provenance.modelHash, found: found, file: path)
    }
  }

  /// The safetensors file; what breaks the format is damage when the bytes are not those recorded.
  private static func weights(_ path: String, hash: String) throws -> SafetensorsFile {
    let bytes: [UInt8]
    do {
      bytes = try readBytes(path)
    } catch StorageError.system(_, _, let code) where code == ENOENT {
      throw CheckpointError.missingFile(file: path)
    }
    let read = Result { try SafetensorsFile(bytes, path: path) }
    if case .failure(let error as CheckpointError) = read, error.exitCode == 3,
      SHA256.digest(of: bytes).description != hash
    {
      throw CheckpointError.changed(file: path)
    }
    return try read.get()
  }
}
