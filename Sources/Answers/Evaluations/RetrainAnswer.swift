import Evaluation

/// A bank of retrained models.
public struct RetrainAnswer: Answer, Equatable {
  /// The run, the bank's file, and its design.
  public let run, bank, design: String
  /// Its subsets.
  public let subsets: Int
  /// Share of the training set in a subset; of lists the mean.
  public let fraction: Double
  /// Models of each subset.
  public let seeds: Int
  /// Of sequences whether the outputs of each token are kept; absent for others.
  public let keepsTokens: Bool?

  package init(run: String, _ bank: RetrainingBank) {
    (self.run, self.bank, design) = (run, bank.path, bank.design.kind.rawValue)
    (subsets, fraction) = (bank.design.subsets, bank.design.fraction)
    (seeds, keepsTokens) = (bank.seeds, bank.keepsTokens)
  }

  /// For reading.
  public var text: String { "\(bank): \(subsets) subsets × \(seeds) seeds" }
}
