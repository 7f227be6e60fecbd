import Checkpoints
import Configuration
import Datasets
import Networks
import Tensors

/// `run.json`: what a run is, complete.
///
/// Everything in it follows from configuration, data and
/// engine; no times, so that the same run gives the same bytes.
public struct RunRecord: Codable, Sendable, Equatable {
  /// How far the run is.
  public enum Status: String, Codable, Sendable {
    /// Not all seeds are trained.
    case running
    /// All seeds are trained.
    case finished
    /// Weights from elsewhere.
    case imported
    /// Gradients from elsewhere: no network of ours, `parameters` are the layers that were
    /// differentiated.
    case foreign
  }

  /// A parameter of the network.
  public struct ParameterRecord: Codable, Sendable, Equatable {
    /// PyTorch's name.
    public let name: String
    /// PyTorch's shape.
    public let shape: [Int]

    /// A parameter.
    public init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }
  }

  /// How one seed ended.
  public struct SeedResult: Codable, Sendable, Equatable {
    /// The seed.
    public let seed: UInt64
    /// Metrics of the last checkpoint.
    public let metrics: ModelMetrics
    /// Identity of the last checkpoint's weights.
    public let modelHash: String
  }

  /// The format's version.
  public var formatVersion = RunRecord.newestVersion
  /// The engine that made it.
  public var engineVersion = Engine.version
  /// The kernels of OpenBLAS, on which the last bits depend.
  public var blasCore: String
  /// The processor's level, on which the last bits depend too; nil in runs of former versions.
  public var processorLevel: Int?
  /// The run's name.
  public var name: String
  /// How far it is.
  public var status: Status
  /// The run file, defaults written out.
  public var configuration: ConfigurationValue
  /// Where the paths of `configuration.data` begin, relative to the run's folder.
  public var dataFolder: String
  /// The loss.
  public var loss: Loss
  /// The seeds.
  public var seeds: [UInt64]
  /// Optimisation steps in an epoch.
  public var stepsPerEpoch: Int
  /// The epochs whose parameters are kept.
  public var checkpointEpochs: [Int]
  /// Content hashes by role: `train` (what was trained on), `test`.
  public var dataHashes: [String: String]
  /// SHA-256 of the ids in order by role.
  public var idHashes: [String: String]
  /// Numbers of examples by role.
  public var exampleCounts: [String: Int]
  /// Names of the classes; empty for numbers.
  public var classNames: [String]
  /// The text of each token id of sequences that a tokenizer.json did not make; else nil.
  public var vocabulary: [String]?
  /// SHA-256 of the tokenizer.json that made the sequences; nil without one.
  public var tokenizerHash: String?
  /// How inputs were brought to their scale, with the statistics of all training examples.
  public var normalisation: Normalisation
  /// Ids of the training examples used, in order; nil: all.
  public var subset: [ExampleID]?
  /// Shape of one example.
  public var inputShape: [Int]
  /// Number of outputs.
  public var outputCount: Int
  /// The network's parameters in order.
  public var parameters: [ParameterRecord]
  /// How each seed ended; empty while running.
  public var results: [SeedResult]

  /// The version written now.
  public static let newestVersion = 1
}
