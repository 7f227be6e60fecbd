import Configuration
import Networks
import Tensors

/// The architecture that a Hugging Face `config.json` describes, as far as this library has it.
///
/// What would change the outputs and is not built (some rotary scalings, biases in Llama's
/// attention, …) is refused by its key; what serves training or generation alone is not read.
extension TransformerArchitecture {
  /// The classes that write such files, by `model_type`.
  package static let classNames = [
    "gpt2": "GPT2LMHeadModel", "llama": "LlamaForCausalLM",
    "bert": "BertForSequenceClassification", "vit": "ViTForImageClassification",
  ]

  /// Language models that were saved without their head: a tied one is the embedding, and another
  /// one is missed by its name.
  private static let bareNames = ["gpt2": "GPT2Model", "llama": "LlamaModel"]

  /// Reads the members of a `config.json`.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.unsupportedSetting` naming the key;
  ///   `ConfigurationError` for sizes that are missing or no numbers; `MemoryError` for a model that
  ///   this machine cannot hold.
  init(reading map: ConfigurationMap) throws {
    let type = try map.string("model_type")
    let names = try map.list(ifPresent: "architectures") ?? []
    let (whole, bare) = (TransformerArchitecture.classNames, TransformerArchitecture.bareNames)
    let own = [whole[type], bare[type]].compactMap { $0 }
    let known = own.isEmpty ? Array(whole.values) + bare.values : own
    for case .string(let name) in names where !known.contains(name) {
      throw ModelError.unsupportedArchitecture(name, file: map.file)
    }
    if own.isEmpty { throw ModelError.unsupportedArchitecture(type, file: map.file) }
    try TransformerArchitecture.refuseForeign(map)
    switch type {
    case "gpt2": self = .gpt2(try TransformerArchitecture.gpt2(map))
    case "llama": self = .llama(try TransformerArchitecture.llama(map))
    case "bert": self = .bert(try TransformerArchitecture.bert(map))
    case "vit": self = .vit(try TransformerArchitecture.vit(map))
    default: throw ModelError.unsupportedArchitecture(type, file: map.file)
    }
    // Asked before a layer is made: sizes that pass cannot overflow in the network's own sums.
    try Memory.require(
      4 * leastParameters, for: "the model of \(map.file)",
      remedy: "check its sizes, or use a machine with more memory.")
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
      layers: try layers(map, "n_layer"), heads: heads, width: width,
      mlpWidth: try map.int(ifPresent: "n_inner", in: 1...largest),
      isTied: try map.bool("tie_word_embeddings", default: true),
      epsilon: try epsilon(map, "layer_norm_epsilon", default: 1e-5),
      activation: try activation(map, "activation_function", default: "gelu_new"),
      dropout: try rate(map, "resid_pdrop"),
      attentionDropout: try rate(map, "attn_pdrop"))
  }

  private static func llama(_ map: ConfigurationMap) throws -> LlamaConfiguration {
    try require(map, "attention_bias", is: false)
    try require(map, "mlp_bias", is: false)
    guard try activation(map, "hidden_act", default: "silu") == .silu else {
      throw ModelError.unsupported(map, "hidden_act")
    }
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    let keyHeads = try map.int("num_key_value_heads", in: 1...largest, default: heads)
    try requireDivisor(map, keyHeads, "num_key_value_heads", of: heads)
    let headWidth = try map.int(ifPresent: "head_dim", in: 1...largest)
    if headWidth == nil { try requireDivisor(map, heads, "num_attention_heads", of: width) }
    guard (headWidth ?? width / heads).isMultiple(of: 2) else {
      throw ModelError.unsupported(map, headWidth == nil ? "num_attention_heads" : "head_dim")
    }
    let context = try size(map, "max_position_embeddings")
    let rotary = try rotary(map, context: context)
    return LlamaConfiguration(
      vocabulary: try size(map, "vocab_size"), context: context,
      layers: try layers(map, "num_hidden_layers"), heads: heads, keyHeads: keyHeads, width: width,
      headWidth: headWidth, mlpWidth: try size(map, "intermediate_size"),
      isTied: try map.bool("tie_word_embeddings", default: false),
      epsilon: try epsilon(map, "rms_norm_eps", default: 1e-6),
      rotaryBase: rotary.base, rotaryScaling: rotary.scaling)
  }

  /// `rope_parameters` (version 5 of transformers), or `rope_theta` beside `rope_scaling`, which
  /// goes before `rope_parameters` where there are both.
  private static func rotary(
    _ map: ConfigurationMap, context: Int
  ) throws -> (base: Double, scaling: RotaryScaling) {
    var (base, scaling): (Double?, RotaryScaling) = (nil, .none)
    for key in ["rope_parameters", "rope_scaling"] {
      guard let rope = try map.map(ifPresent: key), !rope.keys.isEmpty else { continue }
      scaling = try rotaryScaling(rope, context: context)
      base = try rope.double(ifPresent: "rope_theta", in: .positive)
    }
    return (try base ?? map.double("rope_theta", in: .positive, default: 10_000), scaling)
  }

  /// The scaling that a mapping describes; every other kind is refused, and every other key.
  private static func rotaryScaling(
    _ rope: ConfigurationMap, context: Int
  ) throws -> RotaryScaling {
    let type = rope.has("rope_type") ? "rope_type" : "type"
    var known = ["rope_type", "type", "rope_theta"]
    var scaling = RotaryScaling.none
    func factor(_ key: String) throws -> Double { try rope.double(key, in: .positive) }
    switch try rope.string(type, default: "default") {
    case "default": break
    case "linear":
      known += ["factor"]
      scaling = .linear(factor: try factor("factor"))
    case "llama3":
      let keys = ["factor", "low_freq_factor", "high_freq_factor"]
      known += keys + ["original_max_position_embeddings"]
      let (low, high) = (try factor(keys[1]), try factor(keys[2]))
      guard low < high else { throw ModelError.unsupported(rope, keys[2]) }
      scaling = .llama3(
        factor: try factor(keys[0]), low: low, high: high,
        context: try rope.int(known[known.count - 1], in: 1...largest, default: context))
    default: throw ModelError.unsupported(rope, type)
    }
    for key in rope.keys where !known.contains(key) { try refuse(rope, key) }
    return scaling
  }

  // MARK: Keys

  /// No size of a network that fits a machine.
  static let largest = 1 << 30

  static func size(_ map: ConfigurationMap, _ key: String) throws -> Int {
    try map.int(key, in: 1...largest)
  }

  /// As many blocks as a run file may ask for.
  static func layers(_ map: ConfigurationMap, _ key: String) throws -> Int {
    try map.int(key, in: 1...10_000)
  }

  static func activation(
    _ map: ConfigurationMap, _ key: String, default fallback: String
  ) throws -> Activation.Kind {
    switch try map.string(key, default: fallback) {
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate":
      .geluTanh
    case "gelu", "gelu_python": .gelu
    case "relu": .relu
    case "silu", "swish": .silu
    case "tanh": .tanh
    default: throw ModelError.unsupported(map, key)
    }
  }

  static func require(_ map: ConfigurationMap, _ key: String, is value: Bool) throws {
    if try map.bool(key, default: value) != value { throw ModelError.unsupported(map, key) }
  }

  static func requireDivisor(
    _ map: ConfigurationMap, _ divisor: Int, _ key: String, of number: Int
  ) throws {
    guard number.isMultiple(of: divisor) else { throw ModelError.unsupported(map, key) }
  }

  /// A dropout rate.
  static func rate(
    _ map: ConfigurationMap, _ key: String, default fallback: Double = 0.1
  ) throws -> Float {
    Float(try map.dropoutRate(key, default: fallback))
  }

  /// The ε of a norm, which would be infinite in fp32 if it could be any number.
  static func epsilon(
    _ map: ConfigurationMap, _ key: String, default fallback: Double
  ) throws -> Float {
    Float(try map.double(key, in: .properFraction, default: fallback))
  }
}

extension ModelError {
  /// A setting of a configuration file that would change the outputs and is not built.
  static func unsupported(_ map: ConfigurationMap, _ key: String) -> ModelError {
    .unsupportedSetting(
      key: key, value: map.value(key)?.canonicalJSON ?? "null", file: map.file)
  }
}
