import Checkpoints
import Configuration
import Datasets
import Factors
import Models
import Networks
import Storage
import SystemPackage
import Tensors

/// What a run file says of its network beside the model: adapters, what is frozen, where training
/// begins.
///
/// ```yaml
/// lora:     {rank: 8, alpha: 16, targets: [c_attn, "*.mlp.c_fc"]}
/// training: {freeze: [wte, "h.0"], from: models/gpt2, …}
/// ```
extension RunConfiguration {
  /// The same run with what the model takes from the examples: of texts, their tokenizer's
  /// vocabulary.
  public func fitted(to data: Dataset) -> RunConfiguration {
    guard case .bert(var bert) = model, bert.vocabulary == 0, let tokenizer = data.tokenizer
    else { return self }
    bert.vocabulary = tokenizer.vocabulary.count
    var copy = self
    copy.model = .bert(bert)
    return copy
  }

  /// Settles what a `bert` takes of sequences that are texts or arrays.
  ///
  /// - Throws: `ConfigurationError.missingKey` for arrays of ids without a vocabulary.
  static func settle(
    _ model: inout ModelConfiguration, for data: DataConfiguration, _ map: ConfigurationMap
  ) throws(ConfigurationError) {
    // A text is one segment, whatever tokens it has.
    if data.readsTexts, let pretrained = model.pretrained {
      model = .pretrained(pretrained.withoutSeparator())
    }
    guard case .bert(var bert) = model else { return }
    if bert.vocabulary == 0 && !data.readsTexts {
      let map = try map.map("model")
      throw .missingKey(map.place(), key: "vocabulary", present: map.keys)
    }
    bert.padding = bert.padding ?? (data.readsTexts ? -1 : 0)
    model = .bert(bert)
  }

  /// The network for some examples, with its adapters and what is frozen.
  ///
  /// - Throws: `SelectionError` for patterns that fit no layer.
  public func network(for data: Dataset) throws -> Network {
    try RunConfiguration.network(
      model, adapters: adapters, freeze: training.freeze, inputShape: data.featureShape,
      outputs: data.outputCount)
  }

  /// The network of a model with its adapters and what is frozen.
  static func network(
    _ model: ModelConfiguration, adapters: LowRankAdapters?, freeze: LayerPatterns?,
    inputShape: [Int], outputs: Int
  ) throws -> Network {
    var network = try model.network(inputShape: inputShape, outputs: outputs)
    if let adapters { network = try network.adapted(by: adapters, place: "lora.targets") }
    if let freeze { network = try network.freezing(freeze, place: "training.freeze") }
    return network
  }

  /// The same network with the weights that training begins with, where the run file names some.
  ///
  /// Adapters begin as they do.
  ///
  /// - Throws: `CheckpointError` naming the tensor that does not fit, `.ambiguousWeights` for
  ///   several checkpoints.
  public func started(_ network: Network) throws -> Network {
    guard let path = startPath else { return network }
    guard let model = model.pretrained, model.newHead != nil else {
      return network.starting(from: try network.modelValues(from: path))
    }
    return network.starting(
      from: try network.modelValues(from: path, newHeadOf: model, seed: training.seed))
  }

  /// Where the weights are that training begins with; nil when they are drawn.
  var startPath: String? {
    training.from.map { RunConfiguration.resolved($0, in: folder) }
  }

  /// A path of the run file.
  static func resolved(_ path: String, in folder: String) -> String {
    folder == "." ? path : FilePath(folder).pushing(FilePath(path)).string
  }

  /// Reads `lora`.
  static func adapters(from map: ConfigurationMap) throws(ConfigurationError) -> LowRankAdapters? {
    guard let lora = try map.map(ifPresent: "lora") else { return nil }
    try lora.checkKeys(known: ["rank", "alpha", "targets"])
    let rank = try lora.int("rank", in: 1...1 << 20)
    let targets = try lora.strings(ifPresent: "targets")
    guard let targets, !targets.isEmpty else {
      throw .missingKey(lora.place(), key: "targets", present: lora.keys)
    }
    return LowRankAdapters(
      rank: rank, alpha: try lora.double("alpha", in: .positive, default: Double(rank)),
      targets: LayerPatterns(targets))
  }
}

extension LowRankAdapters {
  /// The `lora` of a run file.
  var value: ConfigurationValue {
    .map([
      "rank": .int(rank), "alpha": .double(alpha),
      "targets": .list(targets.patterns.map { .string($0) }),
    ])
  }
}

extension Run {
  /// The network with the weights that its training began with, to train others like it.
  ///
  /// - Throws: `RunError.startChanged` when those weights are others now; `.noStart` when
  ///   frozen weights would be drawn that were imported.
  public func networkToTrain() throws -> Network {
    let configuration = try configuration()
    let network = try network
    if record.status == .imported && network.selection != nil && configuration.startPath == nil {
      throw RunError.noStart(run: name)
    }
    let started = try configuration.started(network)
    let found = started.startHash
    guard found == record.dataHashes["start"] else {
      throw RunError.startChanged(
        recorded: record.dataHashes["start"] ?? "none", found: found ?? "none",
        path: configuration.startPath ?? folder)
    }
    return started
  }
}

extension Network {
  /// The weights of the model, without adapters, from a place that has one checkpoint.
  ///
  /// - Throws: `CheckpointError` naming the tensor that does not fit, `.ambiguousWeights` for
  ///   several checkpoints.
  func modelValues(from path: String) throws -> Tensor {
    try Network.weights(at: path).parameters(layout: modelParameters).parameters
  }

  /// The same of an encoder, with a head that is drawn, whatever head the weights have.
  ///
  /// A pooler is drawn where the weights have none, and left out where the network has none.
  func modelValues(
    from path: String, newHeadOf model: PretrainedModel, seed: UInt64
  ) throws -> Tensor {
    let weights = try Network.weights(at: path)
    let hasPooler = weights.entries.contains { $0.name.contains("pooler.dense.") }
    func isDrawn(_ name: String) -> Bool {
      model.isHead(name) || (name.contains("pooler.dense.") && !hasPooler)
    }
    let kept = modelParameters.filter { !isDrawn($0.name) }
    var layout: [Parameter] = []
    for parameter in kept {
      layout.append(
        Parameter(
          name: parameter.name, shape: parameter.shape,
          offset: layout.last?.range.upperBound ?? 0))
    }
    let readsPooler = kept.contains { $0.name.contains("pooler.dense.") }
    let heads = ["classifier", "pre_classifier", "cls", "lm_head", "qa_outputs", "vocab_"]
    let fitted = try weights.parameters(layout: layout) { name in
      heads.contains(where: name.hasPrefix) || (!readsPooler && name.contains("pooler.dense."))
    }
    let drawn = initialParameters(seed: seed)
    let values = Tensor(uninitialized: [modelParameters.last?.range.upperBound ?? 0])
    values.storage.base.update(from: drawn.storage.base, count: values.count)
    for (parameter, source) in zip(kept, layout) {
      (values.storage.base + parameter.offset).update(
        from: fitted.parameters.storage.base + source.offset, count: parameter.count)
    }
    return values
  }

  /// The one checkpoint of a place.
  private static func weights(at path: String) throws -> ForeignWeights {
    let found = try ForeignCheckpoint.find(path)
    guard found.count == 1, let file = found.first?.path else {
      throw CheckpointError.ambiguousWeights(names: found.map(\.path), folder: path)
    }
    return try ForeignWeights(reading: file)
  }

  /// Identity of the weights that training begins with; nil when they are drawn.
  var startHash: String? {
    start.map { modelHash($0, layout: modelParameters).description }
  }
}
