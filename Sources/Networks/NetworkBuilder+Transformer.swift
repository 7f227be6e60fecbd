import Factors

/// The layers of transformers.
extension NetworkBuilder {
  /// Layer norm with scale and shift, `name.weight` and `name.bias`.
  public mutating func layerNorm(_ name: String, width: Int, epsilon: Float = 1e-5) -> LayerNorm {
    LayerNorm(
      kind: .layer, scale: parameter(name: name + ".weight", shape: [width], initial: .constant(1)),
      shift: parameter(name: name + ".bias", shape: [width], initial: .constant(0)),
      epsilon: epsilon, slot: slot())
  }

  /// Root-mean-square norm with a scale, `name.weight`.
  public mutating func rootMeanSquareNorm(
    _ name: String, width: Int, epsilon: Float = 1e-6
  ) -> LayerNorm {
    LayerNorm(
      kind: .rootMeanSquare,
      scale: parameter(name: name + ".weight", shape: [width], initial: .constant(1)), shift: nil,
      epsilon: epsilon, slot: slot())
  }

  /// Token vectors, with position and segment vectors where parameters are given.
  ///
  /// The first layer of its network.
  ///
  /// - Parameter padding: the token that fills up short sequences, beside ids below 0.
  public mutating func embedding(
    tokens: Parameter, positions: Parameter? = nil, segments: Parameter? = nil,
    padding: Int? = nil
  ) -> Embedding {
    Embedding(
      tokens: tokens, positions: positions, segments: segments, padding: padding, slot: slot())
  }

  /// Images as sequences; nil when no patch fits.
  ///
  /// Parameters are `name.cls_token`, `name.position_embeddings` and
  /// `name.patch_embeddings.projection`.
  public mutating func patchEmbedding(
    _ name: String, input: ImageShape, patch: Int, width: Int
  ) -> PatchEmbedding? {
    guard let windows = WindowGeometry(input: input, kernel: (patch, patch), stride: patch) else {
      return nil
    }
    let token = parameter(name: "\(name).cls_token", shape: [1, 1, width], initial: .gpt2)
    let positions = parameter(
      name: "\(name).position_embeddings", shape: [1, windows.positions + 1, width],
      initial: .gpt2)
    return convolution(
      "\(name).patch_embeddings.projection", input: input, outputs: width, kernel: patch,
      stride: patch, initial: .gpt2
    ).map { PatchEmbedding(projection: $0, classToken: token, positions: positions) }
  }

  /// The first position of every sequence.
  public mutating func firstPosition() -> FirstPosition { FirstPosition(slot: slot()) }

  /// Attention on queries, keys and values side by side.
  ///
  /// - Parameter dropout: rate at which weights are left out in training, 0 ≤ rate < 1.
  public mutating func attention(
    heads: Int, keyHeads: Int? = nil, headWidth: Int, isCausal: Bool, dropout: Float = 0
  ) -> Attention {
    let keyHeads = keyHeads ?? heads
    precondition(dropout >= 0 && dropout < 1, "dropout rate \(dropout)")
    precondition(
      keyHeads > 0 && heads.isMultiple(of: keyHeads), "\(heads) heads on \(keyHeads)")
    return Attention(
      heads: heads, keyHeads: keyHeads, headWidth: headWidth, isCausal: isCausal, dropout: dropout,
      slot: slot())
  }

  /// Layers on the same input, outputs side by side.
  public mutating func concatenation(_ layers: [any Layer]) -> Concatenation {
    Concatenation(layers: layers, slot: slot())
  }

  /// The network of a language model: `layers`, then the head that makes V logits at every position.
  ///
  /// - Parameters:
  ///   - tokens: the token embedding, V × W, which is the head when tied; else `lm_head.weight`.
  ///   - length: tokens T of an example.
  mutating func languageModel(
    _ layers: [any Layer], tokens: Parameter, isTied: Bool, length: Int
  ) -> Network {
    let (vocabulary, width) = (tokens.shape[0], tokens.shape[1])
    let head =
      isTied
      ? linear(sharing: tokens, bias: nil)
      : linear("lm_head", inputs: width, outputs: vocabulary, bias: false, initial: .gpt2)
    return Network(
      Sequential(layers + [head]), builder: self, inputShape: [length], outputCount: vocabulary,
      outputShape: [length, vocabulary])
  }

  /// Dropout where the rate is not 0.
  mutating func dropouts(_ rate: Float) -> [any Layer] { rate > 0 ? [dropout(rate)] : [] }

  /// silu(g) ∘ u of inputs [g, u].
  public mutating func gatedProduct() -> GatedProduct { GatedProduct(slot: slot()) }
}
