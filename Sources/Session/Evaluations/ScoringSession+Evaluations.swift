import Evaluation
import Influence
import Networks
import Tensors
import Runs
import Training

extension ScoringSession {
  /// The scoring that an evaluation is of.
  ///
  /// - Parameter kind: the evaluation, as it is called in `ascribe evaluate RUN KIND`.
  /// - Throws: `EvaluationError.notDefined` for sequences; as the scoring of a request.
  init(
    evaluating kind: String, _ session: Session, _ request: ScoringRequest,
    layers: LayerPatterns?
  ) throws {
    try self.init(
      session, request, layers: layers, asks: kind == "mislabel" ? .themselves : .test)
    if influence.isSequence {
      throw EvaluationError.notDefined(
        kind: "evaluate \(kind)",
        reason: "it needs one row of outputs an example, and these are sequences with one a token",
        run: influence.run.name, remedy: "use a run whose examples have a class or numbers")
    }
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
