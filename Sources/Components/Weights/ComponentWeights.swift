// Letters: d components, H query heads, G key and value heads, D width of a head.
import Networks

/// Which weights of a network are whose: the map from components to parameters.
///
///     neuron, filter, layer of either     rows of what makes them, with their biases; of a gated
///                                         MLP the rows of both halves; behind a residual sum the
///                                         rows of both ways
///     head                                its rows of q, k and v, its columns of what reads it
///     query, key, value                   its rows of q, k or v
///     attention, mlp, block               all linear layers and convolutions of the branch
///     layer of a transformer              all of them in the layer
///
/// Embeddings, norms and what makes the outputs are nobody's (`rest`). Where several heads share a
/// key and a value head (G < H) its rows are no head's, for no head's removal frees them; they are
/// their attention's. So is the bias of the layer that joins the heads, the attention's and no
/// head's. Components of one kind never share a weight, unless layers of the network do.
package struct ComponentWeights: Sendable {
  /// The weights of each component, d lists in the order of the set.
  package let own: [[ParameterPart]]
  /// For each component the weights that read each of its activations, through pooling and around
  /// residual branches; none of what is whole, and none where nothing linear follows.
  package let readers: [[[ParameterPart]]]

  /// The map of a set's components.
  package init(_ components: ComponentSet, of network: Network) {
    var walk = WeightWalk()
    walk.visit([network.root], then: [])
    own = components.components.map { walk.own[$0.point]?[$0.unit] ?? [] }
    readers = components.components.map { walk.readers[$0.point]?[$0.unit] ?? [] }
  }

  /// The places of a network's flat vector that are no component's, ascending.
  package func rest(of network: Network) -> [Range<Int>] {
    var isFree = [Bool](repeating: true, count: network.parameterCount)
    for range in own.joined().flatMap(\.ranges) {
      for place in range { isFree[place] = false }
    }
    var found: [Range<Int>] = []
    for place in isFree.indices where isFree[place] {
      if let last = found.last, last.upperBound == place {
        found[found.count - 1] = last.lowerBound..<place + 1
      } else {
        found.append(place..<place + 1)
      }
    }
    return found
  }
}

/// Goes through a network and says at every point what makes it and what reads it.
private struct WeightWalk {
  /// By point, by unit.
  var own: [Int: [[ParameterPart]]] = [:]
  /// By point, by unit, by activation.
  var readers: [Int: [[[ParameterPart]]]] = [:]

  /// - Parameter rest: what comes behind these layers.
  mutating func visit(_ layers: [any Layer], then rest: [any Layer]) {
    for (index, layer) in layers.enumerated() {
      let after = Array(layers[(index + 1)...]) + rest
      switch layer {
      case let sequence as Sequential: visit(sequence.layers, then: after)
      case let residual as Residual:
        visit(residual.body.layers, then: after)
        visit(residual.shortcut?.layers ?? [], then: after)
      case let block as Block:
        visit(block.body.layers, then: after)
        if let group = block.components.last {
          own[group.point] = [WeightWalk.affine(block.body.layers).flatMap(\.whole)]
        }
      case let point as AblationPoint:
        for group in point.components { add(group, Array(layers[..<index]), after) }
      case let point as ColumnPoint:
        let before = Array(layers[..<index])
        let makers = WeightWalk.makers(before)
        for group in point.components {
          own[group.point] = (0..<group.units).map { unit in
            let start = point.start + unit * group.unitWidth
            return WeightWalk.making(
              WeightWalk.made(start..<start + group.unitWidth, before), makers)
          }
        }
      default: break
      }
    }
  }

  private mutating func add(_ group: ComponentGroup, _ before: [any Layer], _ after: [any Layer]) {
    switch group.kind {
    case .attention, .mlp, .block:
      own[group.point] = [WeightWalk.affine(before).flatMap(\.whole)]
    case .head:
      readers[group.point] = WeightWalk.readers(group, after)
      own[group.point] = WeightWalk.heads(group, before, after)
    case .neuron, .filter, .layer, .query, .key, .value:
      let makers = WeightWalk.makers(before)
      own[group.point] = (0..<group.units).map { unit in
        makers.flatMap { $0.making(unit * group.unitWidth..<(unit + 1) * group.unitWidth) }
      }
      if !group.kind.isWhole { readers[group.point] = WeightWalk.readers(group, after) }
    }
  }

