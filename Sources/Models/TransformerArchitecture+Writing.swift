import Configuration
import Networks

/// What Hugging Face's `config.json` says of an architecture.
extension TransformerArchitecture {
  /// The `model_type`.
  package var modelType: String {
    switch self {
    case .gpt2(let sizes): sizes.family.rawValue
    case .llama(let sizes): sizes.family.rawValue
    case .gptNeoX: "gpt_neox"
    case .bert(let sizes): sizes.family.rawValue
    case .vit: "vit"
    }
  }

  /// The members of a `config.json` that `init(reading:)` and transformers read back as this.
  ///
  /// - Parameter classNames: of the classifiers' outputs, in order.
  package func values(classNames: [String]) -> [String: ConfigurationValue] {
    var values: [String: ConfigurationValue]
    switch self {
    case .gpt2(let sizes): values = TransformerArchitecture.values(sizes)
    case .llama(let sizes): values = TransformerArchitecture.values(sizes)
    case .gptNeoX(let sizes): values = TransformerArchitecture.values(sizes)
    case .bert(let sizes): values = TransformerArchitecture.values(sizes)
    case .vit(let sizes): values = TransformerArchitecture.values(sizes)
    }
    values["model_type"] = .string(modelType)
    values["architectures"] = TransformerArchitecture.classNames[modelType].map {
      .list([.string($0)])
    }
    values["torch_dtype"] = .string("float32")
    if isLanguageModel {
      // The defaults of Hugging Face are tokens of other vocabularies.
      values["bos_token_id"] = .null
      values["eos_token_id"] = .null
    } else {
      // Numbers have no names; the file counts outputs by theirs.
      let isRegression = loss == .squaredError
      let classNames = isRegression ? (0..<outputs).map { "LABEL_\($0)" } : classNames
      values["problem_type"] = .string(
        isRegression ? "regression" : "single_label_classification")
      values["id2label"] = .map(
        Dictionary(
          uniqueKeysWithValues: classNames.enumerated().map { ("\($0)", .string($1)) }))
      values["label2id"] = .map(
        Dictionary(
          classNames.enumerated().map { ($1, .int($0)) }, uniquingKeysWith: { first, _ in first }))
    }
    return values
  }

  private static func values(_ sizes: GPT2Configuration) -> [String: ConfigurationValue] {
    if sizes.family == .nanogpt {
      return [
        "vocab_size": .int(sizes.vocabulary), "block_size": .int(sizes.context),
        "n_layer": .int(sizes.layers), "n_head": .int(sizes.heads), "n_embd": .int(sizes.width),
        "bias": .bool(sizes.hasBias), "dropout": number(sizes.dropout),
        "activation_function": name(sizes.activation),
        "layer_norm_epsilon": number(sizes.epsilon), "tie_word_embeddings": .bool(sizes.isTied),
      ]
    }
    return [
      "vocab_size": .int(sizes.vocabulary), "n_positions": .int(sizes.context),
      "n_layer": .int(sizes.layers), "n_head": .int(sizes.heads), "n_embd": .int(sizes.width),
      "n_inner": .int(sizes.mlpWidth), "activation_function": name(sizes.activation),
      "layer_norm_epsilon": number(sizes.epsilon), "resid_pdrop": number(sizes.dropout),
      "embd_pdrop": number(sizes.dropout), "attn_pdrop": number(sizes.attentionDropout),
      "tie_word_embeddings": .bool(sizes.isTied),
    ]
  }

  private static func values(_ sizes: LlamaConfiguration) -> [String: ConfigurationValue] {
    var values: [String: ConfigurationValue] = [
      "vocab_size": .int(sizes.vocabulary), "max_position_embeddings": .int(sizes.context),
      "num_hidden_layers": .int(sizes.layers), "num_attention_heads": .int(sizes.heads),
      "num_key_value_heads": .int(sizes.keyHeads), "head_dim": .int(sizes.headWidth),
      "hidden_size": .int(sizes.width), "intermediate_size": .int(sizes.mlpWidth),
      "hidden_act": name(.silu), "rms_norm_eps": number(sizes.epsilon),
      "rope_theta": .double(sizes.rotaryBase), "attention_bias": .bool(sizes.hasAttentionBias),
      "mlp_bias": .bool(sizes.hasMLPBias), "tie_word_embeddings": .bool(sizes.isTied),
    ]
    values["rope_scaling"] = scaling(sizes.rotaryScaling)
    switch sizes.family {
    case .llama, .olmo2: break
    case .mistral: values["sliding_window"] = sizes.window.map { .int($0) } ?? .null
    case .qwen2, .qwen3:
      values["use_sliding_window"] = .bool(sizes.window != nil)
      values["sliding_window"] = sizes.window.map { .int($0) }
    case .gemma2:
      values["hidden_act"] = nil
      values["hidden_activation"] = .string("gelu_pytorch_tanh")
      values["sliding_window"] = sizes.window.map { .int($0) } ?? .null
      let scale = Double(sizes.attentionScale ?? 1)
      // 1/√s in fp32 stands for a number of few digits.
      let scalar = (1e4 / (scale * scale)).rounded() / 1e4
      values["query_pre_attn_scalar"] = Int(exactly: scalar).map { .int($0) } ?? .double(scalar)
      values["attn_logit_softcapping"] = sizes.attentionCap.map { number($0) } ?? .null
      values["final_logit_softcapping"] = sizes.logitCap.map { number($0) } ?? .null
    }
    return values
  }

