import Configuration
import Storage
import Tensors

/// Losses and accuracies of a model in evaluation mode; nil where they are not defined or known.
public struct ModelMetrics: Codable, Sendable, Equatable {
  /// Mean training loss an example.
  public var trainLoss: Double?
  /// Share of training examples predicted rightly, 0 to 1; classification only.
  public var trainAccuracy: Double?
  /// Mean test loss an example.
  public var testLoss: Double?
  /// Share of test examples predicted rightly, 0 to 1; classification only.
  public var testAccuracy: Double?

  /// Metrics, as far as they are known.
  public init(
    trainLoss: Double? = nil, trainAccuracy: Double? = nil, testLoss: Double? = nil,
    testAccuracy: Double? = nil
  ) {
    (self.trainLoss, self.trainAccuracy) = (trainLoss, trainAccuracy)
    (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
  }
}

/// Where a checkpoint comes from: the JSON beside each safetensors file.
public struct CheckpointProvenance: Codable, Sendable, Equatable {
  /// The format's version.
  public var formatVersion = CheckpointProvenance.newestVersion
  /// The engine that wrote it.
  public var engineVersion = Engine.version
  /// The kernels of OpenBLAS, on which the last bits depend.
  public var blasCore: String
  /// The run's name.
  public var run: String
  /// The seed of the run that made it.
  public var seed: UInt64
  /// Finished epochs.
  public var epoch: Int
  /// Finished optimisation steps.
  public var step: Int
  /// The configuration of the run, complete.
  public var configuration: ConfigurationValue
  /// Content hashes of the data by role: `train`, `test`.
  public var dataHashes: [String: String]
  /// How the model does.
  public var metrics: ModelMetrics
  /// The file that foreign weights were imported from; nil for trained ones.
  public var importedFrom: String?
  /// Identity of the weights: see `modelHash(_:layout:)`.
  ///
  /// Filled in on writing.
  public var modelHash = ""
  /// SHA-256 of the safetensors file.
  ///
  /// Filled in on writing.
  public var fileHash = ""

  /// The version written now.
  public static let newestVersion = 1

  /// Provenance of a checkpoint about to be written.
  public init(
    blasCore: String, run: String, seed: UInt64, epoch: Int, step: Int,
    configuration: ConfigurationValue, dataHashes: [String: String],
    metrics: ModelMetrics = ModelMetrics(), importedFrom: String? = nil
  ) {
    (self.blasCore, self.run, self.seed) = (blasCore, run, seed)
    (self.epoch, self.step, self.configuration) = (epoch, step, configuration)
    (self.dataHashes, self.metrics, self.importedFrom) = (dataHashes, metrics, importedFrom)
  }
}
