import Tensors

/// What can go wrong while gradients are collected.
public enum GradientError: DiagnosableError, Equatable {
  /// A network's outputs for an example are NaN or infinite.
  case nonFiniteOutput(example: String)
  /// An output function is not defined for the data's targets.
  case outputFunction(name: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .nonFiniteOutput(let example):
      "the network's outputs for example \(example) are not finite numbers"
    case .outputFunction(let name):
      "output function \(name) is not defined for this data's targets"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .nonFiniteOutput(let example): "example \(example)"
    case .outputFunction: "--output-function"
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
    }
  }
}
