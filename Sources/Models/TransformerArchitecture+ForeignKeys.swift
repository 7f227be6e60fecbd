import Configuration

/// Members of a `config.json` that none of the architectures here has.
///
/// Files in the wild hold them, and `from_pretrained` may pass over them in silence. Those known to
/// change outputs are refused; of the others the user is told that they are not read.
extension TransformerArchitecture {
  /// Members that change the outputs of the models that have them.
  private static let foreign = [
    "attention_multiplier", "attn_logit_softcapping", "embedding_multiplier",
    "final_logit_softcapping", "layer_types", "logit_scale", "logits_scaling", "no_rope_layers",
    "num_local_experts", "partial_rotary_factor", "pruned_heads", "qk_norm",
    "quantization_config", "residual_multiplier", "sliding_window", "use_qk_norm",
  ]

  /// Those that an architecture has itself, by `model_type`.
  private static let read: [String: Set<String>] = [
    "mistral": ["sliding_window"], "qwen2": ["sliding_window", "layer_types"],
    "qwen3": ["sliding_window", "layer_types"],
    "gemma2": [
      "sliding_window", "layer_types", "attn_logit_softcapping", "final_logit_softcapping",
    ],
  ]

  /// Refuses each of them that says more than nothing.
  ///
  /// - Parameter type: the `model_type`.
  static func refuseForeign(_ map: ConfigurationMap, of type: String) throws(ModelError) {
    for key in foreign where read[type]?.contains(key) != true { try refuse(map, key) }
  }

  /// Refuses a member unless it says nothing: null, `false`, a factor of 1, an empty collection.
  static func refuse(_ map: ConfigurationMap, _ key: String) throws(ModelError) {
    switch map.value(key) {
    case nil, .null, .bool(false), .int(1), .double(1): return
    case .list(let list)? where list.isEmpty: return
    case .map(let members)? where members.isEmpty: return
    default: throw .unsupported(map, key)
    }
  }

  /// Members of no consequence here: of every architecture of Hugging Face, for generation, for
  /// initial values, for other heads, and what former versions wrote.
  private static let inconsequential: Set = [
    "_attn_implementation_autoset", "_commit_hash", "_name_or_path", "_num_labels",
    "architectures", "bad_words_ids", "begin_suppress_tokens", "bos_token_id",
    "chunk_size_feed_forward", "cross_attention_hidden_size", "decoder_start_token_id",
    "directionality", "diversity_penalty", "do_sample", "dtype", "early_stopping",
    "encoder_no_repeat_ngram_size", "encoder_stride", "eos_token_id",
    "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id",
    "forced_eos_token_id", "gradient_checkpointing", "id2label", "initializer_range",
    "is_decoder", "is_encoder_decoder", "label2id", "length_penalty", "max_length",
    "min_length", "model_type", "n_ctx", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
    "num_labels", "num_return_sequences", "output_attentions", "output_hidden_states",
    "output_past", "output_scores", "pad_token_id", "pooler_act", "pooler_fc_size",
    "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_output_size",
    "pooler_size_per_head", "pooler_type", "prefix", "pretraining_tp", "problem_type",
    "remove_invalid_values", "reorder_and_upcast_attn", "repetition_penalty", "return_dict",
    "return_dict_in_generate", "sep_token_id", "suppress_tokens", "summary_activation",
    "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj",
    "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript",
    "transformers_version", "typical_p", "use_bfloat16", "use_cache",
  ]

  /// Members that only these architectures have, and that are read.
  private var ownKeys: Set<String> {
    let sizes = Set(values(classNames: []).keys)
    let more: Set<String> =
      switch self {
      case .gpt2:
        ["add_cross_attention", "scale_attn_by_inverse_layer_idx", "scale_attn_weights"]
      case .llama(let sizes):
        switch sizes.family {
        case .llama, .mistral, .olmo2: ["rope_parameters", "rope_scaling"]
        case .qwen2, .qwen3:
          [
            "rope_parameters", "rope_scaling", "layer_types", "max_window_layers",
            "sliding_window",
          ]
        case .gemma2:
          [
            "rope_parameters", "rope_scaling", "layer_types", "hidden_act",
            "use_bidirectional_attention",
          ]
        }
      case .gptNeoX:
        ["classifier_dropout", "rope_parameters", "rope_scaling"]
      case .bert(let sizes):
        sizes.family == .distilbert
          ? ["qa_dropout", "sinusoidal_pos_embds", "tie_weights_"] : ["add_cross_attention"]
      case .vit: []
      }
    return sizes.union(more)
  }

  /// Members that say something and are not read: unknown ones, and dropout that is not built.
  ///
  /// In the order of their names.
  func unreadKeys(of members: [String: ConfigurationValue]) -> [String] {
    let known = ownKeys.union(TransformerArchitecture.inconsequential)
    return members.keys.sorted().filter { key in
      if key == "embd_pdrop" { return members[key] != members["resid_pdrop"] }
      guard !known.contains(key) else { return false }
      if key == "attention_dropout" && members[key] == .double(0) { return false }
      switch members[key] {
      case nil, .null, .bool(false), .int(0): return false
      default: return !TransformerArchitecture.foreign.contains(key)
      }
    }
  }
}
