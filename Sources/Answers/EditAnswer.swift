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

  /// How often examples with a trigger are answered by the class that it leads to, of those that have
  /// another label.
  public struct Attack: Codable, Equatable, Sendable {
    /// The class.
    public let `class`: String
    /// The share with all components, without those that are removed, and the mean over the random sets.
    public let before, after, random: Double

    package init(`class`: String, before: Double, after: Double, random: Double) {
      (self.class, self.before, self.after, self.random) = (`class`, before, after, random)
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
  /// What is left of a backdoor's attack; absent: no backdoor, or no example is answered wrongly.
  public let attack: Attack?
  /// Weights that were written with the edit in them; absent: none.
  public let written: WrittenWeights?

  package init(
    run: String, job: String, targetName: String, referenceName: String, score: EditScore,
    isAccuracy: Bool, allowedLoss: Double, ablation: String, removed: [String],
    predicted: Predicted, target: Change,
    reference: Change, rest: Change, control: Control,
    attack: Attack? = nil, written: WrittenWeights? = nil
  ) {
    (self.run, self.job, self.score, self.isAccuracy) = (run, job, score, isAccuracy)
    (self.targetName, self.referenceName) = (targetName, referenceName)
    (self.allowedLoss, self.ablation) = (allowedLoss, ablation)
    (self.removed, self.predicted) = (removed, predicted)
    (self.target, self.reference, self.rest, self.control) = (target, reference, rest, control)
    (self.attack, self.written) = (attack, written)
  }

  /// Whether the target is as it was wanted: all of it right; a class right, or a trigger's attack
  /// successful, in a tenth of the examples at the most; of a subpopulation, and of losses, better.
  package var isReached: Bool {
    switch (job, isAccuracy) {
    case ("fix", true): target.after == 1
    case ("forget", true): target.after <= 0.1
    case ("backdoor", true): attack.map { $0.after <= 0.1 } ?? (target.after >= 0.9)
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
      + "\(number(control.target))\(attackSentence); the reference \(lost > 0 ? "loses" : "gains") \(points), "
      + (lost <= allowedLoss ? "within what may be lost." : "more than may be lost.")
  }

  /// What a trigger still does, as a part of a sentence.
  private var attackSentence: String {
    guard let attack else { return "" }
    return "; \(NumberText.percent(attack.after)) are still answered \(attack.class), "
      + "\(NumberText.percent(attack.before)) before"
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
    if let attack {
      table.append([
        "attack: answered \(attack.class)", number(attack.before), number(attack.after), "",
        number(attack.random),
      ])
    }
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
