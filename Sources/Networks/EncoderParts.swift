/// The two parts of an encoder's block: full self-attention and an MLP.
///
/// BERT, its relatives and ViT share them, but for the parameters' names; where norms stand is theirs.
struct EncoderParts {
  var names: EncoderNames
  var width: Int
  var heads: Int
  var mlpWidth: Int
  var activation: Activation.Kind
  /// Whether queries, keys and values have biases.
  var hasBias = true
  /// Rate after attention, in training.
  var joinedDropout: Float
  /// Rate after the MLP.
  var dropout: Float
  /// Rate at which attention weights are left out, in training.
  var attentionDropout: Float

  /// Queries, keys and values, then what joins the heads.
  func attention(
    _ name: String, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    let headWidth = width / heads
    let projections = names.projections.map {
      builder.linear(
        "\(name).\($0)", inputs: width, outputs: width, bias: hasBias,
        initial: .gpt2)
    }
    let output = builder.linear(
      "\(name).\(names.joined)", inputs: width, outputs: width, bias: true, initial: .gpt2)
    return [
      builder.concatenation(projections)
    ]
      + builder.attentionInputs(
        of: "\(name).attention", heads: heads, keyHeads: heads, headWidth: headWidth)
      + [
        builder.attention(
          heads: heads, headWidth: headWidth, isCausal: false, dropout: attentionDropout),
        builder.ablationPoint(
          .head, of: "\(name).attention", units: heads, unitWidth: headWidth), output,
      ] + builder.dropouts(joinedDropout)
      + [builder.ablationPoint(.attention, of: "\(name).attention", width: width)]
  }

  /// Up, the non-linearity, down.
  func mlp(_ name: String, _ builder: inout NetworkBuilder) -> [any Layer] {
    [
      builder.linear(
        "\(name).\(names.up)", inputs: width, outputs: mlpWidth, bias: true, initial: .gpt2),
      builder.activation(activation),
      builder.ablationPoint(.neuron, of: "\(name).\(names.up)", units: mlpWidth),
      builder.linear(
        "\(name).\(names.down)", inputs: mlpWidth, outputs: width, bias: true, initial: .gpt2),
    ] + builder.dropouts(dropout) + [builder.ablationPoint(.mlp, of: name, width: width)]
  }
}

/// The names of the parameters in a block of an encoder.
struct EncoderNames {
  /// Queries, keys and values.
  let projections: [String]
  /// What joins the heads.
  let joined: String
  /// The norms of attention and of the MLP.
  let attentionNorm, mlpNorm: String
  /// The two layers of the MLP.
  let up, down: String

  /// BERT and RoBERTa.
  static let bert = EncoderNames(
    projections: ["query", "key", "value"].map { "attention.self.\($0)" },
    joined: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
    mlpNorm: "output.LayerNorm", up: "intermediate.dense", down: "output.dense")
  /// ViT, whose norms stand before.
  static let vit = EncoderNames(
    projections: ["query", "key", "value"].map { "attention.attention.\($0)" },
    joined: "attention.output.dense", attentionNorm: "layernorm_before",
    mlpNorm: "layernorm_after", up: "intermediate.dense", down: "output.dense")
  /// DistilBERT.
  static let distilbert = EncoderNames(
    projections: ["q", "k", "v"].map { "attention.\($0)_lin" }, joined: "attention.out_lin",
    attentionNorm: "sa_layer_norm", mlpNorm: "output_layer_norm", up: "ffn.lin1",
    down: "ffn.lin2")
}
