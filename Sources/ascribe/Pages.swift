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

/// The queries of an answer as a page.
struct QueryPage {
  let report: AttributionReport

  init(
    _ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    _ fusion: ScoreFile.Fusion? = nil
  ) throws {
    let section = try QueryPage.section(setup, selection, data, tops, fusion)
    let fused = fusion.map {
      [
        AttributionReport.Fact(
          "fused with", "\($0.bank), \($0.subsets) subsets × \($0.seeds) seeds")
      ]
    }
    report = AttributionReport(
      title: "What made \(setup.influence.run.name) answer this?",
      summary: (fusion == nil ? "" : "fused ") + "\(setup.options.method.rawValue) over "
        + "\(setup.scorer.checkpointNames.count) checkpoints, "
        + "\(setup.influence.data.train.count) training examples.",
      sections: [ReportSection("Queries", .queries(section))],
      notes: try setup.scorer.notes(),
      provenance: try provenance(setup) + (fused ?? []))
  }

  static func section(
    _ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    _ fusion: ScoreFile.Fusion? = nil
  ) throws -> QuerySection {
    let train = setup.influence.data.train
    let normalisation = setup.influence.data.normalisation
    let trainGallery = ExampleGallery(train, normalisation)
    let gallery = ExampleGallery(data, normalisation)
    let predictions = try setup.predictions(for: data)
    let probabilities = predictions.logits.softmax()
    func influences(_ entries: [TopExamples.Entry]) -> [QueryCard.Influence] {
      entries.map {
        QueryCard.Influence(
          view: trainGallery.view($0.row), id: train.ids[$0.row].description,
          label: LabelValue(of: $0.row, in: train).text, score: Double($0.score))
      }
    }
    let cards = tops.enumerated().map { row, top in
      let isClass = data.classes != nil && !selection.isMean
      let predicted = isClass ? predictions.predicted[row] : 0
      return QueryCard(
        view: selection.isMean ? .nothing : gallery.view(row),
        id: selection.isMean ? selection.name : data.ids[row].description,
        label: selection.isMean ? "mean of the test set" : LabelValue(of: row, in: data).text,
        predicted: isClass
          ? LabelValue(predicted: predicted, in: data).text
          : selection.isMean || setup.influence.isSequence
            ? "" : "\(predictions.logits[row, 0])",
        probability: isClass ? Double(probabilities[row, Int(predicted)]) : nil,
        helpful: influences(top.highest), harmful: influences(top.lowest))
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
    .init("method", setup.options.method.rawValue),
    .init("output function", setup.options.outputFunction.rawValue),
    .init("example weight", setup.options.exampleWeight.description),
    .init("kernel", setup.scorer.kernelName),
    .init("checkpoints", setup.scorer.checkpointNames.joined(separator: ", ")),
    .init("damping", setup.options.damping.description),
    .init("training data", record.dataHashes["train"] ?? ""),
    .init("BLAS core", record.blasCore),
  ]
}
