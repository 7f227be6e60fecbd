// Letters: n training examples, R recall of the decoys, N others at or above a threshold, E wrong labels.

/// How many labels of a training set are wrong, and where its ranking is to be cut.
public struct CutEstimate: Sendable, Equatable {
  /// What the wrong labels are like.
  public let noiseKind: NoiseKind
  /// E: how many labels are wrong, by decoys that are like the suspects.
  public let estimatedWrong: Double
  /// A 90 % interval of E.
  public let low, high: Double
  /// How many could be wrong if they were all as hard to tell as decoys with the label that the model
  /// itself would take next, on examples it is unsure of: an upper limit.
  public let upperBracket: Double
  /// The precision that was asked for.
  public let asked: Double
  /// The precision that is expected of the cut; nil where none can be promised, or where nothing is
  /// cut.
  public let precision: Double?
  /// The first examples of the ranking that are cut.
  public let count: Int
  /// Rows of the training set, most suspect first, by the mean over the models with decoys in which an
  /// example had its own label: less a matter of one training than the ranking of the run alone.
  public let order: [Int]

  /// The estimate of a bank.
  ///
  /// - Parameters:
  ///   - signal: what suspicion is.
  ///   - precision: what is asked of the cut.
  ///   - seed: of the test of the noise's kind.
  init(
    _ bank: DecoyBank, classes: Int, signal: MislabelRanking.Signal,
    precision: Double, seed: UInt64
  ) {
    order = MislabelRanking(signal: signal, suspicion: bank.meanSuspicion(signal)).order
    let uniform = bank.passes(.uniform)
    noiseKind = NoiseKind(
      uniform, classes: classes, signal: signal, seed: seed)
    let curve = DecoyCurve(bank.passes(.adaptive), signal)
    let bound = DecoyBound(curve)
    let hard = DecoyBound(DecoyCurve(bank.passes(.hard), signal))
    estimatedWrong = bound.estimate
    upperBracket = max(hard.high, bound.high)
    asked = precision
    if noiseKind == .byLabel {
      // Decoys of one pair change what the model makes of it: both ends are further away.
      low = min(bound.low, DecoyBound(DecoyCurve(uniform, signal)).low)
      high = upperBracket
      self.precision = nil
      count = Int(bound.estimate.rounded())
    } else {
      (low, high) = (bound.low, bound.high)
      let point = curve.point(precision: precision, wrong: bound.careful)
      self.precision = point.map { min(1, bound.careful * curve.recall($0) / $0.others) }
      count = point.map { Int($0.others.rounded()) } ?? 0
    }
  }
}
