import Curation
import Datasets
import Foundation
import Reports

extension MislabeledAnswer {
  /// The answer with what is known of each suspect beside its score.
  ///
  /// - Parameters:
  ///   - ranks: the places of all training examples by other signals.
  ///   - dossiers: of the first examples of the ranking, in its order.
  package func with(
    ranks: [(signal: MislabelRanking.Signal, ranks: [Int])], dossiers: [SuspectDossier],
    _ train: Dataset, order: [Int]
  ) -> MislabeledAnswer {
    func neighbours(_ found: [SuspectDossier.Neighbour]) -> [Neighbour] {
      found.map { Neighbour(id: train.ids[$0.row], similarity: $0.similarity) }
    }
    var answer = self
    for place in suspects.indices {
      if !ranks.isEmpty {
        answer.suspects[place].ranks = Dictionary(
          uniqueKeysWithValues: ranks.map { ($0.signal.rawValue, $0.ranks[order[place]]) })
      }
      if place < dossiers.count {
        answer.suspects[place].nearestSame = neighbours(dossiers[place].sameLabel)
        answer.suspects[place].nearestSuggested = neighbours(dossiers[place].suggestedLabel)
      }
    }
    return answer
  }

  /// What is known of each suspect, and of the data themselves, as tables; none that is empty.
  func dossierSections(_ findings: DataAnswer) -> [ReportSection] {
    var sections: [ReportSection] = []
    if let table = dossierTable {
      sections.append(
        ReportSection(
          "What is known of each",
          introduction: "Suggested is the label that the regression without the example gives it; "
            + "nearest are training examples that the network sees most alike (cosine of the trace "
            + "kernel); influence is on the mean of the test set, positive = helps; ranks are those of "
            + "other signals.", .tables([ReportTable(table)])))
    }
    let tables = findings.tables
    if !tables.isEmpty {
      sections.append(
        ReportSection(
          "The data themselves",
          introduction: findings.looksNear
            ? "Copies are inputs whose distance is at most 5 % of their length."
            : "Copies are inputs that are equal.", .tables(tables)))
    }
    return sections
  }

  private var dossierTable: TextTable? {
    let called = called
    guard called.contains(where: { $0.suggested != nil }) else { return nil }
    let signals = called.first?.ranks?.keys.sorted() ?? []
    var table = TextTable(
      ["rank", "id", "label", "suggested", "p", "nearest of its label", "nearest of the suggested"]
        + (called.contains { $0.influence != nil } ? ["influence"] : []) + signals)
    for entry in called {
      func text(_ neighbours: [Neighbour]?) -> String {
        (neighbours ?? []).map { String(format: "%@ (%.2f)", $0.id.description, $0.similarity) }
          .joined(separator: ", ")
      }
      table.append(
        [
          "\(entry.rank)", entry.id.description, entry.label?.text ?? "",
          entry.suggested?.text ?? "",
          entry.suggestedProbability.map { String(format: "%.2f", $0) } ?? "",
          text(entry.nearestSame), text(entry.nearestSuggested),
        ] + (entry.influence.map { [String(format: "%+.3g", $0)] } ?? [])
          + signals.map { entry.ranks?[$0].map { "\($0)" } ?? "" })
    }
    return table
  }
}
