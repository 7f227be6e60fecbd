/// What reads the inputs of a network.
enum InputReader: Sendable {
  /// Token ids.
  case tokens(Embedding)
  /// Pictures: it knows their size.
  case images
  /// Rows of numbers, as they come.
  case rows

  /// That of the layers below `root`.
  init(_ root: any Layer) {
    var embedding: Embedding?
    var first: (any Layer)?
    _ = root.mapped { layer in
      embedding = embedding ?? layer as? Embedding
      if first == nil, layer.components.isEmpty, !layer.parameters.isEmpty { first = layer }
      return layer
    }
    if let embedding {
      self = .tokens(embedding)
    } else {
      self = first is Convolution2D || first is PatchEmbedding ? .images : .rows
    }
  }

  /// Whether an example's numbers may come in another shape than the network's.
  var takesAnyShape: Bool {
    if case .images = self { true } else { false }
  }
}
