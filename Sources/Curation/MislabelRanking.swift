// Letters: n training examples.
import Datasets
import Evaluation
import Influence

/// Training examples in order of suspicion of a wrong label.
public struct MislabelRanking: Sendable {
  /// What the suspicion is read from.
  public enum Signal: String, Sendable {
    /// Minus the margin by which the kernel regression without the example predicts its label, at the
    /// last checkpoint (default).
    case leaveOneOutMargin
    /// `el2n` less that margin (default above `MislabelJob.marginLimit` examples).
    case leaveOneOutWithEL2N
    /// τ(z_i, z_i) of the scoring method.
    case selfInfluence
    /// 1 − p of the last recorded epoch.
    case finalProbability
    /// 1 − p, the mean over the recorded epochs.
    case meanProbability
    /// Minus the mean margin over the epochs (AUM, Pleiss 2020).
    case areaUnderMargin
    /// EL2N, the mean over the epochs (Paul 2021).
    case el2n
    /// The loss of the last recorded epoch.
    case loss
    /// ‖g_i‖, the mean over the epochs (GraNd, Paul 2021).
    case gradientNorm
    /// Minus the margin of what another program's model predicts without the example
    /// (`OutsideSearch`).
    case outside

    /// Whether it is made from gradients at checkpoints; else it was recorded in training.
    public var isOfGradients: Bool { leavesOneOut || self == .selfInfluence }
    /// Whether it is of the kernel regression without the example.
    public var leavesOneOut: Bool { self == .leaveOneOutMargin || self == .leaveOneOutWithEL2N }
  }

  /// What the suspicion was read from.
  public let signal: Signal
  /// n values, higher = more suspect.
  public let suspicion: [Float]
  /// Rows of the training set, most suspect first; ties in row order.
  public let order: [Int]
  /// What the user should know about the gradients that it was made from.
  public internal(set) var notes: [String] = []
  /// What the kernel regression says without each example; nil for signals without it.
  public internal(set) var leaveOneOut: LeaveOneOutPredictions?
  /// What training on each example does for the mean of the test set by the same regression, n values:
  /// positive = helps; nil without it or without a test set.
  public internal(set) var heldOutInfluence: [Float]?

  /// A ranking by suspicion.
  public init(signal: Signal, suspicion: [Float]) {
    self.signal = signal
    self.suspicion = suspicion
    order = suspicion.indices.sorted {
      let (a, b) = (suspicion[$0], suspicion[$1])
      if a.isNaN != b.isNaN { return b.isNaN }
      return a > b || (a == b && $0 < $1)
    }
  }

  /// How well it finds what was planted; nil when nothing was.
  public func detection(in data: Dataset) -> DetectionMetrics? {
    DetectionMetrics(suspicion: suspicion, planted: data.flipped)
  }
}

extension MislabelRanking.Signal: CaseIterable {
  /// Those that a run has by itself.
  public static let allCases: [MislabelRanking.Signal] = [
    .leaveOneOutMargin, .leaveOneOutWithEL2N, .selfInfluence, .finalProbability,
    .meanProbability, .areaUnderMargin, .el2n, .loss, .gradientNorm,
  ]
}
