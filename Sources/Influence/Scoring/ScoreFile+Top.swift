import Datasets
import Storage
import Tensors

extension ScoreFile {
  /// The `limit` most helpful and most harmful training rows of some queries, or of their mean: the
  /// mean of their scores.
  ///
  /// - Parameter rows: rows of the file.
  /// - Throws: `StorageError.rowsCorrupt` for rows whose bytes changed.
  public func top(_ rows: [Int], mean isMean: Bool, limit: Int) throws -> [TopExamples] {
    func top(_ values: [Float]) -> TopExamples {
      var top = TopExamples(limit: limit)
      values.withUnsafeBufferPointer { top.take($0) }
      return top
    }
    var tops: [TopExamples] = []
    var sum = [Double](repeating: 0, count: trainIDs.count)
    for run in ScoreFile.runs(rows, atMost: 512) {
      let block = try scores(run)
      for row in 0..<block.rows {
        let values = block.row(row)
        if isMean {
          for (i, value) in values.enumerated() { sum[i] += Double(value) }
        } else {
          tops.append(top(values))
        }
      }
    }
    return isMean ? [top(sum.map { Float($0 / Double(max(1, rows.count))) })] : tops
  }

  /// The file's rows of the queries with some ids, which its queries have in any order.
  ///
  /// - Throws: `StorageError.inconsistent` for an id that the file does not have.
  public func rows(of ids: [ExampleID]) throws(StorageError) -> [Int] {
    let known = Dictionary(zip(queryIDs, queryIDs.indices)) { first, _ in first }
    var rows: [Int] = []
    for id in ids {
      guard let row = known[id] else {
        throw .inconsistent(problem: "no scores of the query \(id)", file: path)
      }
      rows.append(row)
    }
    return rows
  }

  /// Refuses scores whose training examples are others, or in another order, than a run's.
  ///
  /// - Throws: `StorageError.inconsistent`.
  public func requireTraining(_ train: Dataset) throws(StorageError) {
    guard trainIDs == train.ids else {
      throw .inconsistent(problem: "its training examples are not the run's", file: path)
    }
  }

  /// Rows that follow each other, together.
  private static func runs(_ rows: [Int], atMost limit: Int) -> [Range<Int>] {
    rows.reduce(into: []) { runs, row in
      if let last = runs.last, last.upperBound == row, last.count < limit {
        runs[runs.count - 1] = last.lowerBound..<row + 1
      } else {
        runs.append(row..<row + 1)
      }
    }
  }
}
