import Tensors

/// What can go wrong while influence is computed.
public enum InfluenceError: DiagnosableError, Equatable {
  /// `--damping` that is neither a rule nor a number.
  case dampingText(String)
  /// A method's name that does not exist.
  case unknownMethod(String, known: [String])
  /// An example weight's name that does not exist.
  case unknownWeight(String, known: [String])
  /// A method, weight or signal that this data or run does not have; the option that asked for it.
  case notDefined(name: String, reason: String, option: String)
  /// A gradient that is NaN or infinite.
  case nonFiniteGradient(example: String, checkpoint: String)
  /// All gradients are zero: there is nothing to solve.
  case allZero(checkpoint: String)
  /// The weight needs the training's dynamics, and there are none.
  case noDynamics(weight: String, run: String)
  /// No checkpoint fits the selection.
  case noCheckpoints(selection: String, available: String)
  /// More training examples than the exact kernel takes.
  case tooManyForExactKernel(count: Int, limit: Int)
  /// Features are wanted that were not collected.
  case noStore(path: String, run: String, method: String)
  /// The weight is of the trace kernel, whose features were not collected.
  case noTraceStore(path: String, run: String, weight: String)
  /// Stores that do not have the features that a method needs.
  case noFeatures(of: String, available: String)
  /// The gradients of a training's steps are wanted, and none were kept.
  case noSteps(path: String, run: String)
  /// The method sums over a training, and the learning rate at a checkpoint is not known.
  case noRate(method: String, checkpoint: String)
  /// An exact deletion from an undamped ridge model.
  case groupNeedsDamping
  /// A curvature with λ that has negative eigenvalues: there is no such influence.
  case indefiniteCurvature(damping: Double, checkpoint: String)
  /// A file's rows do not fit.
  case rowMismatch(file: String, rows: Int, expected: Int)

  /// What went wrong.
  public var what: String {
    switch self {
    case .dampingText(let text): "damping '\(text)' is not a rule and not a number ≥ 0"
    case .unknownMethod(let name, _): "there is no method '\(name)'"
    case .unknownWeight(let name, _): "there is no example weight '\(name)'"
    case .notDefined(let name, let reason, _): "\(name) is not defined here: \(reason)"
    case .nonFiniteGradient(let example, _):
      "the gradient of example \(example) is not finite"
    case .allZero: "every gradient is zero: the scores would be zero divided by zero"
    case .noDynamics(let weight, _): "example weight '\(weight)' needs the training's dynamics"
    case .noCheckpoints(let selection, _): "no checkpoint fits \(selection)"
    case .tooManyForExactKernel(let count, let limit):
      "\(count) training examples are more than the exact kernel's \(limit)"
    case .groupNeedsDamping:
      "the ridge model behind trak has no residuals with damping 0: no group can be deleted from it"
    case .noStore: "no features were collected"
    case .noTraceStore(_, _, let weight):
      "example weight '\(weight)' on features needs those of the trace kernel, which were not collected"
    case .noSteps(_, let run): "the training of \(run) kept no gradients of its steps"
    case .noRate(let method, _):
      "\(method) needs the learning rate that training had at each checkpoint"
    case .noFeatures(let target, _): "there are no features of \(target)"
    case .indefiniteCurvature(let damping, _):
      "the curvature of the training loss plus λ = \(short(damping)) is not positive definite"
    case .rowMismatch(_, let rows, let expected): "\(rows) rows where \(expected) were expected"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .dampingText, .groupNeedsDamping: "‹damping›"
    case .unknownMethod: "‹method›"
    case .unknownWeight: "‹exampleWeight›"
    case .notDefined(_, _, let option): option
    case .nonFiniteGradient(_, let checkpoint), .allZero(let checkpoint): checkpoint
    case .noDynamics(_, let run): run
    case .noCheckpoints: "‹checkpoints›"
    case .tooManyForExactKernel: "‹kernel: exact›"
    case .noStore(let path, _, _), .noTraceStore(let path, _, _), .noSteps(let path, _): path
    case .noRate(_, let checkpoint), .indefiniteCurvature(_, let checkpoint): checkpoint
    case .noFeatures(_, let available): "features of \(available)"
    case .rowMismatch(let file, _, _): file
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .dampingText: "write mean, 2·mean, gcv, loo or a number such as 0.5"
    case .unknownMethod(_, let known), .unknownWeight(_, let known):
      "choose one of \(known.joined(separator: ", "))"
    case .notDefined(_, _, let option): "choose another \(option)"
    case .nonFiniteGradient: "the training diverged: use an earlier checkpoint or a lower rate"
    case .allZero: "use an earlier checkpoint, or another output function"
    case .noDynamics:
      "train with Ascribe (dynamics are kept by default), or use ‹exampleWeight: leaveOneOut›"
    case .noCheckpoints(_, let available): "this run has \(available)"
    case .tooManyForExactKernel:
      "collect features (ascribe collect RUN) and score those, or raise ‹exactLimit›"
    case .groupNeedsDamping: "use ‹damping: mean›, or a number above 0"
    case .noStore(_, let run, let method):
      "collect them: ascribe collect \(run)" + (method == "trak" ? "" : " ‹method: \(method)›")
    case .noTraceStore(_, let run, _):
      "collect them (ascribe collect \(run) ‹method: ntk-loo›), or use ‹exampleWeight: final›"
    case .noSteps:
      "train it with `save: {projector: kronecker, at: steps}` in the run file's `training`, or leave "
        + "‹kernel› out"
    case .noRate:
      "use graddot, which is per unit of learning rate, or write the `training` of these weights, all "
        + "its epochs, into the run file and import again"
    case .noFeatures: "collect them, or score on the exact kernel (‹kernel: exact›)"
    case .indefiniteCurvature:
      "raise ‹damping›, or use ‹curvature: gaussNewton›, which is never negative"
    case .rowMismatch: "collect again with this run's data"
    }
  }
}
