import Tensors

/// What can go wrong in a training.
///
/// Each case holds the facts, the sentences are below.
public enum TrainingError: DiagnosableError, Equatable {
  // MARK: Settings and data
  /// Random changes of examples that are not images, or not larger than the shift.
  case augmentInputs(shape: [Int], crop: Int)
  /// A loss that the targets do not have.
  case lossTargets(loss: String, targets: String)
  /// Fewer examples at a time than the batch whose statistics the network takes.
  case microBatch(Int, batch: Int)
  /// Gradients of steps whose examples have none of their own.
  case savingCoupled
  /// Features that the projector cannot make of the network's gradients.
  case savingDimension(kind: String, dimension: Int, allowed: ClosedRange<Int>)
  /// An output function that the targets do not have.
  case savingFunction(String)

  // MARK: The loop
  /// The loss is NaN or infinite.
  case diverged(seed: UInt64, epoch: Int, step: Int, loss: Double)
  /// Parameters or outputs are NaN or infinite at the end of an epoch.
  case notFinite(seed: UInt64, epoch: Int, what: String)
  /// Ctrl-C.
  case cancelled(run: String, resumable: Bool)
}

extension TrainingError {
  /// 1 for interruptions and divergence, else 3.
  public var exitCode: Int32 {
    switch self {
    case .diverged, .notFinite, .cancelled: 1
    default: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .augmentInputs(let shape, let crop):
      "`augment` changes images larger than \(crop) \(crop == 1 ? "pixel" : "pixels"); the examples "
        + "are \(shape.map(String.init).joined(separator: " × "))."
    case .lossTargets(let loss, let targets): "the loss \(loss) is not defined for \(targets)."
    case .microBatch(let size, let batch):
      "the network's batch norm takes its statistics over the whole batch of \(batch), not over "
        + "\(size) \(size == 1 ? "example" : "examples") at a time."
    case .savingCoupled:
      "batch norm takes statistics over the batch: an example has no gradient of its own in a step."
    case .savingDimension(let kind, let dimension, let allowed):
      "\(kind) features of this network cannot be \(dimension): at least \(allowed.lowerBound)"
        + (allowed.upperBound == .max ? "." : ", at most \(allowed.upperBound).")
    case .savingFunction(let name):
      "the output function \(name) is not defined for this data's targets."
    case .diverged(_, _, let step, let loss):
      "the training diverged: the loss is \(loss.isNaN ? "not a number" : "\(loss)") at step \(step)."
    case .notFinite(_, _, let what): "the training diverged: \(what) not finite."
    case .cancelled(let run, _): "the training of \(run) was stopped."
    }
  }

  /// The key or the step.
  public var location: String {
    switch self {
    case .augmentInputs: "training.augment"
    case .lossTargets: "training.loss"
    case .microBatch: "training.microBatch"
    case .savingCoupled: "training.save.at"
    case .savingDimension: "training.save.dimension"
    case .savingFunction: "training.save.outputFunction"
    case .diverged(let seed, let epoch, _, _), .notFinite(let seed, let epoch, _):
      "seed \(seed), epoch \(epoch)"
    case .cancelled(let run, _): run
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .augmentInputs:
      "give height × width or channels × height × width examples, or remove `augment`."
    case .lossTargets: "leave `loss` out: it follows from the targets."
    case .microBatch: "leave `microBatch` out, or choose smaller batches (training.batch)."
    case .savingCoupled:
      "save at: checkpoints, where batch norm uses its running statistics, or use a model without "
        + "batch norm."
    case .savingDimension(_, let dimension, let allowed):
      "save dimension: \(min(max(dimension, allowed.lowerBound), allowed.upperBound))."
    case .savingFunction:
      "classes and tokens have margin, hardMargin, logit, logProbability and loss; numbers have "
        + "prediction (one output), negativeHalfSquaredError and loss."
    case .diverged, .notFinite: "train with a smaller rate, or add a warm-up (schedule.warmup)."
    case .cancelled(_, let resumable):
      resumable ? "give the same command again to go on." : "give the same command again."
    }
  }
}
