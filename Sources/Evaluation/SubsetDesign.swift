// Letters: n training examples, M subsets.
import Datasets
import Randomness
import Tensors

/// Which subsets of a training set models are trained on.
public struct SubsetDesign: Sendable, Codable, Equatable {
  /// Number of subsets M.
  public let subsets: Int
  /// Share of the training set in each.
  public let fraction: Double
  /// Seed of the draws.
  public let seed: UInt64

  /// Random subsets of the same size.
  ///
  /// - Throws: `EvaluationError.subsetDesign` unless 1 ≤ M ≤ 100,000 and 0 < fraction < 1.
  public init(subsets: Int, fraction: Double, seed: UInt64 = 0) throws(EvaluationError) {
    guard (1...100_000).contains(subsets) else {
      throw .subsetDesign(problem: "\(subsets) subsets are not from 1 to 100000")
    }
    guard fraction > 0, fraction < 1 else {
      throw .subsetDesign(problem: "a fraction of \(fraction) is not between 0 and 1")
    }
    self.subsets = subsets
    self.fraction = fraction
    self.seed = seed
  }

  /// The rows of one subset of n, ascending: round(fraction · n) of them, at least one.
  public func rows(_ subset: Int, of count: Int) -> [Int] {
    let size = max(1, min(count, Int((fraction * Double(count)).rounded())))
    return RandomStream(seed: seed, purpose: .subset, index: UInt64(subset))
      .sample(size, of: count).sorted()
  }

  /// M × n, 1 where the example is in the subset.
  public func masks(of count: Int) -> Matrix<Float> {
    let masks = Matrix<Float>(repeating: 0, rows: subsets, columns: count)
    for subset in 0..<subsets {
      for row in rows(subset, of: count) { masks.storage.base[subset * count + row] = 1 }
    }
    return masks
  }
}
