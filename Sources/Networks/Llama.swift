import Factors

/// The sizes of a Llama-style causal language model.
///
/// `Network.llama` builds it: rotary positions, root-mean-square norms, grouped queries, gated MLP.
/// A relative of Llama is a family with its own settings of these.
public struct LlamaConfiguration: Sendable, Hashable {
  /// Llama and its relatives, by Hugging Face's `model_type`.
  public enum Family: String, Sendable, Hashable {
    /// A norm before each part.
    case llama
    /// As Llama; long sequences see a window of keys.
    case mistral
    /// Biases of queries, keys and values.
    case qwen2
    /// Norms of the heads of queries and keys.
    case qwen3
    /// Norms of all queries and of all keys; norms after each part instead of before.
    case olmo2
    /// Norms before and after each part; scores and logits are capped; GELU gates.
    case gemma2
  }

  /// Which of them.
  public var family: Family
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
  /// Keys that a query sees in some layer, itself included; nil: all before it.
  ///
  /// Longer sequences than this are not built.
  public var window: Int?
  /// What scores are multiplied by; nil: 1/√(width of a head).
  public var attentionScale: Float?
  /// Whether all linear layers of attention have biases (`attention_bias`); Qwen2's queries, keys and
  /// values have theirs without it.
  public var hasAttentionBias: Bool
  /// Whether the linear layers of the MLP have biases (`mlp_bias`).
  public var hasMLPBias: Bool
  /// c of scores c tanh(s/c); nil: s.
  public var attentionCap: Float?
  /// c of logits c tanh(z/c); nil: z.
  public var logitCap: Float?

  /// Sizes.
  public init(
    _ family: Family = .llama, vocabulary: Int, context: Int, layers: Int, heads: Int,
    keyHeads: Int? = nil, width: Int, headWidth: Int? = nil, mlpWidth: Int, isTied: Bool = false,
    epsilon: Float = 1e-6, rotaryBase: Double = 10_000, rotaryScaling: RotaryScaling = .none,
    window: Int? = nil, attentionScale: Float? = nil, attentionCap: Float? = nil,
    logitCap: Float? = nil, hasAttentionBias: Bool = false, hasMLPBias: Bool = false
  ) {
    (self.hasAttentionBias, self.hasMLPBias) = (hasAttentionBias, hasMLPBias)
    (self.family, self.window, self.attentionScale) = (family, window, attentionScale)
    (self.attentionCap, self.logitCap) = (attentionCap, logitCap)
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.keyHeads, self.width) = (heads, keyHeads ?? heads, width)
    (self.headWidth, self.mlpWidth) = (headWidth ?? width / heads, mlpWidth)
    (self.isTied, self.epsilon) = (isTied, epsilon)
    (self.rotaryBase, self.rotaryScaling) = (rotaryBase, rotaryScaling)
  }
}

/// The settings in which families differ.
extension LlamaConfiguration {
  /// Whether queries, keys and values have biases.
  var hasInputBias: Bool { family == .qwen2 || hasAttentionBias }
  /// Whether the parts have norms before them.
  var hasNormBefore: Bool { family != .olmo2 }
  /// Whether the parts have norms after them.
  var hasNormAfter: Bool { family == .olmo2 || family == .gemma2 }
  /// What is added to the norms' parameters to make their scales.
  var normOffset: Float { family == .gemma2 ? 1 : 0 }
  /// The gates' non-linearity.
  var gate: GatedProduct.Kind { family == .gemma2 ? .geluTanh : .silu }
  /// What the embedding is multiplied by.
  var embeddingScale: Float { family == .gemma2 ? Float(width).squareRoot() : 1 }
}

extension Network {
  /// A Llama-style language model: B × T token ids to B × T × V logits of the next token.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `LlamaForCausalLM`, or of the
  /// family's class. Heads,
  /// hidden neurons, attention and MLP blocks and whole layers are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Touvron et al. 2023 (arXiv:2302.13971), Jiang et al. 2023 (arXiv:2310.06825), Yang et
  ///   al. 2024 and 2025 (arXiv:2407.10671, arXiv:2505.09388), OLMo Team 2025 (arXiv:2501.00656),
  ///   Gemma Team 2024 (arXiv:2408.00118); initial values of Hugging Face.
  public static func llama(_ sizes: LlamaConfiguration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    let tokens = builder.parameter(
      name: "model.embed_tokens.weight", shape: [sizes.vocabulary, sizes.width], initial: .gpt2)
    var layers: [any Layer] = [builder.embedding(tokens: tokens)]
    if sizes.embeddingScale != 1 { layers.append(Scale(sizes.embeddingScale)) }
    for index in 0..<sizes.layers {
      let name = "model.layers.\(index)"
      // Parameters in Hugging Face's order: attention, MLP, then the norms.
      let attention = llamaAttention("\(name).self_attn", sizes, &builder)
      let mlp = llamaMLP("\(name).mlp", sizes, &builder)
      let (before, between): ([any Layer], [any Layer]) =
        sizes.hasNormBefore
        ? (
          [llamaNorm("\(name).input_layernorm", sizes, &builder)],
          [
            llamaNorm(
              sizes.hasNormAfter
                ? "\(name).pre_feedforward_layernorm" : "\(name).post_attention_layernorm",
              sizes, &builder)
          ]
        ) : ([], [])
      layers.append(
        builder.block(
          [Residual(before + attention), Residual(between + mlp)], of: name, width: sizes.width))
    }
    layers.append(llamaNorm("model.norm", sizes, &builder))
    return builder.languageModel(
      layers, tokens: tokens, isTied: sizes.isTied, length: length ?? sizes.context,
      cap: sizes.logitCap)
  }

