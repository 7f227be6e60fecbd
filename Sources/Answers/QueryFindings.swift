import Datasets
import Influence
import Networks
import Training

/// Which test examples are asked about.
package struct QuerySelection: Sendable {
  /// Rows of the test set.
  package let rows: [Int]
  /// Whether their mean is the query.
  package let isMean: Bool
  /// How the query is called when it is a mean.
  package let name: String

  package init(rows: [Int], isMean: Bool, name: String) {
    (self.rows, self.isMean, self.name) = (rows, isMean, name)
  }
}

/// A question with what was found, before it takes the form of an answer.
package struct QueryFindings {
  let influence: RunInfluence
  package let scores: ScoreDescription
  let selection: QuerySelection
  /// The queries, with the tokens that are asked about.
  let queries: Dataset
  let tops: [TopExamples]
  /// What the model makes of the queries; nil for their mean.
  let predictions: Predictions?
  /// The file that the scores are from; nil for computed ones.
  var file: String?
  /// Where the queries are from that are in no split; nil for test examples.
  var outside: OutsideQueries?

  package init(
    _ influence: RunInfluence, _ scores: ScoreDescription, _ selection: QuerySelection,
    _ queries: Dataset, _ tops: [TopExamples], file: String? = nil,
    outside: OutsideQueries? = nil
  ) throws {
    self.influence = influence
    (self.selection, self.queries, self.tops) = (selection, queries, tops)
    self.scores = scores
    predictions = selection.isMean ? nil : try influence.predictions(for: queries)
    (self.file, self.outside) = (file, outside)
  }

  /// f.
  var function: OutputFunction? { OutputFunction(rawValue: scores.outputFunction) }

  /// What is to be said of a query of numbers that is predicted exactly; nil for others.
  ///
  /// The scores are then the residual, 0, times those of the prediction (METHODS.md section 1).
  func remark(_ row: Int) -> String? {
    guard case .values(let values) = queries.targets, let predictions, function != .prediction,
      tops[row].highest.isEmpty, tops[row].lowest.isEmpty,
      (0..<values.rowLength).allSatisfy({ values[row, $0] == predictions.logits[row, $0] })
    else { return nil }
    return "the prediction equals the label: to first order no training example changes the "
      + "squared error (every score is 0); the output function prediction says what raises it"
  }
}
