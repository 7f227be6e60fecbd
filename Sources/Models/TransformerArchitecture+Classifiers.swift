import Configuration
import Networks

/// The classifiers among the architectures of Hugging Face.
extension TransformerArchitecture {
  static func bert(_ map: ConfigurationMap) throws -> BERTConfiguration {
    try require(map, "is_decoder", is: false)
    try require(map, "add_cross_attention", is: false)
    try requireClasses(map)
    guard try map.string("position_embedding_type", default: "absolute") == "absolute" else {
      throw ModelError.unsupported(map, "position_embedding_type")
    }
    let width = try size(map, "hidden_size")
    let heads = try size(map, "num_attention_heads")
    try requireDivisor(map, heads, "num_attention_heads", of: width)
    let vocabulary = try size(map, "vocab_size")
    let dropout = try rate(map, "hidden_dropout_prob")
    let filler: Int? =
      map.value("pad_token_id") == .null
      ? nil : try map.int("pad_token_id", in: 0...vocabulary - 1, default: 0)
    return BERTConfiguration(
      vocabulary: vocabulary, context: try size(map, "max_position_embeddings"),
      layers: try layers(map, "num_hidden_layers"), heads: heads, width: width,
      mlpWidth: try size(map, "intermediate_size"), classes: try classes(map),
      segments: try map.int("type_vocab_size", in: 1...largest, default: 2), padding: filler,
      epsilon: try epsilon(map, "layer_norm_eps", default: 1e-12),
      activation: try activation(map, "hidden_act", default: "gelu"), dropout: dropout,
      attentionDropout: try rate(map, "attention_probs_dropout_prob"),
      classifierDropout: map.has("classifier_dropout") && map.value("classifier_dropout") != .null
        ? try rate(map, "classifier_dropout") : dropout)
  }

  static func vit(_ map: ConfigurationMap) throws -> ViTConfiguration {
    try requireClasses(map)
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
      hasBias: try map.bool("qkv_bias", default: true),
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

  private static func requireClasses(_ map: ConfigurationMap) throws {
    if let type = try map.string(ifPresent: "problem_type"), type != "single_label_classification" {
      throw ModelError.unsupported(map, "problem_type")
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
