import Curation
import Reports

/// A network that was to forget some of its training examples, and how near it is to networks that never
/// saw them.
public struct UnlearnAnswer: Answer, Equatable {
  /// The run.
  public let run: String
  /// Training examples that were to be forgotten.
  public let forgotten: Int
  /// Passes over the examples.
  public let epochs: Int
  /// Networks trained without them; 0: nothing was verified.
  public let retrained: Int
  /// The method whose weights were written.
  public let method: UnlearnMethod
  /// The new run; its weights are those of `method`.
  public let written: String
  /// Seeds of the run whose networks were unlearned; the weights of the first are written.
  public let starts: Int
  /// How far two retrained networks are apart, by their seeds alone; absent where none was trained.
  public let twoSeeds: UnlearnDistances?
  /// The network before.
  public let before: UnlearnOutcome
  /// By each method, that of `method` first.
  public let outcomes: [UnlearnOutcome]

  package init(
    run: String, forgotten: Int, epochs: Int, retrained: Int, starts: Int, written: String,
    twoSeeds: UnlearnDistances?, before: UnlearnOutcome, outcomes: [UnlearnOutcome],
    method: UnlearnMethod
  ) {
    (self.run, self.forgotten, self.epochs) = (run, forgotten, epochs)
    (self.retrained, self.starts) = (retrained, starts)
    (self.written, self.twoSeeds) = (written, twoSeeds)
    (self.before, self.outcomes, self.method) = (before, outcomes, method)
  }

  /// What the written network's verdict says, in a sentence.
  package var sentence: String {
    let count = forgotten == 1 ? "1 example" : "\(forgotten) examples"
    guard let outcome = outcomes.first, let verdict = outcome.verdict else {
      return "\(written): \(count) unlearned by \(method.rawValue), not verified"
    }
    let closed = outcome.closed.map { NumberText.percent($0, decimals: 0) } ?? ""
    return switch verdict {
    case .unlearned:
      "\(written): \(count) unlearned by \(method.rawValue), which closes \(closed) of the distance to "
        + "networks that never saw them"
    case .failed:
      "\(written): FAILED to unlearn \(count) by \(method.rawValue), which closes \(closed) of the "
        + "distance to networks that never saw them"
    case .indistinct:
      "\(written): nothing was to be forgotten: before, the distance to networks that never saw the "
        + "\(count) was small beside what seeds differ by"
    }
  }

  /// For reading.
  public var text: String {
    var table = TextTable([
      "distance from retrained", "forgotten", "kept", "test", "forgotten right", "test right",
      "closed", "verdict",
    ])
    func number(_ value: Double?) -> String {
      value.map { NumberText.fixed($0, decimals: 2) } ?? ""
    }
    func row(_ name: String, _ outcome: UnlearnOutcome) {
      let d = outcome.distance
      table.append([
        name, number(d?.forgotten), number(d?.kept), number(d?.test),
        outcome.forgottenRight.map { NumberText.fixed($0, decimals: 1) + " %" } ?? "",
        outcome.testRight.map { NumberText.fixed($0, decimals: 1) + " %" } ?? "",
        outcome.closed.map { NumberText.percent($0, decimals: 0) } ?? "",
        outcome.verdict?.rawValue ?? "",
      ])
    }
    if let seeds = twoSeeds {
      let cells = [number(seeds.forgotten), number(seeds.kept), number(seeds.test)]
      table.append(["of two seeds"] + cells + ["", "", "", ""])
    }
    row("before", before)
    for outcome in outcomes { row(outcome.method?.rawValue ?? "", outcome) }
    return table.text + "\n" + sentence
  }
}
