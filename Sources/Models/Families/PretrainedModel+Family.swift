import Configuration
import Networks
import Storage
import Tensors

/// What a Hugging Face `config.json` describes, as a family of a run file.
///
/// ```yaml
/// model: {kind: pretrained, config: {model_type: gpt2, …}}
/// model: {kind: pretrained, classes: 6}      # a new head on the encoder at training.from
/// ```
extension PretrainedModel: ModelFamily {
  /// Reads the mapping `model`, whose `config` has the keys of Hugging Face.
  init(fromModel map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind", "config", "classes"])
    let classes = try map.int(ifPresent: "classes", in: 1...1_000_000)
    guard case .map(let values) = map.value("config") else {
      throw .missingKey(map.place(), key: "config", present: map.keys)
    }
    do {
      try self.init(from: ConfigurationMap(values, file: map.file), newHead: classes)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let problem = (error as? any DiagnosableError)?.what ?? "\(error)"
      throw .wrongType(
        map.place("config"), found: "a model of which \(problem)", expected: "one that is supported"
      )
    }
  }

  /// Reads the mapping `model` without `config`: the `config.json` beside the weights that training
  /// begins with, with a new head where `classes` says how many.
  ///
  /// - Returns: nil when it is of another kind, has a `config`, or none is there.
  package init?(
    from map: ConfigurationMap, beside folder: String
  ) throws(ConfigurationError) {
    guard try map.string(ifPresent: "kind") == "pretrained", !map.has("config"),
      fileExists(folder + "/config.json")
    else { return nil }
    let config = try ConfigurationMap(contentsOf: folder + "/config.json")
    var values: [String: ConfigurationValue] = [
      "kind": .string("pretrained"), "config": .map(config.values),
    ]
    values["classes"] = map.value("classes")
    try map.checkKeys(known: ["kind", "classes"])
    try self.init(fromModel: ConfigurationMap(values, file: map.file))
  }

  /// The members of `config.json`, and the outputs of a new head.
  public var settings: [String: ConfigurationValue] {
    var settings: [String: ConfigurationValue] = ["config": .map(values)]
    settings["classes"] = newHead.map { .int($0) }
    return settings
  }

  /// Next tokens, classes, or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss == architecture.loss }

  /// Why the architecture does not suit.
  public func problem(inputShape: [Int], outputs: Int) -> ModelProblem? {
    architecture.problem(inputShape: inputShape, outputs: outputs).map { .shape($0) }
  }

  /// The network for examples of a shape.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    network(inputShape: inputShape)
  }

  /// Its architecture, whatever the examples.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    architecture
  }
}
