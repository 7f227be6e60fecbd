import Tensors

extension TopExamples {
  /// The top examples of every query, or of the mean of the queries' scores, from blocks of scores.
  ///
  /// What names the top examples of rows of the test set goes through here: an ensemble, scores fused
  /// with a bank, and score files. Never more than a block is held.
  ///
  /// - Parameters:
  ///   - count: training examples, n.
  ///   - produce: calls its argument with successive blocks of queries × n scores.
  public static func tops(
    limit: Int, mean isMean: Bool, count: Int,
    of produce: (_ take: (Matrix<Float>) throws -> Void) throws -> Void
  ) throws -> [TopExamples] {
    func top(_ scores: UnsafeBufferPointer<Float>) -> TopExamples {
      var top = TopExamples(limit: limit)
      top.take(scores)
      return top
    }
    var tops: [TopExamples] = []
    var sum = [Double](repeating: 0, count: isMean ? count : 0)
    var queries = 0
    try produce { block in
      precondition(block.columns == count, "\(block.columns) scores of \(count) examples")
      queries += block.rows
      for row in 0..<block.rows {
        let scores = UnsafeBufferPointer(
          start: block.storage.base + row * count, count: count)
        guard isMean else {
          tops.append(top(scores))
          continue
        }
        for (i, score) in scores.enumerated() { sum[i] += Double(score) }
      }
    }
    guard isMean else { return tops }
    return [sum.map { Float($0 / Double(max(1, queries))) }.withUnsafeBufferPointer(top)]
  }
}
