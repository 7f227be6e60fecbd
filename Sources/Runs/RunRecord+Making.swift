import Checkpoints
import Configuration
import Datasets
import LinearAlgebra
import Networks
import Storage
import Tensors
import Training

extension RunRecord {
  /// The record of a run about to be trained.
  init(
    _ configuration: RunConfiguration, data: SplitData, subset: [ExampleID]?, loss: Loss,
    network: Network, runFolder: String
  ) {
    let training = configuration.training
    let order = BatchOrder(count: data.train.count, batch: training.batch, seed: training.seed)
    self.init(
      blasCore: BLAS.coreName, processorLevel: Processor.level, name: configuration.name,
      status: .running,
      configuration: configuration.value,
      dataFolder: relativePath(of: configuration.folder, from: runFolder), loss: loss,
      seeds: training.seeds, stepsPerEpoch: order.stepsPerEpoch,
      checkpointEpochs: training.checkpoints.numbers(epochs: training.epochs),
      dataHashes: [
        "train": data.train.contentHash.description, "test": data.test.contentHash.description,
      ].merging(network.startHash.map { ["start": $0] } ?? [:]) { $1 },
      idHashes: [
        "train": RunRecord.hash(data.train.ids), "test": RunRecord.hash(data.test.ids),
      ],
      exampleCounts: ["train": data.train.count, "test": data.test.count],
      classNames: data.train.classNames, vocabulary: RunRecord.vocabulary(data.train),
      tokenizerHash: data.train.tokenizer?.contentHash?.description,
      normalisation: data.normalisation, subset: subset,
      inputShape: network.inputShape, outputCount: network.outputCount,
      parameters: network.parameters.map { ParameterRecord(name: $0.name, shape: $0.shape) },
      results: [])
  }

  private static func vocabulary(_ data: Dataset) -> [String]? {
    data.tokenizer?.contentHash == nil ? data.vocabulary ?? data.tokenizer?.vocabulary : nil
  }

  static func hash(_ ids: [ExampleID]) -> String {
    SHA256.digest(of: ids.map { "\($0)\n" }.joined()).description
  }

  /// The first thing in which another record of the same run differs, with both values.
  ///
  /// The `data` and `defaults` sections as written do not count: the hashes of the data do.
  func difference(from wanted: RunRecord) -> (field: String, recorded: String, wanted: String)? {
    for section in ["model", "lora", "training"] {
      if let found = configuration[section].difference(from: wanted.configuration[section]) {
        return (section + found.path, found.a, found.b)
      }
    }
    var fields: [(String, String, String)] = [
      ("tokenizer hash", tokenizerHash ?? "none", wanted.tokenizerHash ?? "none"),
      ("train data hash", dataHashes["train"] ?? "", wanted.dataHashes["train"] ?? ""),
      ("test data hash", dataHashes["test"] ?? "", wanted.dataHashes["test"] ?? ""),
      ("starting weights", dataHashes["start"] ?? "drawn", wanted.dataHashes["start"] ?? "drawn"),
      ("subset", RunRecord.words(subset), RunRecord.words(wanted.subset)),
    ]
    if status == .running {
      // Going on elsewhere would mix the bits of two engines in one run.
      fields.append(("engine version", engineVersion, wanted.engineVersion))
      fields.append(("BLAS core", blasCore, wanted.blasCore))
      fields.append(
        ("processor level", processorText, wanted.processorText))
    }
    return fields.first { $0.1 != $0.2 }.map { (field: $0.0, recorded: $0.1, wanted: $0.2) }
  }

  /// The same run with the `defaults` of another record.
  func withDefaults(of other: RunRecord) -> RunRecord {
    guard case .map(var values) = configuration else { return self }
    values["defaults"] =
      other.configuration["defaults"] == .null
      ? nil : other.configuration["defaults"]
    var copy = self
    copy.configuration = .map(values)
    return copy
  }

  private var processorText: String { processorLevel.map { "\($0)" } ?? "not recorded" }

  private static func words(_ subset: [ExampleID]?) -> String {
    subset.map { "of \($0.count) examples" } ?? "none"
  }

  /// Reads a run's record.
  ///
  /// - Throws: `CheckpointError.changed`, `.unreadableProvenance`, `RunError`.
  static func read(_ file: String) throws -> RunRecord {
    struct Version: Decodable { let formatVersion: Int }
    let version = try SealedJSON.read(Version.self, from: file).formatVersion
    guard version >= 1 && version <= newestVersion else {
      throw RunError.unsupportedVersion(found: version, newest: newestVersion, file: file)
    }
    return try SealedJSON.read(RunRecord.self, from: file)
  }
}

extension ConfigurationValue {
  /// A member of a mapping, `null` when there is none.
  package subscript(key: String) -> ConfigurationValue {
    if case .map(let values) = self { values[key] ?? .null } else { .null }
  }

  /// The first place, in order of the keys, where two values differ; 1 and 1.0 do not.
  func difference(
    from other: ConfigurationValue
  ) -> (path: String, a: String, b: String)? {
    switch (self, other) {
    case (.map(let a), .map(let b)):
      for key in Set(a.keys).union(b.keys).sorted() {
        if let found = (a[key] ?? .null).difference(from: b[key] ?? .null) {
          return (".\(key)\(found.path)", found.a, found.b)
        }
      }
      return nil
    case (.list(let a), .list(let b)) where a.count == b.count:
      for (index, (x, y)) in zip(a, b).enumerated() {
        if let found = x.difference(from: y) {
          return ("[\(index)]\(found.path)", found.a, found.b)
        }
      }
      return nil
    case (.int(let a), .double(let b)) where Double(a) == b: return nil
    case (.double(let a), .int(let b)) where a == Double(b): return nil
    default: return self == other ? nil : ("", canonicalJSON, other.canonicalJSON)
    }
  }
}
