import Configuration
import Networks
import Tensors

/// What a Hugging Face `config.json` describes, as a family of a run file.
///
/// ```yaml
/// model: {kind: pretrained, config: {model_type: gpt2, …}}
/// ```
extension PretrainedModel: ModelFamily {
  /// Reads the mapping `model`, whose `config` has the keys of Hugging Face.
  init(fromModel map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind", "config"])
    guard case .map(let values) = map.value("config") else {
      throw .missingKey(map.place(), key: "config", present: map.keys)
    }
    do {
      try self.init(from: ConfigurationMap(values, file: map.file))
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let problem = (error as? any DiagnosableError)?.what ?? "\(error)"
      throw .wrongType(
        map.place("config"), found: "a model of which \(problem)", expected: "one that is supported"
      )
    }
  }

  /// The members of `config.json`.
  public var settings: [String: ConfigurationValue] { ["config": .map(values)] }

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
