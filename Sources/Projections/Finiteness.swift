import Factors
import Synchronization
import Tensors

extension ExampleGradients {
  /// Throws for the first example of the first layer with a NaN or an infinity in a factor.
  ///
  /// - Complexity: reads every factor once, on the workers.
  func requireFinite() throws(ProjectionError) {
    for block in blocks {
      for term in block.terms {
        try term.left.requireFinite(count, layer: block.weight.name, side: .outputGradient)
        try term.right.requireFinite(count, layer: block.weight.name, side: .input)
      }
    }
  }
}

extension FactorSide {
  fileprivate func requireFinite(
    _ count: Int, layer: String, side: ProjectionError.Side
  ) throws(ProjectionError) {
    switch self {
    case .oneHot, .one: return
    case .dense(let values), .denseWithOne(let values):
      let storage = values.storage
      let first = Atomic<Int>(Int.max)
      Workers.run(over: values.count, grain: 1 << 18) { range in
        let start = storage.base + range.lowerBound
        guard let place = VectorMath.firstNonFinite(start, count: range.count) else { return }
        first.min(range.lowerBound + place, ordering: .relaxed)
      }
      let place = first.load(ordering: .relaxed)
      if place == Int.max { return }
      let perExample = values.count / max(1, count)
      throw .nonFinite(
        example: place / max(1, perExample), layer: layer, side: side, value: storage.base[place])
    }
  }
}
