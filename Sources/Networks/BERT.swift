import Factors

/// The sizes of a BERT-style classifier of sequences.
///
/// `Network.bert` builds it: learned positions, norm after each part, every token sees every other.
public struct BERTConfiguration: Sendable, Hashable {
  /// Tokens V.
  public var vocabulary: Int
  /// Longest sequence.
  public var context: Int
  /// Blocks.
  public var layers: Int
  /// Attention heads, a divisor of the width.
  public var heads: Int
  /// Width of a position.
  public var width: Int
  /// Width of the MLP's middle.
  public var mlpWidth: Int
  /// Classes C.
  public var classes: Int
  /// Rows of the segment embedding, of which the first is used.
  public var segments: Int
  /// The token that fills up short sequences; nil: ids below 0 alone do.
  public var padding: Int?
  /// ε of the norms.
  public var epsilon: Float
  /// The MLP's non-linearity.
  public var activation: Activation.Kind
  /// Rate after the embedding and each part, in training.
  public var dropout: Float
  /// Rate at which attention weights are left out, in training.
  public var attentionDropout: Float
  /// Rate before the classifier, in training.
  public var classifierDropout: Float

  /// Sizes; the MLP is four times as wide unless said otherwise.
  public init(
    vocabulary: Int, context: Int, layers: Int, heads: Int, width: Int, mlpWidth: Int? = nil,
    classes: Int, segments: Int = 2, padding: Int? = 0, epsilon: Float = 1e-12,
    activation: Activation.Kind = .gelu, dropout: Float = 0, attentionDropout: Float = 0,
    classifierDropout: Float? = nil
  ) {
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.width, self.mlpWidth) = (heads, width, mlpWidth ?? 4 * width)
    (self.classes, self.segments, self.padding) = (classes, segments, padding)
    (self.epsilon, self.activation, self.dropout) = (epsilon, activation, dropout)
    (self.attentionDropout, self.classifierDropout) = (
      attentionDropout, classifierDropout ?? dropout
    )
  }
}

extension Network {
  /// A BERT-style classifier: B × T token ids to B × C logits.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `BertForSequenceClassification`;
  /// all tokens are of the first segment, and padding at the end is not attended to. Heads and
  /// hidden neurons are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Devlin et al. 2019 (arXiv:1810.04805); initial values of Hugging Face.
  public static func bert(_ sizes: BERTConfiguration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    func table(_ name: String, _ rows: Int) -> Parameter {
      builder.parameter(
        name: "bert.embeddings.\(name).weight", shape: [rows, sizes.width], initial: .gpt2)
    }
    let tokens = table("word_embeddings", sizes.vocabulary)
    let positions = table("position_embeddings", sizes.context)
    let segments = table("token_type_embeddings", sizes.segments)
    func norm(_ name: String) -> LayerNorm {
      builder.layerNorm("\(name).LayerNorm", width: sizes.width, epsilon: sizes.epsilon)
    }
    var layers: [any Layer] = [
      builder.embedding(
        tokens: tokens, positions: positions, segments: segments, padding: sizes.padding),
      norm("bert.embeddings"),
    ]
    layers += builder.dropouts(sizes.dropout)
    let parts = EncoderParts(
      width: sizes.width, heads: sizes.heads, mlpWidth: sizes.mlpWidth,
      activation: sizes.activation, dropout: sizes.dropout,
      attentionDropout: sizes.attentionDropout)
    for index in 0..<sizes.layers {
      let name = "bert.encoder.layer.\(index)"
      let inner: [any Layer] = [
        Residual(parts.attention(name, inner: "self", &builder)),
        norm("\(name).attention.output"), Residual(parts.mlp(name, &builder)),
        norm("\(name).output"),
      ]
      layers.append(builder.block(inner, of: name, width: sizes.width))
    }
    layers.append(builder.firstPosition())
    layers.append(
      builder.linear(
        "bert.pooler.dense", inputs: sizes.width, outputs: sizes.width, bias: true, initial: .gpt2))
    layers.append(builder.activation(.tanh))
    layers += builder.dropouts(sizes.classifierDropout)
    layers.append(
      builder.linear(
        "classifier", inputs: sizes.width, outputs: sizes.classes, bias: true, initial: .gpt2))
    return Network(
      Sequential(layers), builder: builder, inputShape: [length ?? sizes.context],
      outputCount: sizes.classes)
  }
}
