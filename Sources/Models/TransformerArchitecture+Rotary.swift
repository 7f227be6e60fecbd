import Configuration
import Networks

/// The architectures of Hugging Face with rotary positions.
extension TransformerArchitecture {
  /// Llama and its relatives.
  static func llama(
    _ map: ConfigurationMap, _ family: LlamaConfiguration.Family
  ) throws -> LlamaConfiguration {
    let biases = try biases(map, family)
    try require(map, "use_bidirectional_attention", is: false)
    try requireGate(map, family)
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    let keyHeads = try map.int("num_key_value_heads", in: 1...largest, default: heads)
    try requireDivisor(map, keyHeads, "num_key_value_heads", of: heads)
    let headWidth = try headWidth(map, family)
    if headWidth == nil { try requireDivisor(map, heads, "num_attention_heads", of: width) }
    guard (headWidth ?? width / heads).isMultiple(of: 2) else {
      throw ModelError.unsupported(map, headWidth == nil ? "num_attention_heads" : "head_dim")
    }
    let context = try size(map, "max_position_embeddings")
    let rotary = try rotary(map, context: context)
    var sizes = LlamaConfiguration(
      family, vocabulary: try size(map, "vocab_size"), context: context,
      layers: try layers(map, "num_hidden_layers"), heads: heads, keyHeads: keyHeads, width: width,
      headWidth: headWidth, mlpWidth: try size(map, "intermediate_size"),
      isTied: try map.bool("tie_word_embeddings", default: family == .gemma2),
      epsilon: try epsilon(map, "rms_norm_eps", default: family == .olmo2 ? 1e-5 : 1e-6),
      rotaryBase: rotary.base, rotaryScaling: rotary.scaling, window: try window(map, family),
      hasAttentionBias: biases.attention, hasMLPBias: biases.mlp)
    if family == .gemma2 {
      let scalar = try map.double("query_pre_attn_scalar", in: .positive, default: 256)
      sizes.attentionScale = Float(1 / scalar.squareRoot())
      sizes.attentionCap = try cap(map, "attn_logit_softcapping", default: 50)
      sizes.logitCap = try cap(map, "final_logit_softcapping", default: 30)
    }
    return sizes
  }

  /// `attention_bias` and `mlp_bias`, of the classes that read them: the others have no such biases
  /// whatever the file says, and a file that asks for them is refused.
  private static func biases(
    _ map: ConfigurationMap, _ family: LlamaConfiguration.Family
  ) throws -> (attention: Bool, mlp: Bool) {
    switch family {
    case .llama, .qwen3, .olmo2, .gemma2: break
    case .mistral, .qwen2: try require(map, "attention_bias", is: false)
    }
    if family != .llama { try require(map, "mlp_bias", is: false) }
    return (
      try map.bool("attention_bias", default: false), try map.bool("mlp_bias", default: false)
    )
  }

  /// The width of a head, where the file says it or the class has one of its own.
  private static func headWidth(
    _ map: ConfigurationMap, _ family: LlamaConfiguration.Family
  ) throws -> Int? {
    if let own = try map.int(ifPresent: "head_dim", in: 1...largest) { return own }
    switch family {
    case .qwen3: return 128
    case .gemma2: return 256
    case .llama, .mistral, .qwen2, .olmo2: return nil
    }
  }

  /// Refuses another non-linearity than the family's.
  private static func requireGate(
    _ map: ConfigurationMap, _ family: LlamaConfiguration.Family
  ) throws {
    guard family == .gemma2 else {
      guard try activation(map, "hidden_act", default: "silu") == .silu else {
        throw ModelError.unsupported(map, "hidden_act")
      }
      return
    }
    let key = "hidden_activation"
    guard try activation(map, key, default: "gelu_pytorch_tanh") == .geluTanh else {
      throw ModelError.unsupported(map, key)
    }
  }

