import ArgumentParser
import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Storage
import Tensors
import Training

extension MislabelRanking.Signal: ExpressibleByArgument {}

/// `ascribe mislabeled`.
struct MislabeledCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mislabeled",
    abstract: "Training examples in order of suspicion of a wrong label.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(
    help:
      "leaveOneOutMargin (default), selfInfluence, finalProbability, meanProbability, areaUnderMargin, el2n, loss, gradientNorm."
  )
  var signal: MislabelRanking.Signal = .leaveOneOutMargin
  @Option(help: "Suspects to show.") var top = 50
  @Option(help: "Write the suspects as a self-contained HTML page.") var report: String?
  @Option(help: "Write all training examples in order as CSV.") var csv: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if signal != .selfInfluence {
      let ignored = [
        ("--method", method.method), ("--output-function", method.outputFunction),
        ("--example-weight", method.exampleWeight),
      ].first { $0.1 != nil }
      if let ignored {
        throw ValidationError("\(ignored.0) is for --signal selfInfluence, not \(signal.rawValue)")
      }
    }
    if method.layers.layers != nil && !signal.isOfGradients {
      throw ValidationError(
        "--layers is for signals of gradients, leaveOneOutMargin and selfInfluence, not \(signal.rawValue)"
      )
    }
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
  }

  func run() throws {
    common.begin()
    let influence: RunInfluence
    let ranking: MislabelRanking
    if signal == .selfInfluence {
      let setup = try ScoringSetup(run: runName, method, common, asks: .themselves)
      influence = setup.influence
      ranking = try MislabelJob(influence).ranking(by: signal, scorer: setup.scorer)
    } else {
      influence = try RunInfluence(try common.open(runName), layers: method.layers.patterns)
      if signal.isOfGradients, let layers = influence.layersSentence { Console.line(layers) }
      var job = MislabelJob(influence, seeds: try method.seedList())
      let bar = Progress("collecting trace features", unit: "rows")
      job.collecting = { done, total in
        try Interruption.check()
        bar.update(done, of: total)
      }
      if signal == .leaveOneOutMargin && !influence.isSequence {
        EstimateText.announce(try job.estimate(try method.request()))
      }
      ranking = try job.ranking(by: signal, try method.request())
    }
    for note in ranking.notes { Console.line("note: \(note)") }
    let answer = try MislabeledAnswer(influence, ranking, top: top)
    if let csv {
      try AtomicFile.write(try MislabeledAnswer(influence, ranking, top: .max).csv, to: csv)
    }
    if let report {
      try AtomicFile.write(answer.page(influence, ranking).html(), to: report)
      Console.line("wrote \(report)")
    }
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}

/// `mislabeled --json`, its fields fixed.
struct MislabeledAnswer: Encodable {
  struct Entry: Encodable {
    let rank: Int
    let id: ExampleID
    let label, predicted: LabelValue?
    /// Of the label.
    let probability: Float?
    /// Higher = more suspect.
    let score: Float
  }

  let run, signal: String
  /// The layers that the kernel is of; absent for all, and for signals without one.
  let layers: String?
  let suspects: [Entry]
  let detection: DetectionMetrics?

  init(_ influence: RunInfluence, _ ranking: MislabelRanking, top: Int) throws {
    run = influence.run.name
    signal = ranking.signal.rawValue
    layers = ranking.signal.isOfGradients ? influence.selectionText : nil
    let train = influence.data.train
    let predictions = try influence.predictions(for: train)
    let isClassification = train.classes != nil
    suspects = ranking.order.prefix(top).enumerated().map { rank, row in
      Entry(
        rank: rank + 1, id: train.ids[row], label: LabelValue(of: row, in: train),
        predicted: isClassification
          ? LabelValue(predicted: predictions.predicted[row], in: train)
          : .number(predictions.logits[row, 0]),
        probability: isClassification ? predictions.probabilities[row] : nil,
        score: ranking.suspicion[row])
    }
    detection = ranking.detection(in: train)
  }

  var text: String {
    var table = TextTable(["rank", "id", "label", "predicted", "p(label)", "suspicion"])
    for entry in suspects {
      table.append([
        "\(entry.rank)", entry.id.description, entry.label?.text ?? "",
        entry.predicted?.text ?? "", entry.probability.map { String(format: "%.4f", $0) } ?? "",
        String(format: "%+.4g", entry.score),
      ])
    }
    guard let detection else { return table.text }
    return table.text + "\n" + detection.sentence
  }

  var csv: String {
    var writer = CSVWriter(header: ["rank", "id", "label", "predicted", "probability", "score"])
    for entry in suspects {
      writer.append([
        "\(entry.rank)", entry.id.description, entry.label?.text ?? "",
        entry.predicted?.text ?? "", entry.probability.map { CSVWriter.field($0) } ?? "",
        CSVWriter.field(entry.score),
      ])
    }
    return writer.text
  }

  func page(_ influence: RunInfluence, _ ranking: MislabelRanking) -> AttributionReport {
    AttributionReport(
      title: "Suspect labels in \(run)",
      summary: "Training examples in order of suspicion by \(signal).",
      figures: detection?.figures ?? [],
      sections: [
        ReportSection(
          "Suspects", .suspects(suspectGallery(influence.data, ranking, self)))
      ],
      provenance: [
        .init("run", run), .init("signal", signal), .init("engine", Engine.version),
        .init("training data", influence.run.record.dataHashes["train"] ?? ""),
      ])
  }
}

/// The suspects of an answer as pictures.
func suspectGallery(
  _ data: SplitData, _ ranking: MislabelRanking, _ answer: MislabeledAnswer
) -> SuspectGallery {
  let train = data.train
  let gallery = ExampleGallery(train, data.normalisation)
  let flipped = train.flipped
  return SuspectGallery(
    scoreName: answer.signal,
    suspects: zip(answer.suspects, ranking.order).map { entry, row in
      let truth: Suspect.Truth =
        if let original = train.originalClasses {
          flipped[row]
            ? .planted(trueLabel: train.classNames[Int(original[row])]) : .untouched
        } else {
          .unknown
        }
      return Suspect(
        rank: entry.rank, id: entry.id.description, view: gallery.view(row),
        label: entry.label?.text ?? "", predicted: entry.predicted?.text ?? "",
        probability: nil, score: Double(entry.score), truth: truth)
    })
}

extension DetectionMetrics {
  /// The metrics in one sentence.
  var sentence: String {
    String(
      format:
        "planted labels: ROC AUC %.4f, average precision %.4f; found %.1f %% in the first 5 %%, %.1f %% in 10 %%, %.1f %% in 20 %% inspected",
      rocAUC, averagePrecision, 100 * foundIn5Percent, 100 * foundIn10Percent,
      100 * foundIn20Percent)
  }

  /// The metrics as headline figures.
  var figures: [AttributionReport.HeadlineFigure] {
    [
      .init("ROC AUC", NumberText.fixed(rocAUC, decimals: 4), note: "1 is perfect, 0.5 chance"),
      .init("average precision", NumberText.fixed(averagePrecision, decimals: 4)),
      .init(
        "found in the first 10 %", NumberText.percent(foundIn10Percent, decimals: 1),
        note: "of the planted labels"),
    ]
  }
}
