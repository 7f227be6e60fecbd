/// The two parts of an encoder's block: full self-attention and an MLP.
///
/// BERT and ViT share them, but for one word in the parameters' names; where norms stand is theirs.
struct EncoderParts {
  var width: Int
  var heads: Int
  var mlpWidth: Int
  var activation: Activation.Kind
  /// Whether queries, keys and values have biases.
  var hasBias = true
  /// Rate after each part, in training.
  var dropout: Float
  /// Rate at which attention weights are left out, in training.
  var attentionDropout: Float

  /// Queries, keys and values `name.attention.INNER.…`, then `name.attention.output.dense`.
  func attention(
    _ name: String, inner: String, _ builder: inout NetworkBuilder
  ) -> [any Layer] {
    let headWidth = width / heads
    let projections = ["query", "key", "value"].map {
      builder.linear(
        "\(name).attention.\(inner).\($0)", inputs: width, outputs: width, bias: hasBias,
        initial: .gpt2)
    }
    let output = builder.linear(
      "\(name).attention.output.dense", inputs: width, outputs: width, bias: true, initial: .gpt2)
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
      ] + builder.dropouts(dropout)
      + [builder.ablationPoint(.attention, of: "\(name).attention", width: width)]
  }

  /// `name.intermediate.dense`, the non-linearity, `name.output.dense`.
  func mlp(_ name: String, _ builder: inout NetworkBuilder) -> [any Layer] {
    [
      builder.linear(
        "\(name).intermediate.dense", inputs: width, outputs: mlpWidth, bias: true, initial: .gpt2),
      builder.activation(activation),
      builder.ablationPoint(.neuron, of: "\(name).intermediate.dense", units: mlpWidth),
      builder.linear(
        "\(name).output.dense", inputs: mlpWidth, outputs: width, bias: true, initial: .gpt2),
    ] + builder.dropouts(dropout) + [builder.ablationPoint(.mlp, of: name, width: width)]
  }
}
