// Letters: n training examples, E epochs.
import Tensors
import Training

extension PruneStrategy {
  /// By the number of epochs after which an example that was right is wrong again.
  ///
  /// One that was never right is forgotten more often than any other: E times.
  static let forgetting = byHardness(
    "forgetting", of: "how often they are forgotten in the training",
    source: "Toneva et al. 2019 (arXiv:1812.05159)", needs: [.dynamics, .classes]
  ) { context in
    var sum = [Float](repeating: 0, count: context.count)
    for correct in try context.sources.epochs(of: .correct) {
      for row in 0..<context.count { sum[row] += forgettingEvents(correct, row) }
    }
    return sum
  }

  private static func forgettingEvents(_ correct: Matrix<Float>, _ row: Int) -> Float {
    var (events, wasEverRight) = (0, false)
    for epoch in 0..<correct.rows {
      let isRight = correct[epoch, row] == 1
      if epoch > 0, !isRight, correct[epoch - 1, row] == 1 { events += 1 }
      wasEverRight = wasEverRight || isRight
    }
    return Float(wasEverRight ? events : correct.rows)
  }
}
