import Evaluation
import Foundation

/// A bank of the run itself without some examples.
public struct SameRunRequest: Sendable, Equatable {
  /// The share of the training set that each removal takes; nil: that of the bank that is named.
  public var removed: Double?

  /// A bank of removals of a share of the training set.
  public init(removed: Double? = 0.01) { self.removed = removed }

  /// The bank's name unless another is given: `same-run-0.01`.
  public var bankName: String {
    removed.map { "\(SubsetDesign.Kind.sameRun.rawValue)-\(String(format: "%g", $0))" }
      ?? SubsetDesign.Kind.sameRun.rawValue
  }
}
