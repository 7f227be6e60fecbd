import Datasets
import Foundation
import Influence
import Networks
import Reports

/// The queries of an answer as a page.
package struct QueryPage {
  package let report: AttributionReport

  /// - Parameter answer: what was found, with the changes that a calibration gives it.
  package init(
    _ found: QueryFindings, _ answer: QueryAnswer, notes: [String], passages: Passages = Passages()
  ) throws {
    let scores = found.scores
    let checkpoints = scores.checkpoints.count
    let remarks = found.tops.indices.compactMap { row in
      (found.remark(row) ?? answer.queries[row].changesRemark).map {
        "Query \(found.name(row)): \($0)."
      }
    }
    let units =
      answer.calibration.flatMap { $0.isUsable ? $0 : nil }.map {
        [AttributionReport.Fact("changes", $0.provenance)]
      } ?? []
    report = AttributionReport(
      title: "What made \(scores.run) answer this?",
      summary: (scores.fusion.map { "fused \($0.method)" } ?? scores.method) + " over "
        + "\(checkpoints) checkpoint\(checkpoints == 1 ? "" : "s"), "
        + "\(found.influence.data.train.count) training examples.",
      sections: [ReportSection("Queries", .queries(QueryPage.section(found, passages, answer)))],
      notes: notes + remarks, provenance: scores.provenance + units)
  }

  package static func section(
    _ found: QueryFindings, _ passages: Passages = Passages(), _ answer: QueryAnswer? = nil
  ) -> QuerySection {
    let isSequence = found.influence.isSequence
    let train = found.influence.data.train
    let (data, selection) = (found.queries, found.selection)
    let normalisation = found.influence.data.normalisation
    let trainGallery = ExampleGallery(train, normalisation)
    let gallery = ExampleGallery(passages.shown ?? data, normalisation)
    let predictions = found.predictions
    let probabilities = predictions?.logits.softmax()
    func influences(
      _ entries: [TopExamples.Entry], of query: Int, _ answered: [QueryAnswer.Influence]?
    ) -> [QueryCard.Influence] {
      entries.enumerated().map { place, entry in
        var influence = QueryCard.Influence(
          view: passages.parts.map {
            ExampleView.tokens($0.tokens(query: query, row: entry.row, in: train))
          } ?? trainGallery.view(entry.row),
          id: train.ids[entry.row].description,
          label: isSequence ? "" : LabelValue(of: entry.row, in: train).text,
          score: Double(entry.score))
        if let change = answered?[place].changeText, !change.isEmpty {
          let minus = change.replacingOccurrences(of: "-", with: "−")
          influence.change = "removed: \(found.scores.outputFunction) \(minus)"
        }
        if let parts = passages.parts, let shown = passages.shown {
          influence.queryTokens = parts.queryTokens(query, under: entry.row, in: shown) ?? []
        }
        return influence
      }
    }
    let cards = found.tops.enumerated().map { row, top in
      let predicted = data.classes != nil ? predictions?.predicted[row] : nil
      var card = QueryCard(
        view: selection.isMean
          ? .nothing : passages.query(row) ?? gallery.view(row),
        id: found.name(row),
        label: selection.isMean
          ? "mean of the test set" : isSequence ? "" : found.label(row)?.text ?? "",
        predicted: predicted.map { LabelValue(predicted: $0, in: data).text }
          ?? (isSequence ? "" : predictions.map { "\($0.logits[row, 0])" } ?? ""),
        probability: predicted.flatMap { label in probabilities.map { Double($0[row, Int(label)]) }
        },
        helpful: influences(top.highest, of: row, answer?.queries[row].helpful),
        harmful: influences(top.lowest, of: row, answer?.queries[row].harmful))
      card.question = passages.question(
        selection.isMean ? nil : row,
        probability: predictions.flatMap { $0.probabilities.isEmpty ? nil : $0.probabilities[row] })
      if card.question.isEmpty { card.question = found.question(row) }
      card.isOutside = found.outside != nil
      return card
    }
    let sign = found.scores.sign
    var section = QuerySection(
      unit: found.scores.unit,
      signSentence: sign.prefix(1).uppercased() + sign.dropFirst() + ".", cards: cards)
    if cards.contains(where: { ($0.helpful + $0.harmful).contains { !$0.change.isEmpty } }) {
      section.changeSentence =
        "Removed: what the query’s \(found.scores.outputFunction) is expected to change by without "
        + "the example, in the mean over trainings, with its 95 % interval."
    }
    if found.function == .prediction {
      section.sides = QuerySection.Sides(positive: "Raised it", negative: "Lowered it")
    }
    return section
  }
}
