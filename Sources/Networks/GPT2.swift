import Factors

/// The sizes of a GPT-2-style causal language model.
///
/// `Network.gpt2` builds it: learned positions, layer norm before each part, tanh GELU.
public struct GPT2Configuration: Sendable, Hashable {
  /// GPT-2 and its relatives.
  public enum Family: String, Sendable, Hashable {
    /// Hugging Face's: weights are `Conv1D`'s, inputs × outputs.
    case gpt2
    /// nanoGPT's: weights are those of linear layers, outputs × inputs; biases may be missing.
    case nanogpt
  }

  /// Which of them.
  public var family: Family
  /// Whether norms and linear layers have biases; GPT-2's always do.
  public var hasBias: Bool
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
  /// Whether the head is the token embedding; else `lm_head.weight`.
  public var isTied: Bool
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
    vocabulary: Int, context: Int, layers: Int, heads: Int, width: Int, mlpWidth: Int? = nil,
    isTied: Bool = true, epsilon: Float = 1e-5, activation: Activation.Kind = .geluTanh,
    dropout: Float = 0, attentionDropout: Float = 0, family: Family = .gpt2, hasBias: Bool = true
  ) {
    precondition(family == .nanogpt || hasBias, "GPT-2 without biases")
    (self.family, self.hasBias) = (family, hasBias)
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.width, self.mlpWidth) = (heads, width, mlpWidth ?? 4 * width)
    (self.isTied, self.epsilon, self.activation) = (isTied, epsilon, activation)
    (self.dropout, self.attentionDropout) = (dropout, attentionDropout)
  }
}

extension Network {
  /// A GPT-2-style language model: B × T token ids to B × T × V logits of the next token.
  ///
  /// Parameters have the names, shapes and order of Hugging Face's `GPT2LMHeadModel`, whose linear
  /// weights are `Conv1D`'s, inputs × outputs, or of nanoGPT's `GPT`, where they are outputs × inputs.
  /// Heads, hidden neurons, attention and MLP blocks and whole layers are ablation points.
  ///
  /// - Parameter length: tokens T of an example, at most the context; the context when nil.
  /// - Source: Radford et al. 2019; initial values of Hugging Face, which are nanoGPT's.
  public static func gpt2(_ sizes: GPT2Configuration, length: Int? = nil) -> Network {
    var builder = NetworkBuilder()
    let tokens = builder.parameter(
      name: "transformer.wte.weight", shape: [sizes.vocabulary, sizes.width], initial: .gpt2)
    let positions = builder.parameter(
      name: "transformer.wpe.weight", shape: [sizes.context, sizes.width], initial: .gpt2)
    var layers: [any Layer] = [builder.embedding(tokens: tokens, positions: positions)]
    layers += builder.dropouts(sizes.dropout)
    for index in 0..<sizes.layers {
      layers.append(gpt2Block("transformer.h.\(index)", sizes, &builder))
    }
    layers.append(gpt2Norm("transformer.ln_f", sizes, &builder))
    return builder.languageModel(
      layers, tokens: tokens, isTied: sizes.isTied, length: length ?? sizes.context)
  }

  private static func gpt2Norm(
    _ name: String, _ sizes: GPT2Configuration, _ builder: inout NetworkBuilder
  ) -> LayerNorm {
    builder.layerNorm(name, width: sizes.width, epsilon: sizes.epsilon, bias: sizes.hasBias)
  }

  private static func gpt2Linear(
    _ name: String, inputs: Int, outputs: Int, initial: InitialValues, _ sizes: GPT2Configuration,
    _ builder: inout NetworkBuilder
  ) -> Linear {
    switch sizes.family {
    case .gpt2:
      builder.transposedLinear(name, inputs: inputs, outputs: outputs, initial: initial)
    case .nanogpt:
      builder.linear(name, inputs: inputs, outputs: outputs, bias: sizes.hasBias, initial: initial)
    }
  }

  private static func gpt2Block(
    _ name: String, _ sizes: GPT2Configuration, _ builder: inout NetworkBuilder
  ) -> Block {
    let (width, headWidth) = (sizes.width, sizes.width / sizes.heads)
    // The residual stream sums 2 · layers parts.
    let part = InitialValues.normal(deviation: 0.02 / Float(2 * sizes.layers).squareRoot())
    let attention: [any Layer] =
      [
        gpt2Norm("\(name).ln_1", sizes, &builder),
        gpt2Linear(
          "\(name).attn.c_attn", inputs: width, outputs: 3 * width, initial: .gpt2, sizes, &builder),
      ]
      + builder.attentionInputs(
        of: "\(name).attn", heads: sizes.heads, keyHeads: sizes.heads, headWidth: headWidth)
      + [
        builder.attention(
          heads: sizes.heads, headWidth: headWidth, isCausal: true,
          dropout: sizes.attentionDropout),
        builder.ablationPoint(
          .head, of: "\(name).attn", units: sizes.heads, unitWidth: headWidth),
        gpt2Linear(
          "\(name).attn.c_proj", inputs: width, outputs: width, initial: part, sizes, &builder),
      ] + builder.dropouts(sizes.dropout)
      + [builder.ablationPoint(.attention, of: "\(name).attn", width: width)]
    let mlp: [any Layer] =
      [
        gpt2Norm("\(name).ln_2", sizes, &builder),
        gpt2Linear(
          "\(name).mlp.c_fc", inputs: width, outputs: sizes.mlpWidth, initial: .gpt2, sizes,
          &builder),
        builder.activation(sizes.activation),
        builder.ablationPoint(.neuron, of: "\(name).mlp.c_fc", units: sizes.mlpWidth),
        gpt2Linear(
          "\(name).mlp.c_proj", inputs: sizes.mlpWidth, outputs: width, initial: part, sizes,
          &builder),
      ] + builder.dropouts(sizes.dropout)
      + [builder.ablationPoint(.mlp, of: "\(name).mlp", width: width)]
    return builder.block([Residual(attention), Residual(mlp)], of: name, width: width)
  }
}

extension InitialValues {
  /// N(0, 0.02²).
  static let gpt2 = InitialValues.normal(deviation: 0.02)
}
