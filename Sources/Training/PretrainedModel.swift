import Checkpoints
import Configuration
import Foundation
import Networks

/// The network that a Hugging Face `config.json` describes, as far as this library has it.
///
/// What would change the outputs and is not built (scaled rotary angles, biases in Llama's
/// attention, …) is refused by its key; what serves training or generation alone is not read.
public struct PretrainedModel: Sendable, Equatable {
  /// The sizes by architecture.
  public enum Sizes: Sendable, Hashable {
    /// `model_type: gpt2`, causal.
    case gpt2(GPT2Configuration)
    /// `model_type: llama`, causal.
    case llama(LlamaConfiguration)
  }

  /// The sizes.
  public let sizes: Sizes
  /// All of `config.json`.
  public let values: [String: ConfigurationValue]

  /// The architectures by the names that `config.json` gives them.
  public static let architectures = ["GPT2LMHeadModel", "LlamaForCausalLM"]

  /// The model of the `config.json` beside weights, if there is one.
  ///
  /// - Parameter source: a folder of checkpoints, or a file.
  /// - Throws: as `init(reading:)`; `CheckpointError` when there are no weights.
  public static func beside(_ source: String) throws -> PretrainedModel? {
    let first = try ForeignCheckpoint.find(source).first?.path ?? source
    let folder = (first as NSString).deletingLastPathComponent
    for candidate in [
      "\(source)/config.json", folder.isEmpty ? "config.json" : "\(folder)/config.json",
    ]
    where fileExists(candidate) {
      return try PretrainedModel(reading: candidate)
    }
    return nil
  }

  /// Reads `config.json`.
  ///
  /// - Throws: `TrainingError.unsupportedArchitecture`, `.unsupportedSetting` naming the key;
  ///   `ConfigurationError` for sizes that are missing or no numbers.
  public init(reading file: String) throws {
    try self.init(from: try ConfigurationMap(contentsOf: file))
  }

  /// Reads the members of a `config.json`.
  ///
  /// - Throws: as `init(reading:)`.
  public init(from map: ConfigurationMap) throws {
    values = map.values
    let file = map.file
    let type = try map.string("model_type")
    let names = try map.list(ifPresent: "architectures") ?? []
    for case .string(let name) in names where !PretrainedModel.architectures.contains(name) {
      throw TrainingError.unsupportedArchitecture(name, file: file)
    }
    switch type {
    case "gpt2": sizes = .gpt2(try PretrainedModel.gpt2(map))
    case "llama": sizes = .llama(try PretrainedModel.llama(map))
    default: throw TrainingError.unsupportedArchitecture(type, file: file)
    }
  }

  /// The network for sequences of a length, at most the context; the context when nil.
  public func network(length: Int? = nil) -> Network {
    switch sizes {
    case .gpt2(let sizes): .gpt2(sizes, length: length)
    case .llama(let sizes): .llama(sizes, length: length)
    }
  }

  /// Why data does not suit; nil when it does.
  func problem(inputShape: [Int], outputs: Int) -> String? {
    let (context, vocabulary) =
      switch sizes {
      case .gpt2(let sizes): (sizes.context, sizes.vocabulary)
      case .llama(let sizes): (sizes.context, sizes.vocabulary)
      }
    guard inputShape.count == 1 else { return "takes sequences, not examples of \(inputShape)" }
    if inputShape[0] > context {
      return "has a context of \(context), and the sequences are \(inputShape[0]) long"
    }
    if outputs != vocabulary {
      return "has \(vocabulary) tokens, and the data \(outputs) (for arrays of ids set "
        + "`vocabulary: \(vocabulary)`)"
    }
    return nil
  }

