import Curation
import Datasets
import Foundation
import Reports

/// Which training examples are kept and which dropped, why, and whether that is better than chance.
public struct PruneAnswer: Answer, Equatable {
  /// A training example that is dropped.
  public struct Dropped: Codable, Equatable, Sendable {
    /// The example.
    public let id: ExampleID
    /// Why.
    public let reason: PruneReason
  }

  /// What one strategy does at one share.
  public struct Result: Codable, Equatable, Sendable {
    /// Its name.
    public let strategy: String
    /// The share that is kept.
    public let keep: Double
    /// The training examples that are kept, in their order.
    public let kept: [ExampleID]
    /// Those that are dropped, in their order.
    public let dropped: [Dropped]
    /// Whether that is better than random subsets; absent where it was not asked for.
    public let proof: PruneProof?

    package init(
      strategy: String, keep: Double, _ selection: PruneSelection, of train: Dataset,
      proof: PruneProof?
    ) {
      (self.strategy, self.keep, self.proof) = (strategy, keep, proof)
      kept = selection.kept.map { train.ids[$0] }
      dropped = selection.dropped.map { Dropped(id: train.ids[$0.row], reason: $0.reason) }
    }
  }

  /// The run.
  public let run: String
  /// Strategy by strategy, each in the order of the shares.
  public let results: [Result]

  package init(run: String, _ results: [Result]) { (self.run, self.results) = (run, results) }

  /// For reading.
  public var text: String {
    var table = TextTable(["strategy", "keep", "kept", "dropped", "why"])
    for result in results {
      table.append([
        result.strategy, "\(result.keep)", "\(result.kept.count)", "\(result.dropped.count)",
        result.reasons,
      ])
    }
    let proved = results.contains { $0.proof != nil }
    return proved ? table.text + "\n\n" + proofText : table.text
  }

  private var proofText: String {
    var table = TextTable([
      "strategy", "keep", "− random", "95 %", "verdict", "± seeds", "± subsets", "± test",
      "kept", "random", "all", "opposite",
    ])
    for result in results {
      guard let proof = result.proof else { continue }
      table.append([result.strategy, "\(result.keep)"] + proof.cells)
    }
    return ([table.text] + results.compactMap(\.sentence)).joined(separator: "\n")
  }

  /// Every training example of every result, a line each.
  public var csv: String {
    var writer = CSVWriter(header: ["strategy", "keep", "id", "decision", "reason"])
    for result in results {
      let lines =
        result.kept.map { ($0, "keep", "") }
        + result.dropped.map { ($0.id, "drop", $0.reason.rawValue) }
      for (id, decision, reason) in lines {
        writer.append([result.strategy, "\(result.keep)", id.description, decision, reason])
      }
    }
    return writer.text
  }
}

extension PruneAnswer.Result {
  /// The reasons with how many examples each dropped, the commonest first.
  package var reasons: String {
    PruneReason.allCases.map { reason in (reason, dropped.count { $0.reason == reason }) }
      .filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.map { "\($0.1) \($0.0.rawValue)" }
      .joined(separator: ", ")
  }

  /// What an unresolved proof needs.
  var sentence: String? {
    guard let proof, let needs = proof.needs else { return nil }
    let ways = [
      needs.testExamples.map { "\($0) more test examples" },
      needs.models.map { "\($0) more models" },
    ].compactMap { $0 }
    let name = "\(strategy) at \(keep): not resolved: "
    guard !ways.isEmpty else {
      return name + "a difference as small as this is within what random subsets differ by; "
        + "neither more test examples nor more models alone resolve it"
    }
    return name + "this needs " + ways.joined(separator: " or ")
  }
}

extension PruneProof {
  /// Difference, interval, verdict, parts and means as cells of a table.
  package var cells: [String] {
    let decimals = abs(chosen) >= 1 ? 2 : 4
    func text(_ value: Double) -> String { NumberText.fixed(value, decimals: decimals) }
    return [
      (difference >= 0 ? "+" : "") + text(difference), "\(text(low)) to \(text(high))",
      verdict.rawValue, text(parts.seeds), text(parts.subsets), text(parts.test), text(chosen),
      text(random), text(whole), opposite.map(text) ?? "",
    ]
  }
}
