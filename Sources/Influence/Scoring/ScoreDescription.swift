import Datasets
import Storage
import Tensors

/// What made some scores: everything that is recorded with them, wherever they go.
///
/// Made once from an ensemble; files of scores, calibrations, rankings of banks, answers and pages take
/// what they say from it.
public struct ScoreDescription: Sendable, Equatable {
  /// Where the kernels come from.
  public struct Kernel: Sendable, Equatable {
    /// Whether gradients are projected.
    public enum Kind: String, Sendable, Codable {
      /// They are not.
      case exact
      /// They are, and stored.
      case features
    }

    /// `exact`, or the projector; and the layers, where it is over some.
    public var name: String
    /// Whether gradients are projected.
    public var kind: Kind
    /// Kind and dimension of the projectors, in words; nil without.
    public var projector: String?
    /// k; nil without a projector, where they differ, and in files of former versions.
    public var dimension: Int?

    /// The kernel of unprojected gradients.
    public static let exact = Kernel(name: "exact", kind: .exact)

    /// A kernel.
    public init(name: String, kind: Kind, projector: String? = nil, dimension: Int? = nil) {
      (self.name, self.kind) = (name, kind)
      (self.projector, self.dimension) = (projector, dimension)
    }
  }

  /// What was decided about damping at one checkpoint, for one part of the method.
  public struct Damping: Sendable, Equatable {
    /// The checkpoint, and the part of the method: `seed-0/epoch-030 (trak)`.
    public var name: String
    /// λ and what is known about it.
    public var report: DampingReport

    /// A report by its name.
    public init(name: String, report: DampingReport) { (self.name, self.report) = (name, report) }
  }

  /// The run.
  public var run: String
  /// Weights, data, configurations and machine; nil in files of former versions.
  public var identity: RunIdentity?
  /// The engine's version; nil in files of former versions.
  public var engine: String?
  /// The method; `fused` of scores fused with a bank.
  public var method: String
  /// f.
  public var outputFunction: String
  /// The unit of the scores.
  public var unit: String
  /// The sign's meaning.
  public var sign: String
  /// D.
  public var exampleWeight: String
  /// The rule that chose λ; nil in files of former versions.
  public var dampingRule: String?
  /// The curvature of influence functions; nil for methods without.
  public var curvature: String?
  /// How λ is spread over the training examples.
  public var dampingProfile: String?
  /// λ and what is known about it, by part and checkpoint.
  public var damping: [Damping]
  /// The kernel.
  public var kernel: Kernel
  /// The layers that the scores are over; nil for all.
  public var layers: String?
  /// The checkpoints.
  public var checkpoints: [String]
  /// Content hash of the training examples.
  public var trainHash: String
  /// Content hash of the queries, or of the set that they are from.
  public var queryHash: String
  /// The bank that fused scores were fitted on; nil for scores as they are.
  public var fusion: ScoreFile.Fusion?

  /// What is recorded of choices.
  ///
  /// - Parameter identity: of the run at the checkpoints, with the queries as its examples.
  public init(
    run: String, options: ScoringOptions, checkpoints: [String], damping: [Damping],
    kernel: Kernel, train: Dataset, queries: Dataset, identity: RunIdentity,
    fusion: ScoreFile.Fusion? = nil, layers: String? = nil
  ) {
    (self.run, self.identity, engine) = (run, identity, Engine.version)
    method = fusion == nil ? options.method.name : "fused"
    outputFunction = options.outputFunction.rawValue
    unit = options.unit(fused: fusion != nil)
    sign = options.outputFunction.signSentence
    exampleWeight = options.exampleWeight.description
    dampingRule = options.damping.description
    dampingProfile = options.dampingProfile.rawValue
    curvature = options.curvature?.rawValue
    self.damping = damping
    (self.kernel, self.layers, self.checkpoints) = (kernel, layers, checkpoints)
    (trainHash, queryHash) = ("\(train.contentHash)", "\(queries.contentHash)")
    self.fusion = fusion
  }

  /// What makes an ensemble's scores; the ensemble's checkpoints are prepared for it.
  ///
  /// - Parameters:
  ///   - influence: the run that the ensemble is of.
  ///   - queries: the queries, or the set that they are from.
  /// - Throws: the errors of preparing; as `RunInfluence.identity(checkpoints:examples:)`.
  public init(
    _ ensemble: Ensemble, of influence: RunInfluence, queries: Dataset,
    fusion: ScoreFile.Fusion? = nil
  ) throws {
    self.init(
      run: influence.run.name, options: ensemble.options, checkpoints: ensemble.checkpointNames,
      damping: try ensemble.dampingReports().map { Damping(name: $0.name, report: $0.report) },
      kernel: ensemble.kernel, train: ensemble.training, queries: queries,
      identity: try influence.identity(
        checkpoints: ensemble.checkpointNames, examples: queries),
      fusion: fusion, layers: influence.selectionText)
  }

  /// λ by checkpoint in the form of answers.
  public var dampingSummaries: [DampingSummary] {
    damping.map { DampingSummary(checkpoint: $0.name, report: $0.report) }
  }
}
