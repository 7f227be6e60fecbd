import Checkpoints
import Configuration
import Networks
import Storage

/// The network that a Hugging Face `config.json` describes, with the file's members.
public struct PretrainedModel: Sendable, Equatable {
  /// The family and the sizes.
  public let architecture: TransformerArchitecture
  /// All of `config.json`.
  public let values: [String: ConfigurationValue]
  /// The outputs of a new head, which weights do not have and training draws; nil: the model's own.
  public let newHead: Int?

  /// The architectures by the names that `config.json` gives them.
  public static let architectures = TransformerArchitecture.classNames.values.sorted()

  /// Members of `config.json` that say something and are not read.
  public var unread: [String] { architecture.unreadKeys(of: values) }

  /// The model of the `config.json` beside weights, if there is one.
  ///
  /// - Parameter source: a folder of checkpoints, or a file.
  /// - Throws: as `init(reading:)`; `ModelError.otherModel` when checkpoints have files that do
  ///   not describe one model; `CheckpointError` when there are no weights.
  public static func beside(_ source: String) throws -> PretrainedModel? {
    let suffix = "/config.json"
    var files: [String] = []
    for folder in [source] + (try ForeignCheckpoint.find(source).map(\.folder)) {
      let file = folder + suffix
      if !files.contains(file), fileExists(file) { files.append(file) }
    }
    guard let first = files.first else { return nil }
    let model = try PretrainedModel(reading: first)
    for file in files.dropFirst() {
      try model.require(PretrainedModel(reading: file), file: file, first: first)
    }
    return try model.separating(by: PairSeparator(beside: String(first.dropLast(suffix.count))))
  }

  /// The same with the separator of pairs that the tokenizer beside it has, where `config.json` says
  /// none.
  private func separating(by separator: PairSeparator?) throws -> PretrainedModel {
    guard let separator, case .bert(let sizes) = architecture, sizes.family == .bert,
      sizes.segments > 1, sizes.separator == nil, separator.id < sizes.vocabulary
    else { return self }
    return try setting("sep_token_id", to: .int(separator.id))
  }

  /// The same with all tokens of the first segment: of single texts, whatever tokens they have.
  package func withoutSeparator() -> PretrainedModel {
    guard case .bert(let sizes) = architecture, sizes.separator != nil else { return self }
    return (try? setting("sep_token_id", to: .null)) ?? self
  }

  private func setting(_ key: String, to value: ConfigurationValue) throws -> PretrainedModel {
    var values = values
    values[key] = value
    return try PretrainedModel(
      from: ConfigurationMap(values, file: "config.json"), newHead: newHead)
  }

  /// Refuses a model that is another function, or has other classes.
  private func require(
    _ other: PretrainedModel, file: String, first: String
  ) throws(ModelError) {
    func members(_ model: PretrainedModel) -> [String: ConfigurationValue] {
      model.architecture.values(classNames: model.classNames ?? [])
    }
    let (own, others) = (members(self), members(other))
    for key in Set(own.keys).union(others.keys).sorted() where own[key] != others[key] {
      throw .otherModel(
        key: key, value: others[key]?.canonicalJSON ?? "absent", file: file,
        first: own[key]?.canonicalJSON ?? "absent", firstFile: first)
    }
  }

  /// The names of `id2label` in the order of the outputs; nil without one for each from 0 on.
  var classNames: [String]? {
    guard case .map(let labels)? = values["id2label"] else { return nil }
    let names = (0..<labels.count).compactMap { index -> String? in
      if case .string(let name)? = labels["\(index)"] { name } else { nil }
    }
    return names.count == labels.count ? names : nil
  }

  /// Refuses data whose classes are the model's in another order, up to capitals.
  ///
  /// Classes of other names are taken in the order that they have.
  package func requireOrder(of names: [String]) throws(ModelError) {
    guard let own = classNames else { return }
    let (ours, theirs) = (own.map { $0.lowercased() }, names.map { $0.lowercased() })
    if ours != theirs, ours.sorted() == theirs.sorted() {
      throw .otherClassOrder(model: own, data: names)
    }
  }

  /// Reads `config.json`.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.unsupportedSetting` naming the key;
  ///   `ConfigurationError` for sizes that are missing or no numbers.
  public init(reading file: String) throws {
    try self.init(from: try ConfigurationMap(contentsOf: file))
  }

  /// Reads the members of a `config.json`.
  ///
  /// - Throws: as `init(reading:)`.
  public init(from map: ConfigurationMap) throws {
    try self.init(from: map, newHead: nil)
  }

  /// Reads the members of a `config.json`, for an encoder with a new head where one is wanted.
  ///
  /// - Parameter newHead: classes, or 1 for a number; the model may be a plain encoder then
  ///   (`BertModel`), or have another head.
  /// - Throws: as `init(reading:)`; `ModelError.unsupportedArchitecture` for a new head of another
  ///   model than an encoder of sequences.
  init(from map: ConfigurationMap, newHead: Int?) throws {
    self.newHead = newHead
    guard let newHead else {
      values = map.values
      architecture = try TransformerArchitecture(reading: map)
      return
    }
    let type = try map.string("model_type")
    guard BERTConfiguration.Family(rawValue: type) != nil,
      let name = TransformerArchitecture.classNames[type]
    else { throw ModelError.unsupportedArchitecture("\(type) with a new head", file: map.file) }
    var values = map.values
    values["architectures"] = .list([.string(name)])
    for key in ["num_labels", "problem_type", "label2id"] { values[key] = nil }
    values["id2label"] = .map(
      Dictionary(uniqueKeysWithValues: (0..<newHead).map { ("\($0)", .string("LABEL_\($0)")) }))
    self.values = values
    architecture = try TransformerArchitecture(
      reading: ConfigurationMap(values, file: map.file))
  }

  /// Whether a parameter is of the head, which a plain encoder does not have.
  package func isHead(_ name: String) -> Bool { !name.hasPrefix(architecture.modelType + ".") }

  /// The network for examples of a shape; for the longest sequences or the images when nil.
  public func network(inputShape: [Int]? = nil) -> Network {
    guard let network = architecture.network(inputShape: inputShape) else {
      preconditionFailure("a patch that was seen to fit")
    }
    return network
  }
}
