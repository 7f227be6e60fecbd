/// Weights that were written for PyTorch and Hugging Face.
public struct ExportAnswer: Answer, Equatable {
  /// The run.
  public let run: String
  /// The seed.
  public let seed: UInt64
  /// The epoch.
  public let epoch: Int
  /// The folder that was made.
  public let folder: String
  /// Its files.
  public let files: [String]
  /// Tensors in them.
  public let tensors: Int
  /// The class of transformers that reads them; absent for other models.
  public let architecture: String?
  /// The hash of the weights.
  public let modelHash: String

  package init(
    run: String, seed: UInt64, epoch: Int, folder: String, files: [String], tensors: Int,
    architecture: String?, modelHash: String
  ) {
    (self.run, self.seed, self.epoch, self.folder) = (run, seed, epoch, folder)
    self.tensors = tensors
    (self.files, self.architecture, self.modelHash) = (files, architecture, modelHash)
  }

  /// For reading.
  public var text: String {
    "\(folder): \(files.joined(separator: ", ")); \(tensors) tensors of seed \(seed), epoch \(epoch)"
      + (architecture.map { ", for \($0)" } ?? "")
  }
}