  /// The weights that read each activation of each unit.
  private static func readers(
    _ group: ComponentGroup, _ after: [any Layer]
  ) -> [[[ParameterPart]]] {
    let next = nextLayers(after)
    return (0..<group.units).map { unit in
      (unit * group.unitWidth..<(unit + 1) * group.unitWidth).map { k in
        next.flatMap { layer in
          // Flattened images: the pixels of a channel stand side by side.
          let pixels = layer.inputs / group.width
          return layer.reading(k * pixels..<(k + 1) * pixels)
        }
      }
    }
  }

  /// Rows of q, k and v, and the columns of what joins the heads.
  private static func heads(
    _ group: ComponentGroup, _ before: [any Layer], _ after: [any Layer]
  ) -> [[ParameterPart]] {
    guard let attention = before.lazy.compactMap({ $0 as? Attention }).last else {
      return Array(repeating: [], count: group.units)
    }
    let (heads, width) = (attention.heads, attention.headWidth)
    let (makers, next) = (makers(before), nextLayers(after))
    return (0..<heads).map { head in
      let starts =
        attention.keyHeads == heads ? [head, heads + head, 2 * heads + head] : [head]
      return starts.flatMap { making(made($0 * width..<($0 + 1) * width, before), makers) }
        + next.flatMap { $0.reading(head * width..<(head + 1) * width) }
    }
  }

  /// The columns of the makers' outputs that become some columns, where heads are put in order.
  private static func made(_ columns: Range<Int>, _ before: [any Layer]) -> Range<Int> {
    before.lazy.compactMap { $0 as? HeadOrder }.last?.source(of: columns) ?? columns
  }

  /// What makes some outputs of layers side by side; each range lies within one of them.
  private static func making(_ range: Range<Int>, _ layers: [AffineLayer]) -> [ParameterPart] {
    var start = 0
    for layer in layers {
      if range.upperBound <= start + layer.outputs {
        return layer.making(range.lowerBound - start..<range.upperBound - start)
      }
      start += layer.outputs
    }
    return []
  }

  /// All linear layers and convolutions.
  private static func affine(_ layers: [any Layer]) -> [AffineLayer] {
    layers.flatMap { AffineLayer($0).map { [$0] } ?? affine(inner($0)) }
  }

  /// The last linear layers or convolutions on every way to the end.
  private static func makers(_ layers: [any Layer]) -> [AffineLayer] {
    for layer in layers.reversed() {
      if let own = AffineLayer(layer) { return [own] }
      if let parallel = layer as? Concatenation { return parallel.layers.flatMap { makers([$0]) } }
      if let residual = layer as? Residual {
        return makers(residual.body.layers) + makers(residual.shortcut?.layers ?? [])
      }
      let found = makers(inner(layer))
      if !found.isEmpty { return found }
    }
    return []
  }

  /// The first linear layers or convolutions on every way from the beginning.
  private static func nextLayers(_ layers: [any Layer]) -> [AffineLayer] {
    for (index, layer) in layers.enumerated() {
      if let own = AffineLayer(layer) { return [own] }
      if let parallel = layer as? Concatenation {
        return parallel.layers.flatMap { nextLayers([$0]) }
      }
      let rest = Array(layers[(index + 1)...])
      if let residual = layer as? Residual {
        return nextLayers(residual.body.layers)
          + nextLayers((residual.shortcut?.layers ?? []) + rest)
      }
      if !inner(layer).isEmpty { return nextLayers(inner(layer) + rest) }
    }
    return []
  }

  /// The layers that a layer is put together from; none of one that is whole.
  private static func inner(_ layer: any Layer) -> [any Layer] {
    switch layer {
    case let sequence as Sequential: sequence.layers
    case let block as Block: block.body.layers
    case let residual as Residual: residual.body.layers + (residual.shortcut?.layers ?? [])
    case let parallel as Concatenation: parallel.layers
    default: []
    }
  }
}
