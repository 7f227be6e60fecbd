import Randomness
import Tensors

/// Which examples make up each step: a function of seed and epoch alone, so that a run can be
/// replayed exactly without a record.
public struct BatchOrder: Sendable, Equatable {
  /// Number of training examples.
  public let count: Int
  /// Examples in a batch.
  public let batch: Int
  /// The run's seed.
  public let seed: UInt64

  /// The order of `count` examples in batches.
  public init(count: Int, batch: Int, seed: UInt64) {
    precondition(count > 0 && batch > 0, "\(count) examples in batches of \(batch)")
    (self.count, self.batch, self.seed) = (count, batch, seed)
  }

  /// Steps in an epoch; the last may have fewer examples.
  public var stepsPerEpoch: Int { (count + batch - 1) / batch }

  /// All examples in the order in which an epoch visits them.
  ///
  /// - Parameter epoch: from 1.
  public func permutation(epoch: Int) -> [Int] {
    RandomStream(seed: seed, purpose: .shuffle, index: UInt64(epoch)).permutation(of: count)
  }

  /// The examples of each step of an epoch, from 1.
  public func batches(epoch: Int) -> [[Int]] {
    let order = permutation(epoch: epoch)
    return (0..<count).blocks(of: batch).map { Array(order[$0]) }
  }
}
