import Tensors

/// What can go wrong with single steps and replays of a training.
///
/// Each case holds the facts, the sentences are below.
public enum ReplayError: DiagnosableError, Equatable {
  /// A batch that is not a state's next step, or a state of another training.
  case otherStep(field: String, expected: String, found: String)
  /// Weights from elsewhere, whose training cannot be replayed.
  case notTrainedHere(run: String)
  /// A replay where its last bits would be other ones.
  case replayElsewhere(field: String, recorded: String, found: String, run: String)
  /// A replay that came to other weights.
  case replayDiffers(checkpoint: String, recorded: String, found: String, run: String)
  /// A state kept for a replay that is damaged or of another training.
  case keptState(problem: String, file: String)
}

extension ReplayError {
  /// 4 for what does not belong to the run, else 3.
  public var exitCode: Int32 {
    switch self {
    case .replayElsewhere, .replayDiffers, .keptState: 4
    case .otherStep, .notTrainedHere: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .otherStep(let field, let expected, let found):
      "\(field) does not fit: \(expected) expected, \(found) given."
    case .notTrainedHere: "the run's weights come from elsewhere: there is no training to replay."
    case .replayElsewhere(let field, let recorded, let found, _):
      "the run was trained with \(field) \(recorded), here it is \(found): a replay would have "
        + "other bits."
    case .replayDiffers(let checkpoint, let recorded, let found, _):
      "replayed, the training comes to other weights at \(checkpoint): hash \(recorded) recorded, "
        + "\(found) now."
    case .keptState(let problem, _): "a state kept for replays cannot be used: \(problem)"
    }
  }

  /// The run, the file or the step.
  public var location: String {
    switch self {
    case .otherStep: "a training's step"
    case .notTrainedHere(let run), .replayElsewhere(_, _, _, let run),
      .replayDiffers(_, _, _, let run):
      run
    case .keptState(_, let file): file
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .otherStep:
      "take the state and the batches of one training, in their order: batches(epoch:) has them."
    case .notTrainedHere: "train the model as a run of its own."
    case .replayElsewhere: "replay it where it was trained, or train it again here."
    case .replayDiffers:
      "replay it with the program and the libraries that trained it, or train it again here."
    case .keptState: "delete the file: it is made again."
    }
  }
}
