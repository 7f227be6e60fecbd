import Checkpoints
import Configuration
import Foundation
import Models
import Networks
import Storage
import Tensors

/// A checkpoint of a run in the format of other libraries: a folder with `model.safetensors`, a
/// PyTorch `state_dict`, and for transformers Hugging Face's `config.json`.
///
/// What `ascribe import` and, for transformers, `from_pretrained` read. The folder appears whole or
/// not at all; its bytes depend on nothing but the run.
public struct ExportJob: Sendable {
  /// The run.
  public var run: Run
  /// Whose weights.
  public var checkpoint: CheckpointReference
  /// The folder to make; empty if it is there.
  public var folder: String

  /// A job.
  public init(_ run: Run, _ checkpoint: CheckpointReference, to folder: String) {
    (self.run, self.checkpoint) = (run, checkpoint)
    self.folder = folder
    while self.folder.count > 1 && self.folder.hasSuffix("/") { self.folder.removeLast() }
  }

  /// What was written.
  public struct Exported: Sendable {
    /// The names of the files.
    public let files: [String]
    /// The class of transformers that reads it; nil for a plain state dictionary.
    public let architecture: String?
    /// The identity of the weights.
    public let modelHash: String
    /// Tensors in the file.
    public let tensors: Int
  }

  /// Writes the folder.
  ///
  /// - Throws: `RunError.folderNotEmpty`; `CheckpointError` for a checkpoint that changed;
  ///   `StorageError.system`, after which nothing is left behind.
  public func write() throws -> Exported {
    guard ExportJob.hasRoom(folder) else { throw RunError.folderNotEmpty(path: folder) }
    let network = try run.network
    let loaded = try run.load(checkpoint)
    let model = try ModelConfiguration(from: run.modelMap())
    let values = members(of: model, network)
    let path = folder as NSString
    let parent = path.deletingLastPathComponent
    if !parent.isEmpty { try makeFolder(parent) }
    let temporary =
      (parent.isEmpty ? "" : parent + "/")
      + ".\(path.lastPathComponent).\(getpid())\(AtomicFile.suffix)"
    try removeIfPresent(temporary)
    do {
      try makeFolder(temporary)
      try SafetensorsFile.write(
        parameters: loaded.parameters, layout: network.parameters,
        metadata: ["ascribe.modelHash": loaded.provenance.modelHash, "format": "pt"],
        to: temporary + "/model.safetensors")
      if let values {
        try AtomicFile.write(ExportJob.lines(values), to: temporary + "/config.json")
      }
      guard rename(temporary, folder) == 0 else {
        throw StorageError.system(operation: "make the folder", path: folder, code: errno)
      }
    } catch {
      try? removeIfPresent(temporary)
      throw (error as? StorageError)?.naming(folder, insteadOf: temporary) ?? error
    }
    var architecture: String?
    if case .list(let list)? = values?["architectures"], case .string(let name)? = list.first {
      architecture = name
    }
    return Exported(
      files: names(in: folder), architecture: architecture,
      modelHash: loaded.provenance.modelHash, tensors: network.parameters.count)
  }

  /// Whether nothing is there, or an empty folder.
  private static func hasRoom(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return true }
    return isFolder.boolValue && names(in: path).isEmpty
  }

  /// The members of `config.json`; nil for what is no transformer, and for one with adapters, which
  /// `from_pretrained` would leave out.
  ///
  /// Of an imported model its own, but for the type of the weights.
  private func members(
    of model: ModelConfiguration, _ network: Network
  ) -> [String: ConfigurationValue]? {
    let record = run.record
    guard network.modelParameters.count == network.parameters.count else { return nil }
    guard
      let architecture = model.architecture(
        inputShape: record.inputShape, outputs: record.outputCount)
    else { return nil }
    let own = architecture.values(classNames: record.classNames)
    guard var values = model.pretrained?.values else { return own }
    // A run's record keeps 0.0 as 0; a reader may tell the two apart.
    for case (let key, .double(let number)) in own {
      if let whole = Int(exactly: number), values[key] == .int(whole) {
        values[key] = .double(number)
      }
    }
    values["architectures"] = TransformerArchitecture.classNames[architecture.modelType].map {
      .list([.string($0)])
    }
    values[values["dtype"] == nil ? "torch_dtype" : "dtype"] = .string("float32")
    return values
  }

  /// A mapping as JSON, a line a member, in order of the keys.
  private static func lines(_ values: [String: ConfigurationValue]) -> String {
    let members = values.sorted { $0.key < $1.key }.map {
      "  \(ConfigurationValue.string($0.key).canonicalJSON): \($0.value.canonicalJSON)"
    }
    return "{\n\(members.joined(separator: ",\n"))\n}\n"
  }
}
