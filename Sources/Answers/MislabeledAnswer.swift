import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Tensors

/// Training examples in order of suspicion of a wrong label.
public struct MislabeledAnswer: Answer, Equatable {
  /// A suspect.
  public struct Entry: Codable, Equatable, Sendable {
    /// From 1.
    public let rank: Int
    /// The training example.
    public let id: ExampleID
    /// Its label, and what the model predicts.
    public let label, predicted: LabelValue?
    /// Of the label.
    public let probability: Float?
    /// Higher = more suspect.
    public let score: Float
    /// The label that the regression without it gives it, and about how probable that is; absent of
    /// numbers and of signals without that regression.
    public var suggested: LabelValue?
    /// Of the suggested label.
    public var suggestedProbability: Float?
    /// False where network and regression agree with the label: such an example is no suspect.
    public var isSuspect: Bool?
    /// Its place by every signal that the training recorded, from 1.
    public var ranks: [String: Int]?
    /// What training on it does for the mean of the test set by the same regression, in its output
    /// function: positive = helps; absent without a test set.
    public var influence: Float?
    /// The training examples that the network sees most alike, of its label and of the suggested one.
    public var nearestSame, nearestSuggested: [Neighbour]?
  }

  /// A training example that another is alike to.
  public struct Neighbour: Codable, Equatable, Sendable {
    /// The training example.
    public let id: ExampleID
    /// Cosine of the trace kernel.
    public let similarity: Float
  }

  /// The run, and what suspicion is.
  public let run, signal: String
  /// The layers that the kernel is of; absent for all, and for signals without one.
  public let layers: String?
  /// The most suspect first.
  public internal(set) var suspects: [Entry]
  /// How well planted errors are found; absent without.
  public let detection: DetectionMetrics?
  /// Of a cut: how many labels are wrong, with a 90 % interval; absent where none was asked for.
  public let estimatedWrong, low, high: Int?
  /// How many could be wrong if they were all as hard to tell as the hardest decoys.
  public let upperBracket: Int?
  /// Where the ranking is cut; absent where no cut was asked for.
  public let cut: Cut?
  /// What the wrong labels are like: `uniform`, `pairs`, `byLabel`, `few`.
  public let noiseKind: String?

  /// How many labels of one class should be another: the estimate shared out as the examples before the
  /// cut are, the most first; absent where no cut was asked for.
  public let pairs: [Pair]?

  /// Wrong labels of one kind.
  public struct Pair: Codable, Equatable, Sendable {
    /// The label they have, and the one that the regression without them gives them.
    public let label, suggested: LabelValue
    /// How many they are.
    public let estimated: Int
  }

  /// The first examples of a ranking.
  public struct Cut: Codable, Equatable, Sendable {
    /// The precision that was asked for.
    public let asked: Double
    /// The precision that is expected; absent where none can be promised, or nothing is cut.
    public let precision: Double?
    /// How many they are.
    public let count: Int
  }

  package init(
    _ influence: RunInfluence, _ ranking: MislabelRanking, cut found: CutEstimate? = nil, top: Int
  ) throws {
    run = influence.run.name
    signal = ranking.signal.rawValue
    layers = ranking.signal.isOfGradients ? influence.selectionText : nil
    let train = influence.data.train
    let predictions = try influence.predictions(for: train)
    let isClassification = train.classes != nil
    let suggested = isClassification ? ranking.leaveOneOut?.classes : nil
    suspects = ranking.order.prefix(top).enumerated().map { rank, row in
      var entry = Entry(
        rank: rank + 1, id: train.ids[row], label: LabelValue(of: row, in: train),
        predicted: isClassification
          ? LabelValue(predicted: predictions.predicted[row], in: train)
          : .number(predictions.logits[row, 0]),
        probability: isClassification ? predictions.probabilities[row] : nil,
        score: ranking.suspicion[row])
      if let suggested, let found = ranking.leaveOneOut, let labels = train.classes {
        entry.suggested = LabelValue(predicted: suggested[row], in: train)
        entry.suggestedProbability = min(1, max(0, found.predictions[Int(suggested[row]), row]))
        entry.isSuspect =
          suggested[row] != labels[row] || predictions.predicted[row] != labels[row]
      }
      entry.influence = ranking.heldOutInfluence?[row]
      return entry
    }
    detection = ranking.detection(in: train)
    estimatedWrong = found.map { Int($0.estimatedWrong.rounded()) }
    // Half an example more or less is none: the interval holds what it held.
    low = found.map { Int($0.low.rounded(.down)) }
    high = found.map { min(train.count, Int($0.high.rounded(.up))) }
    upperBracket = found.map { min(train.count, Int($0.upperBracket.rounded(.up))) }
    cut = found.map { Cut(asked: $0.asked, precision: $0.precision, count: $0.count) }
    noiseKind = found?.noiseKind.rawValue
    pairs = found.map { MislabeledAnswer.pairs($0, ranking, train) }
  }

