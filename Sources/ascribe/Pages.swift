import Datasets
import Foundation
import Influence
import Reports
import Tensors
import Training

/// Shows examples as pictures where their shape allows, else as values.
struct ExampleGallery {
  let data: Dataset
  private let normalisation: Normalisation
  private let range: ClosedRange<Float>

  /// Pictures have the colours they had before standardisation, by the run's own numbers.
  init(_ data: Dataset, _ normalisation: Normalisation) {
    self.data = data
    self.normalisation = normalisation
    if normalisation.scale != nil {
      range = 0...1
      return
    }
    let values = normalisation.unstandardised(data.inputs).elements
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    range = low...max(high, low.nextUp)
  }

  func view(_ row: Int) -> ExampleView {
    if let text = TokenText.text(of: row, in: data) { return .text(text) }
    let image = try? ExampleImage(
      row: 0, of: normalisation.unstandardised(data.inputs.gathered([row])), range: range,
      flat: .isSquareImage)
    if let image { return .image(image) }
    let width = data.featureCount
    return .features((0..<width).map { data.inputs[row * width + $0] })
  }
}

/// What a page shows of sequences beyond their text.
struct Passages {
  /// The queries with all their tokens.
  var shown: Dataset?
  /// The token that is asked about.
  var token: Int?
  /// The training passages by token.
  var parts: TokenParts?

  /// A query with the token that is asked about marked, or all of them shaded; nil without either.
  func query(_ row: Int) -> ExampleView? {
    guard let shown else { return nil }
    if let tokens = parts?.queryTokens(row, in: shown) { return .tokens(tokens) }
    guard let token else { return nil }
    return .tokens(
      shown.pieces(of: row).enumerated().map {
        ScoredToken(text: $1, score: nil, isAsked: $0 == token)
      })
  }

  /// What is asked about a sequence, in words; empty for other examples.
  func question(_ row: Int?, probability: Float?) -> String {
    guard let shown, shown.vocabulary != nil else { return "" }
    guard let token else {
      return row == nil
        ? "all of their tokens"
        : "all of its tokens"
          + (probability.map { ", mean probability " + NumberText.percent(Double($0)) } ?? "")
    }
    guard row != nil else { return "token \(token) of each" }
    return "token \(token), marked"
      + (probability.map { ", probability " + NumberText.percent(Double($0)) } ?? "")
  }
}

/// The queries of an answer as a page.
struct QueryPage {
  let report: AttributionReport

  init(
    _ found: QueryFindings, notes: [String], passages: Passages = Passages()
  ) throws {
    let scores = found.scores
    let checkpoints = scores.checkpoints.count
    let remarks = found.tops.indices.compactMap { row in
      found.remark(row).map { "Query \(found.queries.ids[row]): \($0)." }
    }
    report = AttributionReport(
      title: "What made \(scores.run) answer this?",
      summary: (scores.fusion.map { "fused \($0.method)" } ?? scores.method) + " over "
        + "\(checkpoints) checkpoint\(checkpoints == 1 ? "" : "s"), "
        + "\(found.influence.data.train.count) training examples.",
      sections: [ReportSection("Queries", .queries(QueryPage.section(found, passages)))],
      notes: notes + remarks, provenance: scores.provenance)
  }

  static func section(
    _ found: QueryFindings, _ passages: Passages = Passages()
  ) -> QuerySection {
    let isSequence = found.influence.isSequence
    let train = found.influence.data.train
    let (data, selection) = (found.queries, found.selection)
    let normalisation = found.influence.data.normalisation
    let trainGallery = ExampleGallery(train, normalisation)
    let gallery = ExampleGallery(passages.shown ?? data, normalisation)
    let predictions = found.predictions
    let probabilities = predictions?.logits.softmax()
    func influences(_ entries: [TopExamples.Entry], of query: Int) -> [QueryCard.Influence] {
      entries.map { entry in
        var influence = QueryCard.Influence(
          view: passages.parts.map {
            ExampleView.tokens($0.tokens(query: query, row: entry.row, in: train))
          } ?? trainGallery.view(entry.row),
          id: train.ids[entry.row].description,
          label: isSequence ? "" : LabelValue(of: entry.row, in: train).text,
          score: Double(entry.score))
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
        id: selection.isMean ? selection.name : data.ids[row].description,
        label: selection.isMean
          ? "mean of the test set" : isSequence ? "" : LabelValue(of: row, in: data).text,
        predicted: predicted.map { LabelValue(predicted: $0, in: data).text }
          ?? (isSequence ? "" : predictions.map { "\($0.logits[row, 0])" } ?? ""),
        probability: predicted.flatMap { label in probabilities.map { Double($0[row, Int(label)]) }
        },
        helpful: influences(top.highest, of: row), harmful: influences(top.lowest, of: row))
      card.question = passages.question(
        selection.isMean ? nil : row,
        probability: predictions.flatMap { $0.probabilities.isEmpty ? nil : $0.probabilities[row] })
      return card
    }
    let sign = found.scores.sign
    var section = QuerySection(
      unit: found.scores.unit,
      signSentence: sign.prefix(1).uppercased() + sign.dropFirst() + ".", cards: cards)
    if found.function == .prediction {
      section.sides = QuerySection.Sides(positive: "Raised it", negative: "Lowered it")
    }
    return section
  }
}
