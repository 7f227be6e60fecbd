import Configuration
import Networks

/// A classifier as BERT; for sequences of tokens, of texts with the vocabulary of their tokenizer.
///
/// ```yaml
/// model: {kind: bert, layers: 4, heads: 4, width: 128, vocabulary: 8000, padding: 0}
/// ```
public struct BERTModel: TransformerModel {
  /// Layers, heads and widths.
  public var sizes: TransformerSizes
  /// Longest sequence; nil: the examples' length.
  public var context: Int?
  /// Tokens; 0: those of the texts' tokenizer.
  public var vocabulary: Int
  /// The token that fills up short sequences, −1 if there is none; nil: −1 for texts, whose rows
  /// are filled up with −1, else 0.
  public var padding: Int?
  /// Dropout rates.
  public var dropout: TransformerDropout

  /// A model by its parts.
  public init(
    _ sizes: TransformerSizes, vocabulary: Int = 0, padding: Int? = nil, context: Int? = nil,
    dropout: TransformerDropout = TransformerDropout()
  ) {
    (self.sizes, self.vocabulary, self.padding) = (sizes, vocabulary, padding)
    (self.context, self.dropout) = (context, dropout)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    sizes = try TransformerSizes(
      from: map, beside: ["context", "vocabulary", "padding"] + TransformerDropout.keys)
    context = try map.int(ifPresent: "context", in: 2...1 << 20)
    dropout = try TransformerDropout(from: map)
    vocabulary = try map.int(ifPresent: "vocabulary", in: 1...1 << 24) ?? 0
    let largest = vocabulary > 0 ? vocabulary - 1 : 1 << 24
    padding = try map.int(ifPresent: "padding", in: -1...largest)
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = sizes.settings.merging(dropout.settings) { $1 }
    if vocabulary > 0 { values["vocabulary"] = .int(vocabulary) }
    values["context"] = context.map { .int($0) }
    values["padding"] = padding.map { .int($0) }
    return values
  }

  /// Classes.
  public func predicts(_ loss: Loss) -> Bool { loss == .crossEntropy }

  /// The transformer for sequences of a length.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    .bert(
      BERTConfiguration(
        vocabulary: vocabulary, context: context ?? inputShape.first ?? 0, layers: sizes.layers,
        heads: sizes.heads, width: sizes.width, mlpWidth: sizes.mlpWidth, classes: outputs,
        padding: padding, dropout: Float(dropout.rate),
        attentionDropout: Float(dropout.attention)))
  }
}