  /// A table for reading.
  public var text: String {
    var table = TextTable(
      ["rank", "id", "label", "predicted", "suggested", "p(label)", "suspicion"])
    for entry in called {
      table.append([
        "\(entry.rank)", entry.id.description, entry.label?.text ?? "",
        entry.predicted?.text ?? "", entry.suggested?.text ?? "",
        entry.probability.map { String(format: "%.4f", $0) } ?? "",
        String(format: "%+.4g", entry.score),
      ])
    }
    return ([table.text] + [agreedText, cutText, detection?.sentence].compactMap { $0 })
      .joined(separator: "\n")
  }

  /// The entries that are called suspect.
  var called: [Entry] { suspects.filter { $0.isSuspect != false } }

  /// How many of the first are no suspects; nil where all are.
  var agreedText: String? {
    let agreed = suspects.count - called.count
    guard agreed > 0 else { return nil }
    return "\(agreed) of the first \(suspects.count) are no suspects: the network and the "
      + "regression without them agree with their labels."
  }

  /// One line an example.
  public var csv: String {
    let signals = suspects.first?.ranks?.keys.sorted() ?? []
    let columns = MislabeledAnswer.columns.filter { column in
      suspects.contains { column.value($0) != nil }
    }
    var writer = CSVWriter(
      header: ["rank", "id", "label", "predicted", "probability", "score"]
        + columns.map(\.name) + signals.map { "rank-\($0)" } + (cut == nil ? [] : ["cut"]))
    for entry in suspects {
      writer.append(
        [
          "\(entry.rank)", entry.id.description, entry.label?.text ?? "",
          entry.predicted?.text ?? "", entry.probability.map { CSVWriter.field($0) } ?? "",
          CSVWriter.field(entry.score),
        ] + columns.map { $0.value(entry) ?? "" }
          + signals.map { entry.ranks?[$0].map { "\($0)" } ?? "" }
          + (cut.map { [entry.rank <= $0.count ? "true" : "false"] } ?? []))
    }
    return writer.text
  }

  /// Columns of the CSV that some signals have.
  private static let columns: [(name: String, value: @Sendable (Entry) -> String?)] = [
    ("suggested", { $0.suggested?.text }),
    ("suggestedProbability", { $0.suggestedProbability.map { CSVWriter.field($0) } }),
    ("isSuspect", { $0.isSuspect.map { $0 ? "true" : "false" } }),
    ("influence", { $0.influence.map { CSVWriter.field($0) } }),
    ("nearestSame", { $0.nearestSame.map(ids) }),
    ("nearestSuggested", { $0.nearestSuggested.map(ids) }),
  ]

  private static func ids(_ neighbours: [Neighbour]) -> String {
    neighbours.map(\.id.description).joined(separator: " ")
  }

  /// The suspects as a page.
  package func page(_ influence: RunInfluence, _ ranking: MislabelRanking) -> AttributionReport {
    AttributionReport(
      title: "Suspect labels in \(run)",
      summary: (["Training examples in order of suspicion by \(signal)."]
        + [cutText].compactMap { $0 }).joined(separator: " "),
      figures: cutFigures + (detection?.figures ?? []),
      sections: [
        ReportSection(
          "Suspects", introduction: agreedText ?? "",
          .suspects(suspectGallery(influence.data, ranking, self)))
      ] + dossierSections(DataAnswer(run: run, influence.data)),
      provenance: [
        .init("run", run), .init("signal", signal), .init("engine", Engine.version),
        .init("training data", influence.run.record.dataHashes["train"] ?? ""),
      ])
  }
}