  /// nil when angles are not scaled.
  private static func scaling(_ scaling: RotaryScaling) -> ConfigurationValue? {
    switch scaling {
    case .none: return nil
    case .linear(let factor):
      return .map(["rope_type": .string("linear"), "factor": .double(factor)])
    case .llama3(let factor, let low, let high, let context):
      return .map([
        "rope_type": .string("llama3"), "factor": .double(factor),
        "low_freq_factor": .double(low), "high_freq_factor": .double(high),
        "original_max_position_embeddings": .int(context),
      ])
    }
  }

  private static func values(_ sizes: GPTNeoXConfiguration) -> [String: ConfigurationValue] {
    let share = Double(sizes.turning) / Double(sizes.width / sizes.heads)
    var values: [String: ConfigurationValue] = [
      "vocab_size": .int(sizes.vocabulary), "max_position_embeddings": .int(sizes.context),
      "num_hidden_layers": .int(sizes.layers), "num_attention_heads": .int(sizes.heads),
      "hidden_size": .int(sizes.width), "intermediate_size": .int(sizes.mlpWidth),
      "hidden_act": name(sizes.activation), "layer_norm_eps": number(sizes.epsilon),
      "rotary_emb_base": .double(sizes.rotaryBase), "rotary_pct": .double(share),
      "use_parallel_residual": .bool(sizes.isParallel), "attention_bias": .bool(true),
      "tie_word_embeddings": .bool(sizes.isTied), "hidden_dropout": number(sizes.dropout),
      "attention_dropout": number(sizes.attentionDropout),
    ]
    values["rope_scaling"] = scaling(sizes.rotaryScaling)
    return values
  }

  private static func values(_ sizes: BERTConfiguration) -> [String: ConfigurationValue] {
    let padding = sizes.padding.flatMap { $0 < 0 ? nil : $0 }
    if sizes.family == .distilbert {
      return [
        "vocab_size": .int(sizes.vocabulary), "max_position_embeddings": .int(sizes.context),
        "n_layers": .int(sizes.layers), "n_heads": .int(sizes.heads), "dim": .int(sizes.width),
        "hidden_dim": .int(sizes.mlpWidth), "activation": name(sizes.activation),
        "pad_token_id": padding.map { .int($0) } ?? .null, "dropout": number(sizes.dropout),
        "attention_dropout": number(sizes.attentionDropout),
        "seq_classif_dropout": number(sizes.classifierDropout),
      ]
    }
    var values: [String: ConfigurationValue] = [
      "vocab_size": .int(sizes.vocabulary),
      "max_position_embeddings": .int(sizes.context + sizes.firstPosition),
      "num_hidden_layers": .int(sizes.layers), "num_attention_heads": .int(sizes.heads),
      "hidden_size": .int(sizes.width), "intermediate_size": .int(sizes.mlpWidth),
      "type_vocab_size": .int(sizes.segments), "hidden_act": name(sizes.activation),
      "pad_token_id": padding.map { .int($0) } ?? .null, "layer_norm_eps": number(sizes.epsilon),
      "hidden_dropout_prob": number(sizes.dropout),
      "attention_probs_dropout_prob": number(sizes.attentionDropout),
      "classifier_dropout": number(sizes.classifierDropout),
      "position_embedding_type": .string("absolute"),
    ]
    values["sep_token_id"] = sizes.separator.map { .int($0) }
    return values
  }

  private static func values(_ sizes: ViTConfiguration) -> [String: ConfigurationValue] {
    let image = sizes.image
    let isSquare = image.height == image.width
    return [
      "image_size": isSquare
        ? .int(image.height) : .list([.int(image.height), .int(image.width)]),
      "patch_size": .int(sizes.patch), "num_channels": .int(image.channels),
      "num_hidden_layers": .int(sizes.layers), "num_attention_heads": .int(sizes.heads),
      "hidden_size": .int(sizes.width), "intermediate_size": .int(sizes.mlpWidth),
      "hidden_act": name(sizes.activation), "qkv_bias": .bool(sizes.hasBias),
      "layer_norm_eps": number(sizes.epsilon), "hidden_dropout_prob": number(sizes.dropout),
      "attention_probs_dropout_prob": number(sizes.attentionDropout),
    ]
  }

  /// The shortest decimal of a float: 1e-12, not 9.99999996e-13.
  private static func number(_ value: Float) -> ConfigurationValue {
    .double(Double("\(value)") ?? Double(value))
  }

  private static func name(_ activation: Activation.Kind) -> ConfigurationValue {
    .string(activation == .geluTanh ? "gelu_new" : activation.rawValue)
  }
}
