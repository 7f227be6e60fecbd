// Letters: n training examples.
import Datasets
import Evaluation
import Influence
import Runs
import Tensors

extension MislabelJob {
  /// How many labels are wrong, and where to cut the ranking by a signal, from models trained with
  /// decoys.
  ///
  /// The models are kept in the run's folder: asked again, for another precision too, it answers at
  /// once.
  ///
  /// - Parameters:
  ///   - precision: the share of the cut that is to be wrong, .5 to .99.
  ///   - asked: the signal; nil: `standardSignal`.
  ///   - request: damping, kernel and seeds of the regression, at the last checkpoint.
  ///   - seed: of the decoys.
  /// - Throws: `CurationError` for what cannot be asked; `RunError.noTraining`; errors of training;
  ///   `JobCancelled`: what was finished is kept.
  public func cut(
    precision: Double, by asked: MislabelRanking.Signal? = nil,
    _ request: ScoringRequest = ScoringRequest(), seed: UInt64 = 0, control: JobControl = .silent
  ) throws -> CutEstimate {
    try CurationError.requirePrecision(precision)
    let signal = asked ?? standardSignal
    guard DecoyPass.signals.contains(signal) else {
      throw CurationError.request(
        problem: "a cut is not defined for the signal \(signal.rawValue)", field: "‹signal›",
        remedy: "use one of "
          + DecoyPass.signals.map(\.rawValue).joined(separator: ", "))
    }
    if let checkpoints = request.checkpoints, checkpoints != .final {
      throw CurationError.request(
        problem: "a cut is made at the last checkpoint, where models with decoys are scored",
        field: "‹checkpoints›", remedy: "leave ‹checkpoints› out")
    }
    if influence.isSequence {
      throw CurationError.notDefined(
        what: "a cut", reason: "these are sequences, whose next tokens are no labels",
        run: influence.run.name, remedy: "use a run whose examples have classes")
    }
    var request = request
    request.checkpoints = .final
    let job = try DecoyJob(
      influence, scoring: try scoring(request),
      first: try leaveOneOut(request).predictions, signal: signal, seed: seed)
    let bank = try job.run(control: control)
    return CutEstimate(
      bank, classes: influence.data.train.classCount, signal: signal,
      precision: precision, seed: seed)
  }
}
