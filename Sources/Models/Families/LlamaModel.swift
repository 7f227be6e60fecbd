import Configuration
import Networks

/// A causal language model as Llama; for sequences of tokens, whose vocabulary is the data's.
///
/// ```yaml
/// model: {kind: llama, layers: 4, heads: 8, keyHeads: 2, width: 128, mlpWidth: 344, tied: true}
/// ```
public struct LlamaModel: TransformerModel {
  /// Layers, heads and widths.
  public var sizes: TransformerSizes
  /// Key and value heads, a divisor of the heads.
  public var keyHeads: Int
  /// Longest sequence; nil: the examples' length.
  public var context: Int?
  /// Whether the head is the token embedding.
  public var isTied: Bool

  /// A model by its parts; as many key heads as heads when nil.
  public init(
    _ sizes: TransformerSizes, keyHeads: Int? = nil, context: Int? = nil, isTied: Bool = false
  ) {
    (self.sizes, self.context, self.isTied) = (sizes, context, isTied)
    self.keyHeads = keyHeads ?? sizes.heads
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    sizes = try TransformerSizes(
      from: map, beside: ["context", "tied", "keyHeads"], needsEvenHeads: true)
    let heads = sizes.heads
    keyHeads = try map.int("keyHeads", in: 1...heads, default: heads)
    guard heads.isMultiple(of: keyHeads) else {
      throw .outOfRange(
        map.place("keyHeads"), value: "\(keyHeads)", allowed: "a divisor of \(heads) heads")
    }
    context = try map.int(ifPresent: "context", in: 2...1 << 20)
    isTied = try map.bool("tied", default: false)
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = sizes.settings
    values["keyHeads"] = .int(keyHeads)
    values["tied"] = .bool(isTied)
    values["context"] = context.map { .int($0) }
    return values
  }

  /// Next tokens.
  public func predicts(_ loss: Loss) -> Bool { loss == .nextToken }

  /// The transformer for sequences of a length.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    .llama(
      LlamaConfiguration(
        vocabulary: outputs, context: context ?? inputShape.first ?? 0, layers: sizes.layers,
        heads: sizes.heads, keyHeads: keyHeads, width: sizes.width, mlpWidth: sizes.mlpWidth,
        isTied: isTied))
  }
}