  /// The keys that a query sees in some layer; nil: all.
  private static func window(
    _ map: ConfigurationMap, _ family: LlamaConfiguration.Family
  ) throws -> Int? {
    let types = try map.strings(ifPresent: "layer_types") ?? []
    for type in types where type != "full_attention" && type != "sliding_attention" {
      throw ModelError.unsupported(map, "layer_types")
    }
    switch family {
    case .llama, .olmo2: return nil
    case .qwen2, .qwen3:
      guard try map.bool("use_sliding_window", default: false) else { return nil }
    case .mistral, .gemma2: break
    }
    if !types.isEmpty && !types.contains("sliding_attention") { return nil }
    if map.value("sliding_window") == .null { return nil }
    return try map.int("sliding_window", in: 1...largest, default: 4_096)
  }

  private static func cap(
    _ map: ConfigurationMap, _ key: String, default fallback: Double
  ) throws -> Float? {
    map.value(key) == .null ? nil : Float(try map.double(key, in: .positive, default: fallback))
  }

  static func gptNeoX(_ map: ConfigurationMap) throws -> GPTNeoXConfiguration {
    try require(map, "attention_bias", is: true)
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    try requireDivisor(map, heads, "num_attention_heads", of: width)
    let context = try size(map, "max_position_embeddings")
    let (partKey, headWidth) = ("partial_rotary_factor", width / heads)
    let rope = try map.map(ifPresent: "rope_parameters")
    let part =
      try rope?.double(ifPresent: partKey, in: .fraction)
      ?? map.double("rotary_pct", in: .fraction, default: 0.25)
    let turning = Int(part * Double(headWidth))
    guard turning.isMultiple(of: 2), turning > 0 else {
      throw ModelError.unsupported(map, map.has("rotary_pct") ? "rotary_pct" : "rope_parameters")
    }
    let rotary = try rotary(
      map, context: context, plainKey: "rotary_emb_base", known: [partKey])
    return GPTNeoXConfiguration(
      vocabulary: try size(map, "vocab_size"), context: context,
      layers: try layers(map, "num_hidden_layers"), heads: heads, width: width,
      mlpWidth: try size(map, "intermediate_size"), turning: turning,
      isParallel: try map.bool("use_parallel_residual", default: true),
      isTied: try map.bool("tie_word_embeddings", default: false),
      epsilon: try epsilon(map, "layer_norm_eps", default: 1e-5),
      activation: try activation(map, "hidden_act", default: "gelu"),
      rotaryBase: rotary.base, rotaryScaling: rotary.scaling,
      dropout: try rate(map, "hidden_dropout", default: 0),
      attentionDropout: try rate(map, "attention_dropout", default: 0))
  }

  /// `rope_parameters` (version 5 of transformers), or `rope_theta` beside `rope_scaling`, which
  /// goes before `rope_parameters` where there are both.
  ///
  /// - Parameters:
  ///   - plainKey: of the base beside them.
  ///   - known: further keys that are read elsewhere.
  private static func rotary(
    _ map: ConfigurationMap, context: Int, plainKey: String = "rope_theta", known: [String] = []
  ) throws -> (base: Double, scaling: RotaryScaling) {
    var (base, scaling): (Double?, RotaryScaling) = (nil, .none)
    for key in ["rope_parameters", "rope_scaling"] {
      guard let rope = try map.map(ifPresent: key), !rope.keys.isEmpty else { continue }
      scaling = try rotaryScaling(rope, context: context, known: known)
      base = try rope.double(ifPresent: "rope_theta", in: .positive)
    }
    return (try base ?? map.double(plainKey, in: .positive, default: 10_000), scaling)
  }

  /// The scaling that a mapping describes; every other kind is refused, and every other key.
  private static func rotaryScaling(
    _ rope: ConfigurationMap, context: Int, known others: [String]
  ) throws -> RotaryScaling {
    let type = rope.has("rope_type") ? "rope_type" : "type"
    var known = ["rope_type", "type", "rope_theta"] + others
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
}
