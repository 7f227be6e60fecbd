import Factors
import LinearAlgebra
import Randomness
import Tensors

/// k gradient coordinates drawn without replacement, scaled by √(p/k).
///
///     φ_i[j] = √(p/k) · g_i[c_j]      c_1 < c_2 < … < c_k
///
/// Unbiased over seeds, and with a large variance when few coordinates carry the gradient.
///
/// - Source: the random mask of GraSS, Hu et al. 2025 (arXiv:2505.18976).
public struct MaskProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity
  private let layers: [MaskLayer]

  /// A projector of `layers` to k coordinates.
  ///
  /// - Throws: `dimensionOutOfRange` unless 1 ≤ k ≤ p, `noLayers`.
  public init(dimension k: Int, seed: UInt64, layers: [LayerShape]) throws(ProjectionError) {
    let p = layers.reduce(0) { $0 + $1.coordinateCount }
    try requireDimension(k, .mask, layers, in: 1...max(1, p))
    identity = ProjectorIdentity(kind: .mask, dimension: k, seed: seed, layers: layers)
    let chosen = RandomStream(seed: seed, purpose: .projection).sample(k, of: p).sorted()
    var made: [MaskLayer] = []
    var place = 0
    var offset = 0
    for layer in layers {
      let end = offset + layer.coordinateCount
      let first = place
      while place < k && chosen[place] < end { place += 1 }
      let inside = chosen[first..<place].map { $0 - offset }
      made.append(
        MaskLayer(
          outputs: inside.map { $0 / layer.inputs }, inputs: inside.map { $0 % layer.inputs },
          offset: first))
      offset = end
    }
    self.layers = made
  }

  /// The features, n × k.
  ///
  /// - Complexity: n·T·k multiplications.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let n = gradients.count
    let k = dimension
    let scale = (Float(identity.coordinateCount) / Float(k)).squareRoot()
    let features = Matrix<Float>(repeating: 0, rows: n, columns: k)
    Workers.run(over: n, grain: 16) { examples in
      for (layer, block) in zip(layers, gradients.blocks) where !layer.outputs.isEmpty {
        for term in block.terms {
          let left = term.left.gathered(columns: layer.outputs, examples: examples)
          let right = term.right.gathered(columns: layer.inputs, examples: examples)
          for i in 0..<examples.count {
            let target = features.storage.base + (examples.lowerBound + i) * k + layer.offset
            for t in 0..<term.positions {
              let row = (i * term.positions + t) * left.columns
              let (d, a) = (left.storage.base + row, right.storage.base + row)
              for j in 0..<left.columns { target[j] += scale * (d[j] * a[j]) }
            }
          }
        }
      }
    }
    return features
  }
}

/// The chosen coordinates of a layer and the place of its features.
private struct MaskLayer: Sendable {
  let outputs: [Int]
  let inputs: [Int]
  let offset: Int
}
