import Configuration
import Networks

/// The architectures of Hugging Face with a head for classes or numbers.
extension TransformerArchitecture {
  /// BERT and RoBERTa.
  static func bert(
    _ map: ConfigurationMap, _ family: BERTConfiguration.Family
  ) throws -> BERTConfiguration {
    try require(map, "is_decoder", is: false)
    try require(map, "add_cross_attention", is: false)
    guard try map.string("position_embedding_type", default: "absolute") == "absolute" else {
      throw ModelError.unsupported(map, "position_embedding_type")
    }
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    try requireDivisor(map, heads, "num_attention_heads", of: width)
    let vocabulary = try size(map, "vocab_size")
    let dropout = try rate(map, "hidden_dropout_prob")
    let filler = try padding(map, vocabulary, family)
    var context = try size(map, "max_position_embeddings")
    if family == .roberta {
      // The first position has the row behind that of the padding token.
      context -= (filler ?? 0) + 1
      guard context > 0 else { throw ModelError.unsupported(map, "max_position_embeddings") }
    }
    let separator =
      map.value("sep_token_id") == .null
      ? nil : try map.int(ifPresent: "sep_token_id", in: 0...vocabulary - 1)
    return BERTConfiguration(
      family, vocabulary: vocabulary, context: context,
      layers: try layers(map, "num_hidden_layers"), heads: heads, width: width,
      mlpWidth: try size(map, "intermediate_size"), classes: try classes(map),
      isRegression: try isRegression(map),
      segments: try map.int("type_vocab_size", in: 1...largest, default: 2),
      separator: family == .bert ? separator : nil, padding: filler,
      epsilon: try epsilon(map, "layer_norm_eps", default: 1e-12),
      activation: try activation(map, "hidden_act", default: "gelu"), dropout: dropout,
      attentionDropout: try rate(map, "attention_probs_dropout_prob"),
      classifierDropout: map.has("classifier_dropout") && map.value("classifier_dropout") != .null
        ? try rate(map, "classifier_dropout") : dropout)
  }

  static func distilBERT(_ map: ConfigurationMap) throws -> BERTConfiguration {
    let width = try size(map, "dim")
    let heads = try size(map, "n_heads")
    try requireDivisor(map, heads, "n_heads", of: width)
    let vocabulary = try size(map, "vocab_size")
    return BERTConfiguration(
      .distilbert, vocabulary: vocabulary, context: try size(map, "max_position_embeddings"),
      layers: try layers(map, "n_layers"), heads: heads, width: width,
      mlpWidth: try size(map, "hidden_dim"), classes: try classes(map),
      isRegression: try isRegression(map), segments: 0,
      padding: try padding(map, vocabulary, .distilbert),
      activation: try activation(map, "activation", default: "gelu"),
      dropout: try rate(map, "dropout"), attentionDropout: try rate(map, "attention_dropout"),
      classifierDropout: try rate(map, "seq_classif_dropout", default: 0.2))
  }

  /// The token that fills up; nil where the file says null, which RoBERTa cannot.
  private static func padding(
    _ map: ConfigurationMap, _ vocabulary: Int, _ family: BERTConfiguration.Family
  ) throws -> Int? {
    if map.value("pad_token_id") == .null {
      if family == .roberta { throw ModelError.unsupported(map, "pad_token_id") }
      return nil
    }
    return try map.int(
      "pad_token_id", in: 0...vocabulary - 1, default: family == .roberta ? 1 : 0)
  }

  static func vit(_ map: ConfigurationMap) throws -> ViTConfiguration {
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    try requireDivisor(map, heads, "num_attention_heads", of: width)
    let image = try sides(map, "image_size", default: 224)
    let patch = try sides(map, "patch_size", default: 16)
    guard patch.height == patch.width, patch.height <= min(image.height, image.width) else {
      throw ModelError.unsupported(map, "patch_size")
    }
    return ViTConfiguration(
      image: ImageShape(
        channels: try map.int("num_channels", in: 1...largest, default: 3), height: image.height,
        width: image.width), patch: patch.height,
      layers: try layers(map, "num_hidden_layers"), heads: heads, width: width,
      mlpWidth: try size(map, "intermediate_size"), classes: try classes(map),
      isRegression: try isRegression(map), hasBias: try map.bool("qkv_bias", default: true),
      epsilon: try epsilon(map, "layer_norm_eps", default: 1e-12),
      activation: try activation(map, "hidden_act", default: "gelu"),
      dropout: try rate(map, "hidden_dropout_prob", default: 0),
      attentionDropout: try rate(map, "attention_probs_dropout_prob", default: 0))
  }

  /// `id2label`'s members, else `num_labels`, else 2 as Hugging Face has it.
  private static func classes(_ map: ConfigurationMap) throws -> Int {
    if case .map(let labels)? = map.value("id2label"), !labels.isEmpty { return labels.count }
    return try map.int("num_labels", in: 1...largest, default: 2)
  }

  /// Whether the outputs are numbers: as `problem_type` says, else when there is one of them.
  private static func isRegression(_ map: ConfigurationMap) throws -> Bool {
    switch try map.string(ifPresent: "problem_type") {
    case nil: try classes(map) == 1
    case "single_label_classification": false
    case "regression": true
    default: throw ModelError.unsupported(map, "problem_type")
    }
  }

  /// One number for both sides, or a list of height and width.
  private static func sides(
    _ map: ConfigurationMap, _ key: String, default fallback: Int
  ) throws -> (height: Int, width: Int) {
    guard case .list? = map.value(key) else {
      let side = try map.int(key, in: 1...65_536, default: fallback)
      return (side, side)
    }
    let sides = try map.ints(key, in: 1...65_536)
    guard sides.count == 2 else { throw ModelError.unsupported(map, key) }
    return (sides[0], sides[1])
  }
}
