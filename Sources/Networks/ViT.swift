import Factors

/// The sizes of a vision transformer.
///
/// `Network.vit` builds it: patches as tokens behind a class token, norm before each part.
public struct ViTConfiguration: Sendable, Hashable {
  /// The images.
  public var image: ImageShape
  /// Pixels of a patch's side.
  public var patch: Int
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
  /// Whether queries, keys and values have biases.
  public var hasBias: Bool
  /// ε of the norms.
  public var epsilon: Float
  /// The MLP's non-linearity.
  public var activation: Activation.Kind
  /// Rate after the embedding and each part, in training.
  public var dropout: Float
  /// Rate at which attention weights are left out, in training.
  public var attentionDropout: Float

  /// Sizes; the MLP is four times as wide unless said otherwise.
  public init(
    image: ImageShape, patch: Int, layers: Int, heads: Int, width: Int, mlpWidth: Int? = nil,
    classes: Int, isRegression: Bool = false, hasBias: Bool = true, epsilon: Float = 1e-12,
    activation: Activation.Kind = .gelu, dropout: Float = 0, attentionDropout: Float = 0
  ) {
    self.isRegression = isRegression
    (self.image, self.patch, self.layers, self.heads) = (image, patch, layers, heads)
    (self.width, self.mlpWidth, self.classes) = (width, mlpWidth ?? 4 * width, classes)
    (self.hasBias, self.epsilon, self.activation) = (hasBias, epsilon, activation)
    (self.dropout, self.attentionDropout) = (dropout, attentionDropout)
  }
}

extension Network {
  /// A vision transformer: B × C × H × W images to B × C logits, read at the class token.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `ViTForImageClassification`.
  /// Pixels beyond the last whole patch are not read. Heads, hidden neurons,
  /// attention and MLP blocks and whole layers are ablation points.
  ///
  /// - Parameter inputShape: the shape of data examples; the image's when nil.
  /// - Source: Dosovitskiy et al. 2021 (arXiv:2010.11929); initial values of Hugging Face.
  /// - Returns: nil when no patch fits into the image.
  public static func vit(_ sizes: ViTConfiguration, inputShape: [Int]? = nil) -> Network? {
    var builder = NetworkBuilder()
    guard
      let embedding = builder.patchEmbedding(
        "vit.embeddings", input: sizes.image, patch: sizes.patch, width: sizes.width)
    else { return nil }
    var layers: [any Layer] = [builder.channelsLast(sizes.image), embedding]
    layers += builder.dropouts(sizes.dropout)
    let parts = EncoderParts(
      names: .vit, width: sizes.width, heads: sizes.heads, mlpWidth: sizes.mlpWidth,
      activation: sizes.activation, hasBias: sizes.hasBias, joinedDropout: sizes.dropout,
      dropout: sizes.dropout,
      attentionDropout: sizes.attentionDropout)
    func norm(_ name: String) -> LayerNorm {
      builder.layerNorm(name, width: sizes.width, epsilon: sizes.epsilon)
    }
    for index in 0..<sizes.layers {
      let name = "vit.encoder.layer.\(index)"
      // Parameters in Hugging Face's order: attention, MLP, then the norms.
      let attention = parts.attention(name, &builder)
      let mlp = parts.mlp(name, &builder)
      let inner = [
        Residual([norm("\(name).\(parts.names.attentionNorm)")] + attention),
        Residual([norm("\(name).\(parts.names.mlpNorm)")] + mlp),
      ]
      layers.append(builder.block(inner, of: name, width: sizes.width))
    }
    layers.append(norm("vit.layernorm"))
    layers.append(builder.firstPosition())
    layers.append(
      builder.linear(
        "classifier", inputs: sizes.width, outputs: sizes.classes, bias: true, initial: .gpt2))
    return Network(
      Sequential(layers), builder: builder,
      inputShape: inputShape ?? [sizes.image.channels, sizes.image.height, sizes.image.width],
      outputCount: sizes.classes)
  }
}
