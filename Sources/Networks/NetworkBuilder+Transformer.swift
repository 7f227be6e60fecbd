import Factors

/// The layers of transformers.
extension NetworkBuilder {
  /// Layer norm with scale and, where it has a bias, shift: `name.weight` and `name.bias`.
  package mutating func layerNorm(
    _ name: String, width: Int, epsilon: Float = 1e-5, bias: Bool = true
  ) -> LayerNorm {
    let scale = parameter(name: name + ".weight", shape: [width], initial: .constant(1))
    let shift =
      bias ? parameter(name: name + ".bias", shape: [width], initial: .constant(0)) : nil
    return LayerNorm(kind: .layer, scale: scale, shift: shift, epsilon: epsilon, slot: slot())
  }

  /// Root-mean-square norm with a scale, `name.weight`.
  ///
  /// - Parameters:
  ///   - parts: of a row that are normalised alone, each `width` wide.
  ///   - offset: what is added to the parameter to make the scale.
  package mutating func rootMeanSquareNorm(
    _ name: String, width: Int, epsilon: Float = 1e-6, parts: Int = 1, offset: Float = 0
  ) -> LayerNorm {
    LayerNorm(
      kind: .rootMeanSquare,
      scale: parameter(name: name + ".weight", shape: [width], initial: .constant(1 - offset)),
      shift: nil, epsilon: epsilon, parts: parts, offset: offset, slot: slot())
  }

  /// Token vectors, with position and segment vectors where parameters are given.
  ///
  /// The first layer of its network.
  ///
  /// - Parameters:
  ///   - padding: the token that fills up short sequences, beside ids below 0.
  ///   - firstPosition: the row of `positions` that the first position has.
  ///   - separator: the token behind which the second segment begins.
  package mutating func embedding(
    tokens: Parameter, positions: Parameter? = nil, segments: Parameter? = nil,
    padding: Int? = nil, firstPosition: Int = 0, separator: Int? = nil
  ) -> Embedding {
    Embedding(
      tokens: tokens, positions: positions, segments: segments, padding: padding,
      firstPosition: firstPosition, separator: separator, slot: slot())
  }

  /// Images as sequences; nil when no patch fits.
  ///
  /// Parameters are `name.cls_token`, `name.position_embeddings` and
  /// `name.patch_embeddings.projection`.
  package mutating func patchEmbedding(
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
  package mutating func firstPosition() -> FirstPosition { FirstPosition(slot: slot()) }

  /// Attention on queries, keys and values side by side.
  ///
  /// - Parameters:
  ///   - dropout: rate at which weights are left out in training, 0 ≤ rate < 1.
  ///   - scale: of the scores; 1/√D when nil.
  ///   - cap: c of scores c tanh(s/c); nil: s.
  package mutating func attention(
    heads: Int, keyHeads: Int? = nil, headWidth: Int, isCausal: Bool, dropout: Float = 0,
    scale: Float? = nil, cap: Float? = nil
  ) -> Attention {
    let keyHeads = keyHeads ?? heads
    precondition(dropout >= 0 && dropout < 1, "dropout rate \(dropout)")
    precondition(
      keyHeads > 0 && heads.isMultiple(of: keyHeads), "\(heads) heads on \(keyHeads)")
    return Attention(
      heads: heads, keyHeads: keyHeads, headWidth: headWidth, isCausal: isCausal, dropout: dropout,
      scale: scale, cap: cap, slot: slot())
  }

  /// Layers on the same input, outputs side by side.
  package mutating func concatenation(_ layers: [any Layer]) -> Concatenation {
    Concatenation(layers: layers, slot: slot())
  }

  /// The network of a language model: `layers`, then the head that makes V logits at every position.
  ///
  /// - Parameters:
  ///   - tokens: the token embedding, V × W, which is the head when tied; else `lm_head.weight`.
  ///   - length: tokens T of an example.
  ///   - headName: of a head that is not tied.
  ///   - cap: c of logits c tanh(z/c); nil: z.
  mutating func languageModel(
    _ layers: [any Layer], tokens: Parameter, isTied: Bool, length: Int,
    headName: String = "lm_head", cap: Float? = nil
  ) -> Network {
    let (vocabulary, width) = (tokens.shape[0], tokens.shape[1])
    let head =
      isTied
      ? linear(sharing: tokens, bias: nil)
      : linear(headName, inputs: width, outputs: vocabulary, bias: false, initial: .gpt2)
    var layers = layers + [head]
    if let cap { layers += [Scale(1 / cap), activation(.tanh), Scale(cap)] }
    return Network(
      Sequential(layers), builder: self, inputShape: [length], outputCount: vocabulary,
      outputShape: [length, vocabulary])
  }

  /// Dropout where the rate is not 0.
  mutating func dropouts(_ rate: Float) -> [any Layer] { rate > 0 ? [dropout(rate)] : [] }

  /// f(g) ∘ u of inputs [g, u].
  package mutating func gatedProduct(_ kind: GatedProduct.Kind = .silu) -> GatedProduct {
    GatedProduct(kind: kind, slot: slot())
  }
}
