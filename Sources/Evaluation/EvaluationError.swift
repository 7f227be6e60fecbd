import Tensors

/// What can go wrong in an evaluation.
public enum EvaluationError: DiagnosableError, Equatable {
  /// Subsets that cannot be drawn.
  case subsetDesign(problem: String)
  /// A request with a value that no run has a use for.
  case request(problem: String, field: String, remedy: String)
  /// A design that cannot be made.
  case design(problem: String, field: String, remedy: String)
  /// A file of subsets that cannot be used.
  case subsetFile(problem: String, place: String)
  /// No bank where one is needed.
  case noBank(path: String, run: String)
  /// No bank of a certain design; the command that makes one.
  case noBankOfDesign(design: String, path: String, command: String)
  /// A bank of another design than the evaluation needs.
  case otherDesign(found: String, wanted: String, path: String, command: String)
  /// An evaluation that this run's data cannot have.
  case notDefined(kind: String, reason: String, run: String, remedy: String)
  /// A file that is not a bank of this run.
  case notABank(problem: String, file: String)
  /// A calibration whose bytes changed.
  case calibrationChanged(problem: String, file: String)
  /// A token of sequences of which the bank kept whole ones alone.
  case noTokenOutputs(file: String)
  /// A bank too small to fit on.
  case tooFewSubsets(Int, needed: Int)
  /// Scores that would be tested on what they were fitted to.
  case fittedToTruth(problem: String, bank: String, run: String)

  /// 2 for a wrong request, 4 for a calibration that changed, else 3.
  public var exitCode: Int32 {
    switch self {
    case .request: 2
    case .calibrationChanged: 4
    default: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .subsetDesign(let problem), .design(let problem, _, _), .subsetFile(let problem, _),
      .request(let problem, _, _):
      problem
    case .otherDesign(let found, let wanted, _, _):
      "the bank's design is \(found), and this needs \(wanted)"
    case .notDefined(let kind, let reason, _, _): "\(kind) is not defined here: \(reason)"
    case .noBankOfDesign(let design, _, _): "there is no bank of the design \(design)"
    case .noBank: "there is no bank of retrained models"
    case .notABank(let problem, _): "the bank cannot be read: \(problem)"
    case .noTokenOutputs: "the bank keeps outputs of whole sequences, not of their tokens"
    case .calibrationChanged(let problem, _): "the calibration cannot be used: \(problem)"
    case .tooFewSubsets(let count, let needed):
      "a bank of \(count) subsets is too small: cross-validation needs at least \(needed)"
    case .fittedToTruth(let problem, _, _):
      "the scores would be tested on what they were fitted to: \(problem)"
    }
  }

  /// The field or the file.
  public var location: String {
    switch self {
    case .subsetDesign: "‹subsets›, ‹fraction›"
    case .design(_, let field, _), .request(_, let field, _): field
    case .subsetFile(_, let place): place
    case .noBank(let path, _), .notABank(_, let path), .noBankOfDesign(_, let path, _),
      .calibrationChanged(_, let path), .noTokenOutputs(let path),
      .otherDesign(_, _, let path, _):
      path
    case .notDefined(_, _, let run, _): run
    case .tooFewSubsets: "the bank"
    case .fittedToTruth(_, let bank, _): "‹fusedWith: \(bank)›"
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .subsetDesign: "for instance ‹subsets: 50› ‹fraction: 0.5›"
    case .design(_, _, let remedy), .notDefined(_, _, _, let remedy), .request(_, _, let remedy):
      remedy
    case .subsetFile:
      "write one subset a line: ids of training examples, `all`, or `all but` and ids"
    case .noBank(_, let run):
      "make one: ascribe retrain \(run) ‹subsets: 50› ‹fraction: 0.5› ‹seeds: 3›"
    case .noBankOfDesign(_, _, let command): "make one: \(command)"
    case .otherDesign(_, _, _, let command):
      "name another bank with ‹bank›, or make one: \(command)"
    case .notABank: "make it again: ascribe retrain RUN ‹overwrites›"
    case .noTokenOutputs: "make it again: ascribe retrain RUN ‹tokenOutputs› ‹overwrites›"
    case .calibrationChanged: "calibrate again (or delete the file)"
    case .tooFewSubsets: "make a larger one: ascribe retrain RUN ‹subsets: 100› ‹seeds: 1›"
    case .fittedToTruth(_, _, let run):
      "fuse with a bank of other subsets: "
        + "ascribe retrain \(run) ‹bank: fuse› ‹subsetSeed: 1› ‹subsets: 100› ‹seeds: 1›"
    }
  }
}
