import Answers
import Tensors
import Models
import Runs
import Training

/// Writes a run's weights for PyTorch and Hugging Face.
public struct ExportWeightsJob: Sendable {
  /// The folder to make; it must be empty.
  public var folder: String
  /// The seed; nil: the first.
  public var seed: UInt64?
  /// The epoch; nil: the last.
  public var epoch: Int?

  /// The last checkpoint of the first seed.
  public init(to folder: String) { self.folder = folder }

  /// Writes.
  ///
  /// - Throws: `TrainingError` for checkpoints that are not kept; errors of files.
  public func run(in session: Session) throws -> ExportAnswer {
    let run = session.run
    let reference = try run.checkpoint(seed: seed, epoch: epoch)
    let exported = try ExportJob(run, reference, to: folder).write()
    if run.record.normalisation != .none {
      session.control.note(
        "note: the weights are for inputs on the run's scale (normalisation in its run.json)")
    }
    return ExportAnswer(
      run: run.name, seed: reference.seed, epoch: reference.epoch, folder: folder,
      files: exported.files, tensors: exported.tensors,
      architecture: exported.architecture, modelHash: exported.modelHash)
  }
}
