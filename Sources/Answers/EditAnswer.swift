import Components
import Foundation
import Reports

/// What taking components away does to a target, a reference and everything else.
///
/// Numbers are accuracies from 0 to 1; mean losses where there are no classes.
public struct EditAnswer: Answer, Equatable {
  /// Before the components are taken away, and afterwards.
  public struct Change: Codable, Equatable, Sendable {
    /// With all components, and without those that are removed.
    public let before, after: Double

    package init(before: Double, after: Double) { (self.before, self.after) = (before, after) }
  }

  /// What the sum of τ says; greedy choices are over-optimistic.
  public struct Predicted: Codable, Equatable, Sendable {
    /// Of the examples that τ is of.
    public let target, reference: Double

    package init(target: Double, reference: Double) {
      (self.target, self.reference) = (target, reference)
    }
  }

  /// The mean over random sets of as many components of each kind.
  public struct Control: Codable, Equatable, Sendable {
    /// What they do.
    public let target, reference, rest: Double

    package init(target: Double, reference: Double, rest: Double) {
      (self.target, self.reference, self.rest) = (target, reference, rest)
    }
  }

  /// The run, and what the edit is for.
  public let run, job: String
  /// What target and reference are called.
  public let targetName, referenceName: String
  /// The order that the removed components are the beginning of: welch, gain or verified.
  public let score: EditScore
  /// Whether numbers are accuracies; else mean losses.
  public let isAccuracy: Bool
  /// Names of the components that are taken away.
  public let removed: [String]
  /// What τ says.
  public let predicted: Predicted
  /// What really happens, on examples that nothing was chosen on (named ones excepted).
  public let target, reference, rest: Change
  /// What random components do.
  public let control: Control
  /// Weights that were written with the edit in them; absent: none.
  public let written: WrittenWeights?

  package init(
    run: String, job: String, targetName: String, referenceName: String, score: EditScore,
    isAccuracy: Bool, removed: [String], predicted: Predicted, target: Change,
    reference: Change, rest: Change, control: Control, written: WrittenWeights? = nil
  ) {
    (self.run, self.job, self.score, self.isAccuracy) = (run, job, score, isAccuracy)
    (self.targetName, self.referenceName) = (targetName, referenceName)
    (self.removed, self.predicted) = (removed, predicted)
    (self.target, self.reference, self.rest, self.control) = (target, reference, rest, control)
    self.written = written
  }

  /// For reading.
  public var text: String {
    func number(_ value: Double) -> String { String(format: "%.4f", value) }
    var table = TextTable([
      isAccuracy ? "accuracy" : "loss", "before", "after", "predicted", "random",
    ])
    table.append([
      "target: \(targetName)", number(target.before), number(target.after),
      number(predicted.target), number(control.target),
    ])
    table.append([
      "reference: \(referenceName)", number(reference.before), number(reference.after),
      number(predicted.reference), number(control.reference),
    ])
    table.append([
      "everything else", number(rest.before), number(rest.after), "", number(control.rest),
    ])
    let names = removed.prefix(12).joined(separator: ", ") + (removed.count > 12 ? ", …" : "")
    return """
      \(job) by \(score.rawValue): \(removed.count) components taken away: \(names)
      \(table.text)
      """
  }
}
