import Evaluation
import Influence
import Networks
import Tensors
import Runs
import Training

extension ScoringSession {
  /// The test examples as an evaluation asks about them, with what is left out said.
  ///
  /// - Parameter token: of sequences the only token that is asked about, from 1; nil: all.
  func queries(token: Int?) throws -> EvaluationQueries {
    let queries = try EvaluationQueries(influence.data.test, token: token)
    if let remark = queries.remark { control.note("note: \(remark)") }
    return queries
  }
}

extension RetrainingJob {
  /// Trains what is missing; stopped, the same job goes on with the next model.
  ///
  /// - Throws: `JobCancelled`, resumable; as `run(to:overwrite:)`.
  func run(
    to path: String, overwrites: Bool, _ control: JobControl
  ) throws -> RetrainingBank {
    let stage = control.stage("retraining", unit: "models")
    do {
      return try run(
        to: path, overwrite: overwrites, progress: { stage.update($0, of: $1) },
        isCancelled: { control.isCancelled })
    } catch TrainingError.cancelled(_, let isResumable) {
      throw JobCancelled(isResumable: isResumable)
    }
  }
}

extension EvaluationError {
  /// Refuses a number that is not in a range.
  ///
  /// - Parameter field: the request's field, without backticks.
  static func require(
    _ value: Int?, in range: ClosedRange<Int>, field: String
  ) throws(EvaluationError) {
    guard let value, !range.contains(value) else { return }
    throw .request(
      problem: "‹\(field)› must be from \(range.lowerBound) to \(range.upperBound), not \(value)",
      field: "‹\(field)›", remedy: "for instance ‹\(field): \(range.lowerBound)›")
  }
}
