import Datasets
import Foundation
import Reports
import Tensors
import Models
import Runs
import Training

/// What a model makes of one example.
public struct OutputRow: Codable, Equatable, Sendable {
  /// The example.
  public let id: ExampleID
  /// Its label.
  public let label: LabelValue
  /// The class that the model predicts; absent for numbers and sequences.
  public let predicted: LabelValue?
  /// Of the label.
  public let probability: Float?
  /// ℓ.
  public let loss: Float
  /// Of the label over all others; absent for numbers.
  public let margin: Float?
  /// What the model puts out; empty for sequences.
  public let logits: [Float]

  package init(_ row: Int, _ data: Dataset, _ predictions: Predictions) {
    let isClassification = data.classes != nil
    id = data.ids[row]
    label = LabelValue(of: row, in: data)
    predicted =
      isClassification ? LabelValue(predicted: predictions.predicted[row], in: data) : nil
    probability = predictions.probabilities.isEmpty ? nil : predictions.probabilities[row]
    loss = predictions.losses[row]
    margin = predictions.margins.isEmpty ? nil : predictions.margins[row]
    let width = predictions.logits.rowLength
    logits = (0..<width).map { predictions.logits[row, $0] }
  }
}

/// What a model makes of every example of a part of the data.
public struct OutputsAnswer: Answer, Equatable {
  /// The run, the part of its data, and the checkpoint.
  public let run, split, checkpoint: String
  /// Share of the examples predicted rightly; absent for numbers and sequences.
  public let accuracy: Double?
  /// Mean of ℓ.
  public let meanLoss: Double
  /// The examples.
  public let examples: [OutputRow]
  /// The names of the logits.
  private var outputNames: [String] = []

  private enum CodingKeys: String, CodingKey {
    case run, split, checkpoint, accuracy, meanLoss, examples
  }

  package init(
    run: String, split: String, checkpoint: String, _ data: Dataset, _ predictions: Predictions
  ) {
    (self.run, self.split, self.checkpoint) = (run, split, checkpoint)
    (accuracy, meanLoss) = (predictions.accuracy, predictions.meanLoss)
    examples = (0..<data.count).map { OutputRow($0, data, predictions) }
    // Sequences have outputs at every position, which are not written.
    if data.vocabulary == nil {
      outputNames =
        data.classNames.isEmpty
        ? (0..<data.outputCount).map { "output\($0)" } : data.classNames.map { "logit_\($0)" }
    }
  }

  /// One line an example; without their names the outputs are numbered.
  public var csv: String {
    let names =
      outputNames.isEmpty
      ? (0..<(examples.first?.logits.count ?? 0)).map { "output\($0)" } : outputNames
    var writer = CSVWriter(
      header: ["id", "label", "predicted", "probability", "loss", "margin"] + names)
    for row in examples {
      writer.append(
        [
          row.id.description, row.label.text, row.predicted?.text ?? "",
          row.probability.map { CSVWriter.field($0) } ?? "", CSVWriter.field(row.loss),
          row.margin.map { CSVWriter.field($0) } ?? "",
        ] + row.logits.map { CSVWriter.field($0) })
    }
    return writer.text
  }

  /// The same as CSV.
  public var text: String { csv.trimmingCharacters(in: .newlines) }

  /// Whether the fields of two answers are the same.
  public static func == (a: OutputsAnswer, b: OutputsAnswer) -> Bool {
    (a.run, a.split, a.checkpoint) == (b.run, b.split, b.checkpoint)
      && (a.accuracy, a.meanLoss) == (b.accuracy, b.meanLoss) && a.examples == b.examples
  }
}
