import ArgumentParser
import Datasets
import Foundation
import Influence
import Networks
import Reports
import Storage
import Tensors
import Training

/// `ascribe outputs`.
struct OutputsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outputs",
    abstract: "Loss, margin, probability of the label, and logits of every example.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "train or test.") var split: Split = .test
  @Option(help: "The seed (default: the first).") var seed: UInt64?
  @Option(help: "The epoch (default: the last).") var epoch: Int?
  @Option(help: "Write CSV (.csv) or HDF5 (.h5) instead of printing.") var out: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let out, !out.hasSuffix(".csv"), !out.hasSuffix(".h5") {
      throw ValidationError("--out takes a name that ends in .csv or .h5, not '\(out)'")
    }
  }

  func run() throws {
    common.begin()
    let opened = try common.open(runName)
    let data = try split.part(of: try opened.loadData())
    let reference = try opened.checkpoint(seed: seed, epoch: epoch)
    let predictions = try opened.predictor(reference).predictions(for: data)
    let rows = (0..<data.count).map { OutputRow($0, data, predictions) }
    if let out {
      if out.hasSuffix(".csv") {
        try AtomicFile.write(csv(rows, data), to: out)
      } else {
        let identity = try opened.identity(checkpoints: [reference], examples: data.contentHash)
        try OutputRow.writeHDF5(
          data, predictions, madeFrom: identity.fingerprint(of: .outputs), to: out)
      }
      Console.line("wrote \(out): \(rows.count) examples")
    }
    if json {
      Console.output(
        try JSON.text(
          OutputsAnswer(
            run: opened.name, split: split.rawValue, checkpoint: reference.groupName,
            accuracy: predictions.accuracy, meanLoss: predictions.meanLoss, examples: rows),
          layout: .compact))
    } else if out == nil {
      Console.output(csv(rows, data).trimmingCharacters(in: .newlines))
    }
  }

  /// Sequences have outputs at every position, which are not written.
  private func predictedNothing(_ data: Dataset) -> Bool {
    if case .tokens = data.targets { true } else { false }
  }

  private func csv(_ rows: [OutputRow], _ data: Dataset) -> String {
    let names =
      predictedNothing(data)
      ? []
      : data.classNames.isEmpty
        ? (0..<data.outputCount).map { "output\($0)" } : data.classNames.map { "logit_\($0)" }
    var writer = CSVWriter(
      header: ["id", "label", "predicted", "probability", "loss", "margin"] + names)
    for row in rows {
      writer.append(
        [
          row.id.description, row.label.text, row.predicted?.text ?? "",
          row.probability.map { CSVWriter.field($0) } ?? "", CSVWriter.field(row.loss),
          row.margin.map { CSVWriter.field($0) } ?? "",
        ] + row.logits.map { CSVWriter.field($0) })
    }
    return writer.text
  }
}

/// What a model makes of one example.
struct OutputRow: Encodable {
  let id: ExampleID
  let label: LabelValue
  let predicted: LabelValue?
  /// Of the label.
  let probability: Float?
  let loss: Float
  let margin: Float?
  let logits: [Float]

  init(_ row: Int, _ data: Dataset, _ predictions: Predictions) {
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

  /// A sealed file with datasets ids, labels, loss, margin, probability, predicted and logits.
  static func writeHDF5(
    _ data: Dataset, _ predictions: Predictions, madeFrom fingerprint: Fingerprint, to path: String
  ) throws {
    let file = try SealedFileWriter(path)
    try file.writeRows(
      predictions.logits.elements, shape: predictions.logits.shape, to: "logits")
    try file.writeRows(predictions.losses, shape: [data.count], to: "loss")
    if data.classes != nil {
      try file.writeRows(predictions.margins, shape: [data.count], to: "margin")
      try file.writeRows(predictions.probabilities, shape: [data.count], to: "probability")
      try file.writeRows(predictions.predicted, shape: [data.count], to: "predicted")
    }
    try file.hdf5.write(data.ids.map(\.description), to: "ids")
    try file.hdf5.write(
      (0..<data.count).map { LabelValue(of: $0, in: data).text }, to: "labels")
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }
}

/// `outputs --json`.
private struct OutputsAnswer: Encodable {
  let run, split, checkpoint: String
  let accuracy: Double?
  let meanLoss: Double
  let examples: [OutputRow]
}
