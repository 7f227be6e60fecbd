import Factors

/// The sizes of a GPT-NeoX-style causal language model: Pythia's.
///
/// `Network.gptNeoX` builds it: rotary positions on a part of each head, layer norm before each
/// part, attention and MLP side by side on the same input unless they follow one another.
public struct GPTNeoXConfiguration: Sendable, Hashable {
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
  /// Numbers of each head that turn, even.
  public var turning: Int
  /// Whether attention and MLP read the same input, and both are added to it.
  public var isParallel: Bool
  /// Whether the head is the token embedding; else `embed_out.weight`.
  public var isTied: Bool
  /// ε of the norms.
  public var epsilon: Float
  /// The MLP's non-linearity.
  public var activation: Activation.Kind
  /// Base of the rotary angles.
  public var rotaryBase: Double
  /// How angles are slowed.
  public var rotaryScaling: RotaryScaling
  /// Rate after each part, in training.
  public var dropout: Float
  /// Rate at which attention weights are left out, in training.
  public var attentionDropout: Float

  /// Sizes; the MLP is four times as wide unless said otherwise.
  public init(
    vocabulary: Int, context: Int, layers: Int, heads: Int, width: Int, mlpWidth: Int? = nil,
    turning: Int, isParallel: Bool = true, isTied: Bool = false, epsilon: Float = 1e-5,
    activation: Activation.Kind = .gelu, rotaryBase: Double = 10_000,
    rotaryScaling: RotaryScaling = .none, dropout: Float = 0, attentionDropout: Float = 0
  ) {
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.width, self.mlpWidth) = (heads, width, mlpWidth ?? 4 * width)
    (self.turning, self.isParallel, self.isTied) = (turning, isParallel, isTied)
    (self.epsilon, self.activation) = (epsilon, activation)
    (self.rotaryBase, self.rotaryScaling) = (rotaryBase, rotaryScaling)
    (self.dropout, self.attentionDropout) = (dropout, attentionDropout)
  }
}

extension Network {
  /// A GPT-NeoX-style language model: B × T token ids to B × T × V logits of the next token.
  ///
  /// Parameters have the names and shapes of Hugging Face's `GPTNeoXForCausalLM`: queries, keys and
  /// values of a head stand side by side in one weight. Heads, hidden neurons, attention and MLP
  /// blocks and whole layers are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Black et al. 2022 (arXiv:2204.06745), Biderman et al. 2023 (arXiv:2304.01373).
  public static func gptNeoX(_ sizes: GPTNeoXConfiguration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    let tokens = builder.parameter(
      name: "gpt_neox.embed_in.weight", shape: [sizes.vocabulary, sizes.width], initial: .gpt2)
    var layers: [any Layer] = [builder.embedding(tokens: tokens)]
    layers += builder.dropouts(sizes.dropout)
    for index in 0..<sizes.layers {
      let name = "gpt_neox.layers.\(index)"
      func norm(_ key: String) -> LayerNorm {
        builder.layerNorm("\(name).\(key)", width: sizes.width, epsilon: sizes.epsilon)
      }
      let (before, between) = (norm("input_layernorm"), norm("post_attention_layernorm"))
      let attention = [before] + neoxAttention("\(name).attention", sizes, &builder)
      let mlp = [between] + neoxMLP("\(name).mlp", sizes, &builder)
      let inner =
        sizes.isParallel
        ? [Residual(attention, shortcut: [Residual(mlp)])] : [Residual(attention), Residual(mlp)]
      layers.append(builder.block(inner, of: name, width: sizes.width))
    }
    layers.append(
      builder.layerNorm("gpt_neox.final_layer_norm", width: sizes.width, epsilon: sizes.epsilon))
    return builder.languageModel(
      layers, tokens: tokens, isTied: sizes.isTied, length: length ?? sizes.context,
      headName: "embed_out")
  }

  private static func neoxAttention(
    _ name: String, _ sizes: GPTNeoXConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    let (width, headWidth) = (sizes.width, sizes.width / sizes.heads)
    return [
      builder.linear(
        "\(name).query_key_value", inputs: width, outputs: 3 * width, bias: true, initial: .gpt2),
      HeadOrder(heads: sizes.heads, headWidth: headWidth),
      Rotary(
        heads: 2 * sizes.heads, headWidth: headWidth, turning: sizes.turning,
        base: sizes.rotaryBase, scaling: sizes.rotaryScaling),
    ]
      + builder.attentionInputs(
        of: name, heads: sizes.heads, keyHeads: sizes.heads, headWidth: headWidth)
      + [
        builder.attention(
          heads: sizes.heads, headWidth: headWidth, isCausal: true,
          dropout: sizes.attentionDropout),
        builder.ablationPoint(.head, of: name, units: sizes.heads, unitWidth: headWidth),
        builder.linear(
          "\(name).dense", inputs: width, outputs: width, bias: true, initial: .gpt2),
      ] + builder.dropouts(sizes.dropout)
      + [builder.ablationPoint(.attention, of: name, width: width)]
  }

  private static func neoxMLP(
    _ name: String, _ sizes: GPTNeoXConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    [
      builder.linear(
        "\(name).dense_h_to_4h", inputs: sizes.width, outputs: sizes.mlpWidth, bias: true,
        initial: .gpt2),
      builder.activation(sizes.activation),
      builder.ablationPoint(.neuron, of: "\(name).dense_h_to_4h", units: sizes.mlpWidth),
      builder.linear(
        "\(name).dense_4h_to_h", inputs: sizes.mlpWidth, outputs: sizes.width, bias: true,
        initial: .gpt2),
    ] + builder.dropouts(sizes.dropout)
      + [builder.ablationPoint(.mlp, of: name, width: sizes.width)]
  }
}
