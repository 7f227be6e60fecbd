import Factors

/// The sizes of a BERT-style encoder of sequences with a head for classes or numbers.
///
/// `Network.bert` builds it: learned positions, norm after each part, every token sees every other.
/// A relative of BERT is a family: names, the row of the first position and the head.
public struct BERTConfiguration: Sendable, Hashable {
  /// BERT and its relatives, by Hugging Face's `model_type`.
  public enum Family: String, Sendable, Hashable {
    /// A pooler with tanh, then a linear layer.
    case bert
    /// Positions that are counted from behind the padding token; a head of its own with tanh.
    case roberta
    /// No segments; a head of its own with ReLU.
    case distilbert
  }

  /// Which of them.
  public var family: Family
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
  /// Outputs C: classes, or numbers.
  public var classes: Int
  /// Whether the outputs are numbers, trained by squared errors.
  public var isRegression: Bool
  /// Rows of the segment embedding; one or none with DistilBERT.
  public var segments: Int
  /// The token behind which the second segment begins; nil: all tokens are of the first.
  public var separator: Int?
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
    _ family: Family = .bert, vocabulary: Int, context: Int, layers: Int, heads: Int, width: Int,
    mlpWidth: Int? = nil, classes: Int, isRegression: Bool = false, segments: Int = 2,
    separator: Int? = nil, padding: Int? = 0, epsilon: Float = 1e-12,
    activation: Activation.Kind = .gelu, dropout: Float = 0, attentionDropout: Float = 0,
    classifierDropout: Float? = nil
  ) {
    (self.family, self.isRegression, self.separator) = (family, isRegression, separator)
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.width, self.mlpWidth) = (heads, width, mlpWidth ?? 4 * width)
    (self.classes, self.segments, self.padding) = (classes, segments, padding)
    (self.epsilon, self.activation, self.dropout) = (epsilon, activation, dropout)
    (self.attentionDropout, self.classifierDropout) = (
      attentionDropout, classifierDropout ?? dropout
    )
  }

  /// The row of the position embedding that the first position has.
  ///
  /// RoBERTa counts from behind the padding token.
  public var firstPosition: Int { family == .roberta ? (padding ?? 0) + 1 : 0 }

  var names: EncoderNames { family == .distilbert ? .distilbert : .bert }
}

extension Network {
  /// A BERT-style classifier: B × T token ids to B × C logits, or numbers.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `…ForSequenceClassification`;
  /// behind a separator, where there is one, tokens are of the second segment; padding at the end is
  /// not attended to. Heads and hidden neurons are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Devlin et al. 2019 (arXiv:1810.04805), Liu et al. 2019 (arXiv:1907.11692), Sanh et
  ///   al. 2019 (arXiv:1910.01108); initial values of Hugging Face.
  public static func bert(_ sizes: BERTConfiguration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    let root = sizes.family.rawValue
    func table(_ name: String, _ rows: Int) -> Parameter {
      builder.parameter(
        name: "\(root).embeddings.\(name).weight", shape: [rows, sizes.width], initial: .gpt2)
    }
    let tokens = table("word_embeddings", sizes.vocabulary)
    let positions = table("position_embeddings", sizes.firstPosition + sizes.context)
    let segments =
      sizes.family == .distilbert ? nil : table("token_type_embeddings", sizes.segments)
    func norm(_ name: String) -> LayerNorm {
      builder.layerNorm(name, width: sizes.width, epsilon: sizes.epsilon)
    }
    var layers: [any Layer] = [
      builder.embedding(
        tokens: tokens, positions: positions, segments: segments, padding: sizes.padding,
        firstPosition: sizes.firstPosition, separator: sizes.separator),
      norm("\(root).embeddings.LayerNorm"),
    ]
    layers += builder.dropouts(sizes.dropout)
    let parts = EncoderParts(
      names: sizes.names, width: sizes.width, heads: sizes.heads, mlpWidth: sizes.mlpWidth,
      activation: sizes.activation,
      // DistilBERT has none there.
      joinedDropout: sizes.family == .distilbert ? 0 : sizes.dropout, dropout: sizes.dropout,
      attentionDropout: sizes.attentionDropout)
    for index in 0..<sizes.layers {
      let name =
        sizes.family == .distilbert
        ? "\(root).transformer.layer.\(index)" : "\(root).encoder.layer.\(index)"
      let inner: [any Layer] = [
        Residual(parts.attention(name, &builder)), norm("\(name).\(sizes.names.attentionNorm)"),
        Residual(parts.mlp(name, &builder)), norm("\(name).\(sizes.names.mlpNorm)"),
      ]
      layers.append(builder.block(inner, of: name, width: sizes.width))
    }
    layers += [builder.firstPosition()] + head(sizes, &builder)
    return Network(
      Sequential(layers), builder: builder, inputShape: [length ?? sizes.context],
      outputCount: sizes.classes)
  }

  /// From the first position to the outputs.
  private static func head(
    _ sizes: BERTConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    func linear(_ name: String, _ outputs: Int, _ builder: inout NetworkBuilder) -> Linear {
      builder.linear(name, inputs: sizes.width, outputs: outputs, bias: true, initial: .gpt2)
    }
    let (dense, last): (String, String) =
      switch sizes.family {
      case .bert: ("bert.pooler.dense", "classifier")
      case .roberta: ("classifier.dense", "classifier.out_proj")
      case .distilbert: ("pre_classifier", "classifier")
      }
    var layers = sizes.family == .roberta ? builder.dropouts(sizes.classifierDropout) : []
    layers.append(linear(dense, sizes.width, &builder))
    layers.append(builder.activation(sizes.family == .distilbert ? .relu : .tanh))
    layers += builder.dropouts(sizes.classifierDropout)
    layers.append(linear(last, sizes.classes, &builder))
    return layers
  }
}
