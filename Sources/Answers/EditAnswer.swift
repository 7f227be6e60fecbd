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
  /// What might be lost on the reference, in the numbers' unit.
  public let allowedLoss: Double
  /// What is in the place of what is taken away: `zero`, `mean`, ….
  public let ablation: String
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
    isAccuracy: Bool, allowedLoss: Double, ablation: String, removed: [String],
    predicted: Predicted, target: Change,
    reference: Change, rest: Change, control: Control, written: WrittenWeights? = nil
  ) {
    (self.run, self.job, self.score, self.isAccuracy) = (run, job, score, isAccuracy)
    (self.targetName, self.referenceName) = (targetName, referenceName)
    (self.allowedLoss, self.ablation) = (allowedLoss, ablation)
    (self.removed, self.predicted) = (removed, predicted)
    (self.target, self.reference, self.rest, self.control) = (target, reference, rest, control)
    self.written = written
  }

  /// Whether the target is as it was wanted: all of it right, a class or the answers to a trigger right in
  /// a tenth of the examples at the most or the least; of a subpopulation, and of losses, better.
  package var isReached: Bool {
    switch (job, isAccuracy) {
    case ("fix", true): target.after == 1
    case ("forget", true): target.after <= 0.1
    case ("backdoor", true): target.after >= 0.9
    case ("lift", true): target.after > target.before
    case ("forget", false): target.after > target.before
    default: target.after < target.before
    }
  }

  /// What the reference lost.
  private var lost: Double {
    isAccuracy ? reference.before - reference.after : reference.after - reference.before
  }

  /// What it comes to, in a sentence or two.
  package var verdict: String {
    func number(_ value: Double) -> String { String(format: "%.4f", value) }
    let subject: String =
      switch job {
      case "fix": isReached ? "Fixed" : "Not fixed"
      case "forget": isReached ? "Forgotten" : "Not forgotten"
      case "backdoor": isReached ? "The trigger is removed" : "The trigger is not removed"
      default: isReached ? "Lifted" : "Not lifted"
      }
    let unit = isAccuracy ? "accuracy" : "loss"
    let points =
      isAccuracy
      ? String(format: "%.2f points", 100 * abs(lost)) : String(format: "%.4f", abs(lost))
    return "\(subject): the target’s \(unit) goes from \(number(target.before)) to "
      + "\(number(target.after)) without \(removed.count) of its parts, where random ones give "
      + "\(number(control.target)); the reference \(lost > 0 ? "loses" : "gains") \(points), "
      + (lost <= allowedLoss ? "within what may be lost." : "more than may be lost.")
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
      \(job) by \(score.rawValue): \(removed.count) components taken away (\(ablation)): \(names)
      \(table.text)
      \(verdict)
      """
  }
}
