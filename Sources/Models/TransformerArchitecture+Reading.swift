import Configuration
import Networks
import Tensors

/// The architecture that a Hugging Face `config.json` describes, as far as this library has it.
///
/// What would change the outputs and is not built (some rotary scalings, layers of several kinds,
/// …) is refused by its key; what serves training or generation alone is not read.
extension TransformerArchitecture {
  /// The classes that write such files, by `model_type`.
  package static let classNames = [
    "gpt2": "GPT2LMHeadModel", "nanogpt": "NanoGPT",
    "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM", "olmo2": "Olmo2ForCausalLM",
    "gemma2": "Gemma2ForCausalLM", "gpt_neox": "GPTNeoXForCausalLM",
    "bert": "BertForSequenceClassification", "roberta": "RobertaForSequenceClassification",
    "distilbert": "DistilBertForSequenceClassification", "vit": "ViTForImageClassification",
  ]

  /// Language models that were saved without their head: a tied one is the embedding, and another
  /// one is missed by its name.
  private static let bareNames = [
    "gpt2": "GPT2Model", "llama": "LlamaModel", "mistral": "MistralModel", "qwen2": "Qwen2Model",
    "qwen3": "Qwen3Model", "olmo2": "Olmo2Model", "gemma2": "Gemma2Model",
    "gpt_neox": "GPTNeoXModel",
  ]

  /// Reads the members of a `config.json`.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.unsupportedSetting` naming the key;
  ///   `ConfigurationError` for sizes that are missing or no numbers; `MemoryError` for a model that
  ///   this machine cannot hold.
  init(reading map: ConfigurationMap) throws {
    let type = try TransformerArchitecture.modelType(of: map)
    let names = try map.list(ifPresent: "architectures") ?? []
    let (whole, bare) = (TransformerArchitecture.classNames, TransformerArchitecture.bareNames)
    let own = [whole[type], bare[type]].compactMap { $0 }
    let known = own.isEmpty ? Array(whole.values) + bare.values : own
    for case .string(let name) in names where !known.contains(name) {
      throw ModelError.unsupportedArchitecture(name, file: map.file)
    }
    if own.isEmpty { throw ModelError.unsupportedArchitecture(type, file: map.file) }
    try TransformerArchitecture.refuseForeign(map, of: type)
    switch type {
    case "gpt2": self = .gpt2(try TransformerArchitecture.gpt2(map))
    case "nanogpt": self = .gpt2(try TransformerArchitecture.nanoGPT(map))
    case "gpt_neox": self = .gptNeoX(try TransformerArchitecture.gptNeoX(map))
    case "bert": self = .bert(try TransformerArchitecture.bert(map, .bert))
    case "roberta": self = .bert(try TransformerArchitecture.bert(map, .roberta))
    case "distilbert": self = .bert(try TransformerArchitecture.distilBERT(map))
    case "vit": self = .vit(try TransformerArchitecture.vit(map))
    default:
      guard let family = LlamaConfiguration.Family(rawValue: type) else {
        throw ModelError.unsupportedArchitecture(type, file: map.file)
      }
      self = .llama(try TransformerArchitecture.llama(map, family))
    }
    // Asked before a layer is made: sizes that pass cannot overflow in the network's own sums.
    try Memory.require(
      4 * leastParameters, for: "the model of \(map.file)",
      remedy: "check its sizes, or use a machine with more memory.")
  }

  /// `model_type`; nanoGPT's `model_args` have none, and are known by their own word for the context.
  private static func modelType(of map: ConfigurationMap) throws -> String {
    if !map.has("model_type"), map.has("n_embd"), map.has("block_size") { return "nanogpt" }
    return try map.string("model_type")
  }

  /// nanoGPT's `model_args`.
  ///
  /// - Source: github.com/karpathy/nanoGPT, `model.py`: exact GELU, one dropout rate, a tied head.
  private static func nanoGPT(_ map: ConfigurationMap) throws -> GPT2Configuration {
    let width = try size(map, "n_embd")
    let heads = try size(map, "n_head")
    try requireDivisor(map, heads, "n_head", of: width)
    let dropout = try rate(map, "dropout", default: 0)
    return GPT2Configuration(
      vocabulary: try size(map, "vocab_size"), context: try size(map, "block_size"),
      layers: try layers(map, "n_layer"), heads: heads, width: width,
      isTied: try map.bool("tie_word_embeddings", default: true),
      epsilon: try epsilon(map, "layer_norm_epsilon", default: 1e-5),
      activation: try activation(map, "activation_function", default: "gelu"),
      dropout: dropout, attentionDropout: dropout, family: .nanogpt,
      hasBias: try map.bool("bias", default: true))
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
