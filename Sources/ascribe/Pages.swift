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
    _ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    _ fusion: ScoreFile.Fusion? = nil, passages: Passages = Passages()
  ) throws {
    let section = try QueryPage.section(setup, selection, data, tops, fusion, passages)
    let fused = fusion.map {
      [
        AttributionReport.Fact(
          "fused with", "\($0.bank), \($0.subsets) subsets × \($0.seeds) seeds")
      ]
    }
    let checkpoints = setup.scorer.checkpointNames.count
    report = AttributionReport(
      title: "What made \(setup.influence.run.name) answer this?",
      summary: (fusion == nil ? "" : "fused ") + "\(setup.options.method.name) over "
        + "\(checkpoints) checkpoint\(checkpoints == 1 ? "" : "s"), "
        + "\(setup.influence.data.train.count) training examples.",
      sections: [ReportSection("Queries", .queries(section))],
      notes: try setup.scorer.notes(),
      provenance: try provenance(setup) + (fused ?? []))
  }

  static func section(
    _ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    _ fusion: ScoreFile.Fusion? = nil, _ passages: Passages = Passages()
  ) throws -> QuerySection {
    let isSequence = setup.influence.isSequence
    let train = setup.influence.data.train
    let normalisation = setup.influence.data.normalisation
    let trainGallery = ExampleGallery(train, normalisation)
    let gallery = ExampleGallery(passages.shown ?? data, normalisation)
    let predictions = try setup.predictions(for: data)
    let probabilities = predictions.logits.softmax()
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
    let cards = tops.enumerated().map { row, top in
      let isClass = data.classes != nil && !selection.isMean
      let predicted = isClass ? predictions.predicted[row] : 0
      var card = QueryCard(
        view: selection.isMean
          ? .nothing : passages.query(row) ?? gallery.view(row),
        id: selection.isMean ? selection.name : data.ids[row].description,
        label: selection.isMean
          ? "mean of the test set" : isSequence ? "" : LabelValue(of: row, in: data).text,
        predicted: isClass
          ? LabelValue(predicted: predicted, in: data).text
          : selection.isMean || isSequence
            ? "" : "\(predictions.logits[row, 0])",
        probability: isClass ? Double(probabilities[row, Int(predicted)]) : nil,
        helpful: influences(top.highest, of: row), harmful: influences(top.lowest, of: row))
      card.question = passages.question(
        selection.isMean ? nil : row,
        probability: predictions.probabilities.isEmpty ? nil : predictions.probabilities[row])
      return card
    }
    return QuerySection(
      unit: setup.options.unit(fused: fusion != nil),
      signSentence: signSentence.prefix(1).uppercased() + signSentence.dropFirst() + ".",
      cards: cards)
  }
}

/// How the figures of a page came about.
func provenance(_ setup: ScoringSetup) throws -> [AttributionReport.Fact] {
  let record = setup.influence.run.record
  return [
    .init("run", record.name), .init("engine", Engine.version),
    .init("method", setup.options.method.name),
    .init("output function", setup.options.outputFunction.rawValue),
    .init("example weight", setup.options.exampleWeight.description),
    .init("kernel", setup.scorer.kernelName),
    .init("checkpoints", setup.scorer.checkpointNames.joined(separator: ", ")),
    .init("damping", setup.options.damping.description),
    .init("training data", record.dataHashes["train"] ?? ""),
    .init("BLAS core", record.blasCore),
  ]
}
