import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Tensors
import Models
import Runs
import Training

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
  }

  /// The run, and what suspicion is.
  public let run, signal: String
  /// The layers that the kernel is of; absent for all, and for signals without one.
  public let layers: String?
  /// The most suspect first.
  public let suspects: [Entry]
  /// How well planted errors are found; absent without.
  public let detection: DetectionMetrics?

  package init(_ influence: RunInfluence, _ ranking: MislabelRanking, top: Int) throws {
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

  /// A table for reading.
  public var text: String {
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

  /// One line an example.
  public var csv: String {
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

  /// The suspects as a page.
  package func page(_ influence: RunInfluence, _ ranking: MislabelRanking) -> AttributionReport {
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
