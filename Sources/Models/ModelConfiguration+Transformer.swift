import Configuration
import Networks

/// The sizes of a transformer in a run file.
///
/// ```yaml
/// model: {kind: gpt2, layers: 4, heads: 4, width: 128}
/// model: {kind: llama, layers: 4, heads: 8, keyHeads: 2, width: 128, mlpWidth: 344, tied: true}
/// model: {kind: bert, layers: 4, heads: 4, width: 128, vocabulary: 8000, padding: 0}
/// model: {kind: vit, layers: 4, heads: 4, width: 128, patch: 4}
/// ```
///
/// The MLP is four times as wide unless said otherwise, and the context is the examples' length.
/// `gpt2` and `llama` predict next tokens, and the vocabulary is the data's; `bert` predicts classes
/// of token sequences, of texts with the vocabulary of their tokenizer, and `vit` classes of images.
public struct TransformerSettings: Sendable, Equatable {
  /// Blocks.
  public var layers: Int
  /// Attention heads.
  public var heads: Int
  /// Key and value heads; `llama` only.
  public var keyHeads: Int
  /// Width of a position.
  public var width: Int
  /// Width of the MLP's middle.
  public var mlpWidth: Int
  /// Longest sequence; nil: the examples' length.
  public var context: Int?
  /// Whether the head is the token embedding; by default in `gpt2`.
  public var isTied: Bool
  /// Dropout rate in training; not of `llama`.
  public var dropout: Double
  /// The same of attention weights; not of `llama`.
  public var attentionDropout: Double
  /// Tokens; 0: those of the texts' tokenizer; `bert` only.
  public var vocabulary: Int
  /// The token that fills up short sequences, −1 if there is none; nil: −1 for texts, whose rows
  /// are filled up with −1, else 0; `bert` only.
  public var padding: Int?
  /// Pixels of a patch's side; `vit` only.
  public var patch: Int

  /// The keys of a kind beside `kind` and those of `ImageModelConfiguration`.
  static func keys(of kind: ModelConfiguration.Kind) -> [String] {
    let own: [String] =
      switch kind {
      case .gpt2: ["context", "tied", "dropout", "attentionDropout"]
      case .llama: ["context", "tied", "keyHeads"]
      case .bert: ["context", "vocabulary", "padding", "dropout", "attentionDropout"]
      case .vit: ["patch", "dropout", "attentionDropout"]
      default: []
      }
    return own.isEmpty ? [] : ["layers", "heads", "width", "mlpWidth"] + own
  }

  /// Reads the sizes of a kind.
  init(
    _ kind: ModelConfiguration.Kind, from map: ConfigurationMap
  ) throws(ConfigurationError) {
    let keys = TransformerSettings.keys(of: kind)
    try map.checkKeys(known: ["kind"] + keys + ImageModelConfiguration.keys(of: kind))
    func has(_ key: String) -> Bool { keys.contains(key) }
    layers = try map.int("layers", in: 1...10_000)
    heads = try map.int("heads", in: 1...10_000)
    width = try map.int("width", in: 1...1_000_000)
    mlpWidth = try map.int("mlpWidth", in: 1...10_000_000, default: 4 * width)
    guard width.isMultiple(of: heads), kind != .llama || (width / heads).isMultiple(of: 2) else {
      throw .outOfRange(
        map.place("width"), value: "\(width)",
        allowed: "\(kind == .llama ? "an even" : "a") multiple of \(heads) heads")
    }
    keyHeads = has("keyHeads") ? try map.int("keyHeads", in: 1...heads, default: heads) : heads
    guard heads.isMultiple(of: keyHeads) else {
      throw .outOfRange(
        map.place("keyHeads"), value: "\(keyHeads)", allowed: "a divisor of \(heads) heads")
    }
    context = has("context") ? try map.int(ifPresent: "context", in: 2...1 << 20) : nil
    isTied = has("tied") ? try map.bool("tied", default: kind == .gpt2) : false
    func rate(_ key: String) throws(ConfigurationError) -> Double {
      has(key) ? try map.dropoutRate(key) : 0
    }
    dropout = try rate("dropout")
    attentionDropout = try rate("attentionDropout")
    vocabulary =
      has("vocabulary") ? try map.int(ifPresent: "vocabulary", in: 1...1 << 24) ?? 0 : 0
    let largest = vocabulary > 0 ? vocabulary - 1 : 1 << 24
    padding = has("padding") ? try map.int(ifPresent: "padding", in: -1...largest) : nil
    patch = has("patch") ? try map.int("patch", in: 1...65_536) : 0
  }

  /// The sizes written out, defaults included, but for the kind.
  func values(_ kind: ModelConfiguration.Kind) -> [String: ConfigurationValue] {
    let keys = TransformerSettings.keys(of: kind)
    var all: [String: ConfigurationValue] = [
      "layers": .int(layers), "heads": .int(heads), "width": .int(width),
      "mlpWidth": .int(mlpWidth), "tied": .bool(isTied), "dropout": .double(dropout),
      "attentionDropout": .double(attentionDropout),
      "keyHeads": .int(keyHeads), "vocabulary": .int(vocabulary), "patch": .int(patch),
    ]
    // Runs made before there was one have none.
    if attentionDropout == 0 { all["attentionDropout"] = nil }
    if vocabulary == 0 { all["vocabulary"] = nil }
    all["context"] = context.map { .int($0) }
    all["padding"] = padding.map { .int($0) }
    return all.filter { keys.contains($0.key) }
  }

  /// The architecture for examples of a shape; `image` is theirs where the kind reads images.
  func architecture(
    _ kind: ModelConfiguration.Kind, inputShape: [Int], image: ImageShape?, outputs: Int
  ) -> TransformerArchitecture {
    let length = inputShape[0]
    switch kind {
    case .gpt2:
      return .gpt2(
        GPT2Configuration(
          vocabulary: outputs, context: context ?? length, layers: layers, heads: heads,
          width: width, mlpWidth: mlpWidth, isTied: isTied, dropout: Float(dropout),
          attentionDropout: Float(attentionDropout)))
    case .bert:
      return .bert(
        BERTConfiguration(
          vocabulary: vocabulary, context: context ?? length, layers: layers, heads: heads,
          width: width, mlpWidth: mlpWidth, classes: outputs, padding: padding,
          dropout: Float(dropout), attentionDropout: Float(attentionDropout)))
    case .vit:
      let nothing = ImageShape(channels: 0, height: 0, width: 0)
      return .vit(
        ViTConfiguration(
          image: image ?? nothing, patch: patch, layers: layers, heads: heads, width: width,
          mlpWidth: mlpWidth, classes: outputs, dropout: Float(dropout),
          attentionDropout: Float(attentionDropout)))
    default:
      return .llama(
        LlamaConfiguration(
          vocabulary: outputs, context: context ?? length, layers: layers, heads: heads,
          keyHeads: keyHeads, width: width, mlpWidth: mlpWidth, isTied: isTied))
    }
  }
}
