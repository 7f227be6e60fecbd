import Factors

/// The sizes of a Llama-style causal language model.
///
/// `Network.llama` builds it: rotary positions, root-mean-square norm before each part, grouped
/// queries, gated MLP.
public struct LlamaConfiguration: Sendable, Hashable {
  /// Tokens V.
  public var vocabulary: Int
  /// Longest sequence.
  public var context: Int
  /// Blocks.
  public var layers: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads, a divisor of the query heads.
  public var keyHeads: Int
  /// Width of a position.
  public var width: Int
  /// Width of a head, even; the width over the heads in most models.
  public var headWidth: Int
  /// Width of the MLP's middle.
  public var mlpWidth: Int
  /// Whether the head is the token embedding; else `lm_head.weight`.
  public var isTied: Bool
  /// ε of the norms.
  public var epsilon: Float
  /// Base of the rotary angles (`rope_theta`).
  public var rotaryBase: Double
  /// How angles are slowed for sequences longer than those of the first training.
  public var rotaryScaling: RotaryScaling

  /// Sizes.
  public init(
    vocabulary: Int, context: Int, layers: Int, heads: Int, keyHeads: Int? = nil, width: Int,
    headWidth: Int? = nil, mlpWidth: Int, isTied: Bool = false, epsilon: Float = 1e-6,
    rotaryBase: Double = 10_000, rotaryScaling: RotaryScaling = .none
  ) {
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.keyHeads, self.width) = (heads, keyHeads ?? heads, width)
    (self.headWidth, self.mlpWidth) = (headWidth ?? width / heads, mlpWidth)
    (self.isTied, self.epsilon) = (isTied, epsilon)
    (self.rotaryBase, self.rotaryScaling) = (rotaryBase, rotaryScaling)
  }
}

extension Network {
  /// A Llama-style language model: B × T token ids to B × T × V logits of the next token.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `LlamaForCausalLM`. Heads,
  /// hidden neurons, attention and MLP blocks and whole layers are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Touvron et al. 2023 (arXiv:2302.13971); initial values of Hugging Face.
  public static func llama(_ sizes: LlamaConfiguration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    let tokens = builder.parameter(
      name: "model.embed_tokens.weight", shape: [sizes.vocabulary, sizes.width], initial: .gpt2)
    var layers: [any Layer] = [builder.embedding(tokens: tokens)]
    for index in 0..<sizes.layers {
      let name = "model.layers.\(index)"
      // Parameters in Hugging Face's order: attention, MLP, then the norms.
      let attention = llamaAttention("\(name).self_attn", sizes, &builder)
      let mlp = llamaMLP("\(name).mlp", sizes, &builder)
      let before = builder.rootMeanSquareNorm(
        "\(name).input_layernorm", width: sizes.width, epsilon: sizes.epsilon)
      let between = builder.rootMeanSquareNorm(
        "\(name).post_attention_layernorm", width: sizes.width, epsilon: sizes.epsilon)
      layers.append(
        builder.block(
          [Residual([before] + attention), Residual([between] + mlp)], of: name,
          width: sizes.width))
    }
    layers.append(
      builder.rootMeanSquareNorm("model.norm", width: sizes.width, epsilon: sizes.epsilon))
    return builder.languageModel(
      layers, tokens: tokens, isTied: sizes.isTied, length: length ?? sizes.context)
  }

  private static func llamaAttention(
    _ name: String, _ sizes: LlamaConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    func projection(_ key: String, heads: Int, _ builder: inout NetworkBuilder) -> Linear {
      builder.linear(
        "\(name).\(key)", inputs: sizes.width, outputs: heads * sizes.headWidth, bias: false,
        initial: .gpt2)
    }
    let queries = projection("q_proj", heads: sizes.heads, &builder)
    let keys = projection("k_proj", heads: sizes.keyHeads, &builder)
    let values = projection("v_proj", heads: sizes.keyHeads, &builder)
    return [
      builder.concatenation([queries, keys, values]),
      Rotary(
        heads: sizes.heads + sizes.keyHeads, headWidth: sizes.headWidth, base: sizes.rotaryBase,
        scaling: sizes.rotaryScaling),
    ]
      + builder.attentionInputs(
        of: name, heads: sizes.heads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth)
      + [
        builder.attention(
          heads: sizes.heads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth, isCausal: true),
        builder.ablationPoint(.head, of: name, units: sizes.heads, unitWidth: sizes.headWidth),
        builder.linear(
          "\(name).o_proj", inputs: sizes.heads * sizes.headWidth, outputs: sizes.width,
          bias: false,
          initial: .gpt2),
        builder.ablationPoint(.attention, of: name, width: sizes.width),
      ]
  }

  private static func llamaMLP(
    _ name: String, _ sizes: LlamaConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    func projection(_ key: String, _ inputs: Int, _ outputs: Int, _ builder: inout NetworkBuilder)
      -> Linear
    {
      builder.linear(
        "\(name).\(key)", inputs: inputs, outputs: outputs, bias: false, initial: .gpt2)
    }
    let gate = projection("gate_proj", sizes.width, sizes.mlpWidth, &builder)
    let up = projection("up_proj", sizes.width, sizes.mlpWidth, &builder)
    return [
      builder.concatenation([gate, up]), builder.gatedProduct(),
      builder.ablationPoint(.neuron, of: name, units: sizes.mlpWidth),
      projection("down_proj", sizes.mlpWidth, sizes.width, &builder),
      builder.ablationPoint(.mlp, of: name, width: sizes.width),
    ]
  }
}
