import Tensors

/// What can go wrong while gradients are collected.
public enum GradientError: DiagnosableError, Equatable {
  /// A network's outputs for an example are NaN or infinite.
  case nonFiniteOutput(example: String)
  /// An output function is not defined for the data's targets.
  case outputFunction(name: String)
  /// A store's projector that this version cannot make again.
  case storedProjector(problem: String, text: String, file: String)

  /// 4 for a file that does not fit this version, else 3.
  public var exitCode: Int32 {
    if case .storedProjector = self { 4 } else { 3 }
  }
  /// A store of checkpoints where one of a training's steps is wanted.
  case notOfSteps(path: String)
  /// A store of a training's steps for a method that needs every example at one checkpoint.
  case stepsHaveNoCheckpoint(method: String, path: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .nonFiniteOutput(let example):
      "the network's outputs for example \(example) are not finite numbers"
    case .outputFunction(let name):
      "output function \(name) is not defined for this data's targets"
    case .storedProjector(let problem, let text, _):
      "the store's projector cannot be made again: \(problem), in \"\(text.prefix(80))\""
    case .notOfSteps: "the store holds gradients at checkpoints, not at a training's steps"
    case .stepsHaveNoCheckpoint(let method, _):
      "\(method) needs every example at one checkpoint; the store holds gradients of a training's "
        + "steps, each at other weights"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .nonFiniteOutput(let example): "example \(example)"
    case .outputFunction: "--output-function"
    case .storedProjector(_, _, let file): file
    case .notOfSteps(let path), .stepsHaveNoCheckpoint(_, let path): path
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .nonFiniteOutput:
      "the training diverged at this checkpoint: lower the rate, or name an earlier checkpoint"
    case .outputFunction:
      "margin, hardMargin, logit, logProbability and loss need classes; "
        + "prediction (one output), negativeHalfSquaredError and loss need numbers"
    case .storedProjector: "use the version of Ascribe that made the store, or make it again"
    case .notOfSteps: "name the store of a run trained with `save: {…, at: steps}`"
    case .stepsHaveNoCheckpoint:
      "use graddot or tracin, or a store of checkpoints (ascribe collect, or `save: {…, at: "
        + "checkpoints}`)"
    }
  }
}
