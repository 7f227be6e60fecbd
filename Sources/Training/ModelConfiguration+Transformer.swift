import Configuration
import Networks

/// The sizes of a transformer in a run file.
///
/// ```yaml
/// model: {kind: gpt2, layers: 4, heads: 4, width: 128}
/// model: {kind: llama, layers: 4, heads: 8, keyHeads: 2, width: 128, mlpWidth: 344, tied: true}
/// ```
///
/// The MLP is four times as wide unless said otherwise, and the context is the examples' length.
/// Both predict next tokens; the vocabulary is the data's.
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
  /// Dropout rate in training; `gpt2` only.
  public var dropout: Double

  /// Reads the sizes of a kind.
  init(
    _ kind: ModelConfiguration.Kind, from map: ConfigurationMap
  ) throws(ConfigurationError) {
    let shared = ["kind", "layers", "heads", "width", "mlpWidth", "context", "tied"]
    try map.checkKeys(known: shared + [kind == .llama ? "keyHeads" : "dropout"])
    layers = try map.int("layers", in: 1...10_000)
    heads = try map.int("heads", in: 1...10_000)
    width = try map.int("width", in: 1...1_000_000)
    mlpWidth = try map.int("mlpWidth", in: 1...10_000_000, default: 4 * width)
    guard width.isMultiple(of: heads), kind != .llama || (width / heads).isMultiple(of: 2) else {
      throw .outOfRange(
        map.place("width"), value: "\(width)",
        allowed: "\(kind == .llama ? "an even" : "a") multiple of \(heads) heads")
    }
    keyHeads = kind == .llama ? try map.int("keyHeads", in: 1...heads, default: heads) : heads
    guard heads.isMultiple(of: keyHeads) else {
      throw .outOfRange(
        map.place("keyHeads"), value: "\(keyHeads)", allowed: "a divisor of \(heads) heads")
    }
    context = try map.int(ifPresent: "context", in: 2...1 << 20)
    isTied = try map.bool("tied", default: kind == .gpt2)
    dropout =
      kind == .gpt2 ? try map.double("dropout", in: .from(0, below: 1), default: 0) : 0
  }

  /// The sizes written out, defaults included, but for the kind.
  func values(_ kind: ModelConfiguration.Kind) -> [String: ConfigurationValue] {
    var values: [String: ConfigurationValue] = [
      "layers": .int(layers), "heads": .int(heads), "width": .int(width),
      "mlpWidth": .int(mlpWidth), "tied": .bool(isTied),
    ]
    if kind == .gpt2 { values["dropout"] = .double(dropout) }
    if kind == .llama { values["keyHeads"] = .int(keyHeads) }
    if let context { values["context"] = .int(context) }
    return values
  }

  /// The network for examples of a shape.
  func network(_ kind: ModelConfiguration.Kind, inputShape: [Int], outputs: Int) -> Network {
    let length = inputShape[0]
    switch kind {
    case .gpt2:
      return .gpt2(
        GPT2Configuration(
          vocabulary: outputs, context: context ?? length, layers: layers, heads: heads,
          width: width, mlpWidth: mlpWidth, isTied: isTied, dropout: Float(dropout)),
        length: length)
    default:
      return .llama(
        LlamaConfiguration(
          vocabulary: outputs, context: context ?? length, layers: layers, heads: heads,
          keyHeads: keyHeads, width: width, mlpWidth: mlpWidth, isTied: isTied), length: length)
    }
  }

  /// Why examples of a shape do not suit; nil when they do.
  func problem(_ kind: ModelConfiguration.Kind, inputShape: [Int]) -> String? {
    guard inputShape.count == 1 else { return "takes sequences, not examples of \(inputShape)" }
    guard inputShape[0] <= context ?? inputShape[0] else {
      return "has a context of \(context ?? 0), and the sequences are \(inputShape[0]) long"
    }
    return nil
  }
}