  private static func gpt2(_ map: ConfigurationMap) throws -> GPT2Configuration {
    try require(map, "scale_attn_weights", is: true)
    try require(map, "scale_attn_by_inverse_layer_idx", is: false)
    try require(map, "add_cross_attention", is: false)
    let width = try size(map, "n_embd")
    let heads = try size(map, "n_head")
    try requireDivisor(map, heads, "n_head", of: width)
    return GPT2Configuration(
      vocabulary: try size(map, "vocab_size"), context: try size(map, "n_positions"),
      layers: try size(map, "n_layer"), heads: heads, width: width,
      mlpWidth: try map.int(ifPresent: "n_inner", in: 1...largest),
      isTied: try map.bool("tie_word_embeddings", default: true),
      epsilon: Float(try map.double("layer_norm_epsilon", in: .positive, default: 1e-5)),
      activation: try activation(map, "activation_function", default: "gelu_new"),
      dropout: Float(try map.double("resid_pdrop", in: .from(0, below: 1), default: 0.1)))
  }

  private static func llama(_ map: ConfigurationMap) throws -> LlamaConfiguration {
    try require(map, "attention_bias", is: false)
    try require(map, "mlp_bias", is: false)
    guard try activation(map, "hidden_act", default: "silu") == .silu else {
      throw unsupported(map, "hidden_act")
    }
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    let keyHeads = try map.int("num_key_value_heads", in: 1...largest, default: heads)
    try requireDivisor(map, keyHeads, "num_key_value_heads", of: heads)
    let headWidth = try map.int(ifPresent: "head_dim", in: 1...largest)
    if headWidth == nil { try requireDivisor(map, heads, "num_attention_heads", of: width) }
    guard (headWidth ?? width / heads).isMultiple(of: 2) else {
      throw unsupported(map, headWidth == nil ? "num_attention_heads" : "head_dim")
    }
    return LlamaConfiguration(
      vocabulary: try size(map, "vocab_size"),
      context: try size(map, "max_position_embeddings"),
      layers: try size(map, "num_hidden_layers"), heads: heads, keyHeads: keyHeads, width: width,
      headWidth: headWidth, mlpWidth: try size(map, "intermediate_size"),
      isTied: try map.bool("tie_word_embeddings", default: false),
      epsilon: Float(try map.double("rms_norm_eps", in: .positive, default: 1e-6)),
      rotaryBase: try rotaryBase(map))
  }

  /// `rope_parameters` (version 5 of transformers), or `rope_theta` beside `rope_scaling`.
  private static func rotaryBase(_ map: ConfigurationMap) throws -> Double {
    for key in ["rope_scaling", "rope_parameters"] {
      guard let rope = try map.map(ifPresent: key) else { continue }
      let type = try rope.string(ifPresent: "rope_type") ?? rope.string("type", default: "default")
      guard type == "default" else { throw unsupported(rope, "rope_type") }
      if let base = try rope.double(ifPresent: "rope_theta", in: .positive) { return base }
    }
    return try map.double("rope_theta", in: .positive, default: 10_000)
  }

  // MARK: Keys

  /// No size of a network that fits a machine.
  private static let largest = 1 << 30

  private static func size(_ map: ConfigurationMap, _ key: String) throws -> Int {
    try map.int(key, in: 1...largest)
  }

  private static func activation(
    _ map: ConfigurationMap, _ key: String, default fallback: String
  ) throws -> Activation.Kind {
    switch try map.string(key, default: fallback) {
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": .geluTanh
    case "gelu": .gelu
    case "relu": .relu
    case "silu", "swish": .silu
    case "tanh": .tanh
    default: throw unsupported(map, key)
    }
  }

  private static func require(_ map: ConfigurationMap, _ key: String, is value: Bool) throws {
    if try map.bool(key, default: value) != value { throw unsupported(map, key) }
  }

  private static func requireDivisor(
    _ map: ConfigurationMap, _ divisor: Int, _ key: String, of number: Int
  ) throws {
    guard number.isMultiple(of: divisor) else { throw unsupported(map, key) }
  }

  private static func unsupported(_ map: ConfigurationMap, _ key: String) -> TrainingError {
    .unsupportedSetting(
      key: key, value: map.value(key)?.canonicalJSON ?? "null", file: map.file)
  }
}
