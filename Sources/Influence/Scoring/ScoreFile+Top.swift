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
    try TopExamples.tops(limit: limit, mean: isMean, count: trainIDs.count) { take in
      for run in ScoreFile.runs(rows, atMost: 512) { try take(try scores(run)) }
    }
  }

  /// The file's rows of the queries with some ids, which its queries have in any order.
  ///
  /// - Throws: `StorageError.inconsistent` for an id that the file does not have.
  public func rows(of ids: [ExampleID]) throws(StorageError) -> [Int] {
    let known = Dictionary(zip(queryIDs.map(\.description), queryIDs.indices)) { first, _ in first }
    var rows: [Int] = []
    for id in ids {
      guard let row = known[id.description] else {
        throw .inconsistent(problem: "no scores of the query \(id)", file: path)
      }
      rows.append(row)
    }
    return rows
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
