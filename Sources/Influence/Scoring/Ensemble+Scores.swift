// Letters: n training examples, m queries, C checkpoints.
import Datasets
import Tensors

extension Ensemble {
  /// Scores of every query, m × n, or of their mean, 1 × n; NaN for deleted rows.
  public func scores(_ queries: Dataset, mean: Bool = false) throws -> Matrix<Float> {
    try scores(queries, mean: mean, keeps: true)
  }

  /// Calls `body` with the scores of one block of queries after the other; never all of them.
  ///
  /// - Parameter once: whether nothing else will be asked: then checkpoints that every block has been
  ///   through give their memory to the next.
  public func forEachBlock(
    of queries: Dataset, once: Bool = false, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    let rows = queriesAtATime
    let keeps = !once || queries.count > rows
    for range in (0..<queries.count).blocks(of: rows) {
      try body(range, try scores(queries.subset(Array(range)), mean: false, keeps: keeps))
    }
  }

  /// Queries whose scores against all training examples take 512 MB: fewer preparations, or passes
  /// over a store, than one for each.
  var queriesAtATime: Int {
    Ensemble.queriesAtATime(examples: training.count, isExact: isExact)
  }

  static func queriesAtATime(examples: Int, isExact: Bool) -> Int {
    max(isExact ? queryBlock : 1, (1 << 27) / max(1, examples))
  }

  /// The `limit` most helpful and most harmful training rows of every query (or of their mean).
  ///
  /// Never more than a block of the m × n scores is held.
  public func top(_ queries: Dataset, mean: Bool = false, limit: Int) throws -> [TopExamples] {
    try TopExamples.tops(limit: limit, mean: false, count: training.count) { take in
      // The mean query is one query: a method need not be linear in it.
      if mean { return try take(try scores(queries, mean: true)) }
      try forEachBlock(of: queries) { _, block in try take(block) }
    }
  }

  /// τ(z_i, z_i) of every training example, n values.
  public func selfInfluence() throws -> [Float] {
    try combined { method in
      try pooled(of: method, rows: 1, keeps: true) { scorer, factor, sum in
        let own = try scorer.selfScores(of: self.training)
        sum.add(Matrix(own, rows: 1, columns: own.count), times: factor)
      }
    }.elements
  }

  /// Leave-one-out margins of the training examples, the mean over the checkpoints.
  public func leaveOneOutMargins() throws -> [Float] { try leaveOneOut().margins }

  /// What the kernel regression says of each training example when it is fitted without it, the mean
  /// over the checkpoints.
  ///
  /// - Parameter keeps: whether checkpoints are kept for the next question; else each gives its memory
  ///   to the next.
  public func leaveOneOut(keeps: Bool = false) throws -> LeaveOneOutPredictions {
    let outputs = training.outputCount
    let sums = try pooled(of: .ntkLeaveOneOut, rows: 1 + outputs, keeps: keeps) {
      scorer, factor, sum in
      guard let scorer = scorer as? any LeavesOneOut else { return }
      let predictions = scorer.leaveOneOutPredictions()
      let margins = scorer.leaveOneOutMargins(predictions)
      let rows = Matrix(
        margins + predictions.elements, rows: 1 + outputs, columns: margins.count)
      sum.add(rows, times: factor)
    }
    let predictions = Array(sums.elements.dropFirst(training.count))
    return LeaveOneOutPredictions(
      margins: sums.row(0),
      predictions: Matrix(predictions, rows: outputs, columns: training.count))
  }

  private func scores(_ queries: Dataset, mean: Bool, keeps: Bool) throws -> Matrix<Float> {
    try combined { try scores(queries, mean: mean, of: $0, keeps: keeps) }
  }

  /// Scores by one part of the method, without weights, put together over the checkpoints, m × n.
  func scores(
    _ queries: Dataset, mean: Bool, of method: Method, keeps: Bool = true
  ) throws -> Matrix<Float> {
    try pooled(of: method, rows: mean ? 1 : queries.count, keeps: keeps) {
      scorer, factor, sum in
      let products = try scorer.scores(of: queries, mean: mean)
      if let held = products as? HeldProducts { return sum.add(held.matrix, times: factor) }
      let target = sum.writableStorage()
      let width = self.training.count
      try products.forEachBlock(
        of: width, { _, block in block },
        inOrder: { range, block in
          for row in 0..<block.rows {
            VectorMath.axpy(
              factor, block.storage.base + row * range.count,
              onto: target.base + row * width + range.lowerBound, count: range.count)
          }
        })
    }
  }

  /// What `add` adds of the checkpoints, each times its factor, rows × n; NaN for deleted rows.
  ///
  /// The mean over the checkpoints, or what the method's `pooling` says.
  private func pooled(
    of method: Method, rows: Int, keeps: Bool,
    _ add: (any CheckpointScorer, Float, inout Matrix<Float>) throws -> Void
  ) throws -> Matrix<Float> {
    var sum = Matrix<Float>(rows: rows, columns: training.count)
    var deleted = Set<Int>()
    let factors = try CheckpointFactors(method, checkpoints)
    try forEachScorer(of: method, keeps: keeps) { scorer, index in
      deleted.formUnion(scorer.deletedRows)
      try add(scorer, factors.factors[index], &sum)
    }
    if factors.scale != 1 { sum.scale(by: factors.scale) }
    for row in deleted { for line in 0..<rows { sum[line, row] = .nan } }
    return sum
  }

  /// The parts of the method with their weights, put together.
  private func combined(_ part: (Method) throws -> Matrix<Float>) throws -> Matrix<Float> {
    let parts = try options.method.parts.map { method in
      var scores = try part(method)
      if method.weighs { scores.multiplyColumns(by: try weights()) }
      return scores
    }
    guard let first = parts.first, parts.count > 1 else { return parts[0] }
    return parts.dropFirst().reduce(first.atUnitSpread(share: 1 / Float(parts.count))) {
      sum, next in
      var sum = sum
      sum.add(next.atUnitSpread(share: 1 / Float(parts.count)))
      return sum
    }
  }
}
