extension ScoreFile {
  /// How `fused` scores were made from those of a method and a bank of retrained models.
  public struct Fusion: Sendable, Codable, Equatable {
    /// The method whose scores are the prior.
    public var method: String
    /// The bank's name.
    public var bank: String
    /// Its subsets.
    public var subsets: Int
    /// Share of the training set in each.
    public var fraction: Double
    /// Models of each subset.
    public var seeds: Int
    /// Seed of the subsets.
    public var subsetSeed: UInt64
    /// λ of the corrections of examples that all queries share; nil for none.
    public var correctionPrecision: Double?
    /// κ, the variance left to what the scores got wrong over that of noise.
    public var signalToNoise: Double
    /// φ, the share of that variance that is alike for all training examples.
    public var evenShare: Double
    /// Mean over queries of the correlation of the scores' sums with the bank.
    public var meanCorrelation: Double
    /// Rank correlation of the scores' sums with the bank.
    public var scoresAlone: Double
    /// The same of fused scores on subsets they were not fitted on.
    public var heldOut: Double
    /// Its expected rise by the next 100 retrained models; nil when the bank does not raise it yet.
    public var expectedGain: Double?
    /// The seal of the bank's file; nil in files of former versions.
    public var bankDigest: String?

    /// A record.
    public init(
      method: String, bank: String, subsets: Int, fraction: Double, seeds: Int,
      subsetSeed: UInt64, correctionPrecision: Double?, signalToNoise: Double, evenShare: Double,
      meanCorrelation: Double,
      scoresAlone: Double, heldOut: Double, expectedGain: Double?, bankDigest: String? = nil
    ) {
      self.bankDigest = bankDigest
      self.method = method
      self.bank = bank
      self.subsets = subsets
      self.fraction = fraction
      self.seeds = seeds
      self.subsetSeed = subsetSeed
      self.correctionPrecision = correctionPrecision
      self.signalToNoise = signalToNoise
      self.evenShare = evenShare
      self.meanCorrelation = meanCorrelation
      self.scoresAlone = scoresAlone
      self.heldOut = heldOut
      self.expectedGain = expectedGain
    }
  }
}
