import Answers
import Components
import Datasets
import Influence
import Runs
import Storage
import Tensors
import Training

/// Loss, margin, probability of the label, and logits of every example.
public struct OutputsJob: Sendable {
  /// The examples.
  public var part = DataPart.test
  /// The seed; nil: the first.
  public var seed: UInt64?
  /// The epoch; nil: the last.
  public var epoch: Int?
  /// An edit that `EditJob` wrote, whose components are taken away; nil: none.
  public var edit: String?
  /// A file to write, CSV (.csv) or HDF5 (.h5); nil: none.
  public var out: String?

  /// The test examples at the last checkpoint.
  public init() {}

  /// Evaluates, and writes the file asked for whole or not at all.
  ///
  /// - Throws: `TrainingError` for checkpoints that are not kept; errors of files.
  public func run(in session: Session) throws -> OutputsAnswer {
    let run = session.run
    let influence = try session.influence()
    let data = try part.part(of: influence.data)
    let reference = try run.checkpoint(seed: seed, epoch: epoch)
    let predictor = try predictor(reference, of: influence)
    let predictions = predictor.predictions(for: data)
    let answer = OutputsAnswer(
      run: run.name, split: part.rawValue, checkpoint: reference.groupName, data, predictions)
    if part == .test { session.sayUnlabelled(influence.data) }
    guard let out else { return answer }
    if out.hasSuffix(".csv") {
      try AtomicFile.write(answer.csv, to: out)
    } else {
      let identity = try run.identity(checkpoints: [reference], examples: data.contentHash)
      var fingerprint = identity.fingerprint(of: .outputs)
      if let edit { fingerprint.append("edit", try ComponentEdit(reading: edit).description) }
      try OutputsJob.writeHDF5(data, predictions, madeFrom: fingerprint, to: out)
    }
    session.control.note("wrote \(out): \(data.count) examples")
    return answer
  }

  /// The network at a checkpoint, without the components of the edit.
  private func predictor(
    _ reference: CheckpointReference, of influence: RunInfluence
  ) throws -> Predictor {
    let run = influence.run
    let whole = try run.predictor(reference)
    guard let edit else { return whole }
    let found = try ComponentEdit(reading: edit, for: "\(try run.modelHash(of: reference))")
    return Predictor(
      network: whole.network, parameters: whole.parameters, loss: whole.loss,
      masks: try found.masks(
        of: whole.network, parameters: whole.parameters, reference: influence.data.train,
        file: edit))
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
