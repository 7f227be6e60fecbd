// Letters: B examples, T positions, C outputs z, p softmax of z.
import Randomness
import Tensors

extension Loss {
  /// ∂(−ℓ)/∂z at targets that are drawn from the outputs themselves: what a *true* Fisher matrix is
  /// the mean square of.
  ///
  ///     e_ŷ − p, ŷ ~ p;   of numbers t̂ − z = ε, ε ~ N(0, I);   0 where a sequence has no target
  ///
  /// - Parameters:
  ///   - targets: they say which outputs have a loss; their values do not count.
  ///   - streams: a number of each example: its draws depend on nothing else, neither on its place
  ///     nor on how examples are cut.
  /// - Returns: as the outputs.
  /// - Source: Kunstner, Hennig, Balles 2019 (arXiv:1905.12558).
  package func sampledSlopes(
    _ outputs: Tensor, _ targets: TargetValues, seed: UInt64, streams: [UInt64]
  ) -> Tensor {
    let width = outputs.rowLength
    let draws = streams.map { RandomStream(seed: seed, purpose: .fisher, index: $0) }
    if self == .squaredError {
      let slopes = Tensor(uninitialized: outputs.shape)
      for (row, stream) in draws.enumerated() {
        stream.fillGaussian(slopes.storage.base + row * width, count: width)
      }
      return slopes
    }
    var slopes = outputs.softmax()
    let places = targets.rowsOfExample
    let values = slopes.writableStorage()
    for row in 0..<outputs.rowCount {
      let p = values.base + row * width
      if places > 1, targets.trueClass(row: row) == nil {
        p.update(repeating: 0, count: width)
        continue
      }
      let drawn = draws[row / places].uniform(at: UInt64(row % places))
      var (label, sum) = (width - 1, 0.0)
      for k in 0..<width {
        sum += Double(p[k])
        if drawn < sum {
          label = k
          break
        }
      }
      VectorMath.scale(-1, p, count: width)
      p[label] += 1
    }
    return slopes
  }
}