  /// - Parameters:
  ///   - width: of what is normalised; a position's when nil.
  ///   - parts: side by side.
  private static func llamaNorm(
    _ name: String, _ sizes: LlamaConfiguration, width: Int? = nil, parts: Int = 1,
    _ builder: inout NetworkBuilder
  ) -> LayerNorm {
    builder.rootMeanSquareNorm(
      name, width: width ?? sizes.width, epsilon: sizes.epsilon, parts: parts,
      offset: sizes.normOffset)
  }

  private static func llamaAttention(
    _ name: String, _ sizes: LlamaConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    func projection(_ key: String, heads: Int, _ builder: inout NetworkBuilder) -> Linear {
      builder.linear(
        "\(name).\(key)", inputs: sizes.width, outputs: heads * sizes.headWidth,
        bias: sizes.hasInputBias, initial: .gpt2)
    }
    func normalised(
      _ layer: Linear, _ key: String, heads: Int, _ builder: inout NetworkBuilder
    ) -> any Layer {
      switch sizes.family {
      case .qwen3:
        Sequential([
          layer,
          llamaNorm("\(name).\(key)", sizes, width: sizes.headWidth, parts: heads, &builder),
        ])
      case .olmo2:
        Sequential([
          layer, llamaNorm("\(name).\(key)", sizes, width: heads * sizes.headWidth, &builder),
        ])
      case .llama, .mistral, .qwen2, .gemma2: layer
      }
    }
    let projections = (
      projection("q_proj", heads: sizes.heads, &builder),
      projection("k_proj", heads: sizes.keyHeads, &builder),
      projection("v_proj", heads: sizes.keyHeads, &builder)
    )
    let queries = normalised(projections.0, "q_norm", heads: sizes.heads, &builder)
    let keys = normalised(projections.1, "k_norm", heads: sizes.keyHeads, &builder)
    return [
      builder.concatenation([queries, keys, projections.2]),
      Rotary(
        heads: sizes.heads + sizes.keyHeads, headWidth: sizes.headWidth, base: sizes.rotaryBase,
        scaling: sizes.rotaryScaling),
    ]
      + builder.attentionInputs(
        of: name, heads: sizes.heads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth)
      + [
        builder.attention(
          heads: sizes.heads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth,
          isCausal: true, scale: sizes.attentionScale, cap: sizes.attentionCap),
        builder.ablationPoint(.head, of: name, units: sizes.heads, unitWidth: sizes.headWidth),
        builder.linear(
          "\(name).o_proj", inputs: sizes.heads * sizes.headWidth, outputs: sizes.width,
          bias: sizes.hasAttentionBias, initial: .gpt2),
      ]
      + llamaNormAfter(
        name.replacing("self_attn", with: "post_attention_layernorm"), sizes, &builder)
      + [builder.ablationPoint(.attention, of: name, width: sizes.width)]
  }

  private static func llamaMLP(
    _ name: String, _ sizes: LlamaConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    func projection(_ key: String, _ inputs: Int, _ outputs: Int, _ builder: inout NetworkBuilder)
      -> Linear
    {
      builder.linear(
        "\(name).\(key)", inputs: inputs, outputs: outputs, bias: sizes.hasMLPBias, initial: .gpt2)
    }
    let gate = projection("gate_proj", sizes.width, sizes.mlpWidth, &builder)
    let up = projection("up_proj", sizes.width, sizes.mlpWidth, &builder)
    return [
      builder.concatenation([gate, up]), builder.gatedProduct(sizes.gate),
      builder.ablationPoint(.neuron, of: name, units: sizes.mlpWidth),
      projection("down_proj", sizes.mlpWidth, sizes.width, &builder),
    ]
      + llamaNormAfter(
        name.replacing("mlp", with: "post_feedforward_layernorm"), sizes, &builder)
      + [builder.ablationPoint(.mlp, of: name, width: sizes.width)]
  }

  /// The norm after a part, in the families that have it.
  private static func llamaNormAfter(
    _ name: String, _ sizes: LlamaConfiguration, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    sizes.hasNormAfter ? [llamaNorm(name, sizes, &builder)] : []
  }
}
