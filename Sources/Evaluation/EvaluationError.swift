import Tensors

/// What can go wrong in an evaluation.
public enum EvaluationError: DiagnosableError, Equatable {
  /// Subsets that cannot be drawn.
  case subsetDesign(problem: String)
  /// No bank where one is needed.
  case noBank(path: String, run: String)
  /// A file that is not a bank of this run.
  case notABank(problem: String, file: String)
  /// A bank too small to fit on.
  case tooFewSubsets(Int, needed: Int)
  /// Scores that would be tested on what they were fitted to.
  case fittedToTruth(problem: String, bank: String, run: String)

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .subsetDesign(let problem): problem
    case .noBank: "there is no bank of retrained models"
    case .notABank(let problem, _): "the bank cannot be read: \(problem)"
    case .tooFewSubsets(let count, let needed):
      "a bank of \(count) subsets is too small: cross-validation needs at least \(needed)"
    case .fittedToTruth(let problem, _, _):
      "the scores would be tested on what they were fitted to: \(problem)"
    }
  }

  /// The flag or the file.
  public var location: String {
    switch self {
    case .subsetDesign: "--subsets, --fraction"
    case .noBank(let path, _), .notABank(_, let path): path
    case .tooFewSubsets: "the bank"
    case .fittedToTruth(_, let bank, _): "--fuse \(bank)"
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .subsetDesign: "for instance --subsets 50 --fraction 0.5"
    case .noBank(_, let run):
      "make one: ascribe retrain \(run) --subsets 50 --fraction 0.5 --seeds 3"
    case .notABank: "make it again: ascribe retrain RUN --overwrite"
    case .tooFewSubsets: "make a larger one: ascribe retrain RUN --subsets 100 --seeds 1"
    case .fittedToTruth(_, _, let run):
      "fuse with a bank of other subsets: "
        + "ascribe retrain \(run) --bank fuse --subset-seed 1 --subsets 100 --seeds 1"
    }
  }
}
