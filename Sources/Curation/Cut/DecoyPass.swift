// Letters: n training examples.

/// What a model says of the training examples that was trained on labels with decoys among them.
public struct DecoyPass: Sendable, Equatable {
  /// The labels that were changed.
  public let decoys: Decoys
  /// Leave-one-out margins at the end of that training, n values.
  public let margins: [Float]
  /// EL2N, the mean over that training, n values.
  public let el2n: [Float]
  /// The label that the regression without each example gives it, n values.
  public let suggested: [Int32]

  /// How suspect each example is by a signal, n values, higher = more.
  ///
  /// - Precondition: the signal is one of `DecoyPass.signals`.
  public func suspicion(_ signal: MislabelRanking.Signal) -> [Float] {
    switch signal {
    case .leaveOneOutMargin: return margins.map { -$0 }
    case .leaveOneOutWithEL2N: return zip(el2n, margins).map { $0 - $1 }
    case .el2n: return el2n
    default: preconditionFailure("\(signal) is not kept of decoys")
    }
  }

  /// The signals that decoys are looked for by.
  public static let signals: [MislabelRanking.Signal] = [
    .leaveOneOutMargin, .leaveOneOutWithEL2N, .el2n,
  ]
}
