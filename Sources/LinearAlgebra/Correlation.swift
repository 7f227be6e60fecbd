// Letters: M observations.

/// Pearson's correlation; 0 when either side is constant, which says nothing about the other.
///
/// - Parameters:
///   - a: M values.
///   - b: M values.
package func correlation(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "\(a.count) values against \(b.count)")
  let n = Double(max(1, a.count))
  let meanA = a.reduce(0, +) / n
  let meanB = b.reduce(0, +) / n
  var (ab, aa, bb) = (0.0, 0.0, 0.0)
  for (x, y) in zip(a, b) {
    ab += (x - meanA) * (y - meanB)
    aa += (x - meanA) * (x - meanA)
    bb += (y - meanB) * (y - meanB)
  }
  return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
}
