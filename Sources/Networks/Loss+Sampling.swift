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
  ///   - first: the batch's first example, so that draws do not depend on how examples are cut.
  /// - Returns: as the outputs.
  /// - Source: Kunstner, Hennig, Balles 2019 (arXiv:1905.12558).
  package func sampledSlopes(
    _ outputs: Tensor, _ targets: TargetValues, seed: UInt64, firstExample first: Int
  ) -> Tensor {
    let stream = RandomStream(seed: seed, purpose: .fisher)
    let width = outputs.rowLength
    if self == .squaredError {
      let slopes = Tensor(uninitialized: outputs.shape)
      stream.fillGaussian(
        slopes.storage.base, count: slopes.count, from: UInt64(first * width))
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
      let drawn = stream.uniform(at: UInt64(first * places + row))
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
