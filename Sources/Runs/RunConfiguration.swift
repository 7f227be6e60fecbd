import Configuration
import Datasets
import Models
import Networks
import Storage
import SystemPackage
import Training

/// A run file: what is trained on which data, and how.
///
/// ```yaml
/// name: digits
/// data:     {train: {format: csv, path: train.csv, label: last}, test: {…}}
/// model:    {kind: mlp, hidden: [128, 64]}
/// lora:     {rank: 8, alpha: 16, targets: [c_attn]}      # optional
/// training: {rate: 0.05, momentum: 0.9, epochs: 30}     # weights: weights.csv for a weight an example
/// defaults: {method: trajectory}                        # optional; read by later commands
/// ```
/// Paths are relative to the file. Unknown keys are errors.
public struct RunConfiguration: Sendable {
  /// The run's name, which is its folder's.
  public var name: String
  /// Where the data is.
  public private(set) var data: DataConfiguration
  /// The `data` mapping as written.
  public private(set) var dataValue: ConfigurationValue
  /// Where the relative paths of `data` begin.
  public let folder: String
  /// The network.
  public var model: ModelConfiguration
  /// Low-rank adapters beside frozen layers; nil: none.
  public var adapters: LowRankAdapters?
  /// The training; its defaults, with a rate and epochs that mean nothing, when the run file of
  /// imported weights has none.
  public var training: TrainingConfiguration
  /// Whether the run file has a `training`: without, weights can be imported but not trained.
  public let hasTraining: Bool
  /// Defaults of later commands, as written.
  public let defaults: ConfigurationValue?
  /// The same as a mapping, whose errors name the file and line; nil without.
  public let defaultsMap: ConfigurationMap?

  /// Reads a run file.
  ///
  /// Without a `name` the file's own name serves.
  ///
  /// - Parameters:
  ///   - dataFolder: where relative paths begin; nil: the file's own folder.
  ///   - requiresTraining: whether a file without `training` is refused.
  ///   - pretrained: the model where the file has no `model`.
  public init(
    contentsOf file: String, relativeTo dataFolder: String? = nil, requiresTraining: Bool = true,
    pretrained: PretrainedModel? = nil
  ) throws(ConfigurationError) {
    let path = FilePath(file)
    try self.init(
      from: try ConfigurationMap(contentsOf: file), relativeTo: dataFolder ?? path.folder.string,
      defaultName: path.name.split(separator: ".").first.map(String.init),
      requiresTraining: requiresTraining, pretrained: pretrained)
  }

  /// Reads the mapping of a run file.
  ///
  /// - Parameters:
  ///   - folder: where relative paths begin.
  ///   - defaultName: the name when the mapping has none.
  ///   - requiresTraining: whether a mapping without `training` is refused.
  ///   - pretrained: the model where the mapping has no `model`.
  public init(
    from map: ConfigurationMap, relativeTo folder: String, defaultName: String? = nil,
    requiresTraining: Bool = true, pretrained: PretrainedModel? = nil
  ) throws(ConfigurationError) {
    try map.checkKeys(known: ["name", "data", "model", "lora", "training", "defaults"])
    if let given = try map.string(ifPresent: "name") ?? defaultName {
      name = given
    } else {
      name = try map.string("name")
    }
    guard RunConfiguration.isName(name) else {
      throw .wrongType(
        map.place("name"), found: "the text `\(name)`",
        expected: "a name of letters, digits, `-`, `_` and `.`")
    }
    let data = try DataConfiguration(from: map.map("data"), relativeTo: folder)
    dataValue = map.value("data") ?? .null
    self.folder = folder
    if let pretrained, !map.has("model") {
      model = .pretrained(pretrained)
    } else if let from = try map.detachedMap(ifPresent: "training")?.string(ifPresent: "from"),
      let pretrained = try map.detachedMap(ifPresent: "model").flatMap({
        model throws(ConfigurationError) in
        try PretrainedModel(from: model, beside: RunConfiguration.resolved(from, in: folder))
      })
    {
      model = .pretrained(pretrained)
    } else {
      model = try ModelConfiguration(from: map.map("model"))
    }
    try RunConfiguration.settle(&model, for: data, map)
    adapters = try RunConfiguration.adapters(from: map)
    hasTraining = requiresTraining || map.has("training")
    training =
      hasTraining
      ? try TrainingConfiguration(from: map.map("training"))
      : TrainingConfiguration(rate: 1, epochs: 1)
    self.data = data.weighted(by: training.weights, relativeTo: folder)
    defaults = map.value("defaults")
    defaultsMap = try map.detachedMap(ifPresent: "defaults")
    if defaultsMap == nil, map.has("defaults") {
      throw .notAMapping(map.place("defaults"), found: map.value("defaults")?.summary ?? "nothing")
    }
    try map.finish()
  }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    var values: [String: ConfigurationValue] = [
      "name": .string(name), "data": dataValue, "model": model.value,
    ]
    if hasTraining { values["training"] = training.value }
    values["defaults"] = defaults
    values["lora"] = adapters?.value
    return .map(values)
  }

  /// The same run with images standardised as a model's processor does it, where they are files or
  /// IDX and the run file has no `standardise`.
  ///
  /// - Returns: and what is to be said of it.
  public func preprocessed(
    by processor: ImageProcessor
  ) throws(ConfigurationError) -> (configuration: RunConfiguration, note: String) {
    guard case .map(var values) = dataValue else { return (self, "") }
    if let own = values["standardise"], own != .null {
      return (
        self,
        "`standardise` is that of the run file; \(processor.file) has mean \(processor.mean), std "
          + "\(processor.std)"
      )
    }
    guard data.readsImages else {
      return (
        self,
        "arrays are taken as they are; the model's pixels have mean \(processor.mean), std "
          + "\(processor.std) subtracted and divided by (\(processor.file))"
      )
    }
    values["standardise"] = processor.value
    var copy = self
    copy.dataValue = .map(values)
    copy.data = try DataConfiguration(
      from: ConfigurationMap(values, file: processor.file), relativeTo: folder
    ).weighted(by: training.weights, relativeTo: folder)
    return (copy, processor.note)
  }

  /// The same run under another name.
  ///
  /// - Throws: `RunError.runName` when it cannot be a folder's name.
  public func renamed(_ name: String) throws(RunError) -> RunConfiguration {
    guard RunConfiguration.isName(name) else { throw .runName(name) }
    var copy = self
    copy.name = name
    return copy
  }

  /// Whether a name can be a folder's on every system.
  public static func isName(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, name.utf8.count <= 100, first != ".", first != "-"
    else { return false }
    return name.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0.properties.numericType != nil
        || "-_.".unicodeScalars.contains($0)
    }
  }
}
