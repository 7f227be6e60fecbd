import Configuration
import Networks

/// A causal language model as GPT-2; for sequences of tokens, whose vocabulary is the data's.
///
/// ```yaml
/// model: {kind: gpt2, layers: 4, heads: 4, width: 128}
/// ```
public struct GPT2Model: TransformerModel {
  /// Layers, heads and widths.
  public var sizes: TransformerSizes
  /// Longest sequence; nil: the examples' length.
  public var context: Int?
  /// Whether the head is the token embedding.
  public var isTied: Bool
  /// Dropout rates.
  public var dropout: TransformerDropout

  /// A model by its parts.
  public init(
    _ sizes: TransformerSizes, context: Int? = nil, isTied: Bool = true,
    dropout: TransformerDropout = TransformerDropout()
  ) {
    (self.sizes, self.context, self.isTied, self.dropout) = (sizes, context, isTied, dropout)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    sizes = try TransformerSizes(
      from: map, beside: ["context", "tied"] + TransformerDropout.keys)
    context = try map.int(ifPresent: "context", in: 2...1 << 20)
    isTied = try map.bool("tied", default: true)
    dropout = try TransformerDropout(from: map)
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = sizes.settings.merging(dropout.settings) { $1 }
    values["tied"] = .bool(isTied)
    values["context"] = context.map { .int($0) }
    return values
  }

  /// Next tokens.
  public func predicts(_ loss: Loss) -> Bool { loss == .nextToken }

  /// The transformer for sequences of a length.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    .gpt2(
      GPT2Configuration(
        vocabulary: outputs, context: context ?? inputShape.first ?? 0, layers: sizes.layers,
        heads: sizes.heads, width: sizes.width, mlpWidth: sizes.mlpWidth, isTied: isTied,
        dropout: Float(dropout.rate), attentionDropout: Float(dropout.attention)))
  }
}
