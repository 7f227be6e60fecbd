import Datasets
import Gradients
import Networks
import Training

/// What training, collecting and scoring will take, from shapes alone.
public struct WorkPlan: Sendable, Codable, Equatable {
  /// One step of the work.
  public struct Step: Sendable, Codable, Equatable {
    /// `train`, `collect`, `query (METHOD)`, `query (METHOD on features)`, `score (METHOD)`,
    /// `mislabeled`, `mislabeled (cut)`, `components` or `prune`.
    public let name: String
    /// Rows written or scored.
    public let rows: Int
    /// Bytes on disk.
    public let diskBytes: Int
    /// Largest memory at a time.
    public let peakBytes: Int
    /// Floating-point operations.
    public let flops: Double
    /// Minutes at the plan's rate.
    public let minutes: Double
  }

  /// Training examples.
  public let trainingExamples: Int
  /// Queries.
  public let queries: Int
  /// Parameters.
  public let parameters: Int
  /// SGEMM rate of this machine, flop/s.
  public let rate: Double
  /// The steps in order.
  public private(set) var steps: [Step]

  /// Bytes of a process that does nothing yet: program, libraries, and BLAS's own room.
  public static let processBytes = 48 << 20

  /// Bytes of a process that holds data and one checkpoint's parameters.
  package static func commonBytes(_ network: Network, _ data: SplitData) -> Int {
    processBytes + (data.train.count + data.test.count) * data.train.featureCount * 4
      + 4 * network.parameterCount
  }
}

extension WorkPlan {
  /// What is planned.
  public struct Subject: Sendable {
    /// The network as it is trained.
    public var trained: Network
    /// The same with the layers that gradients are taken by.
    public var attributed: Network
    /// How it is trained; nil when the weights are there already.
    public var configuration: TrainingConfiguration?
    /// Seeds that are trained and scored.
    public var seeds: Int
    /// Epochs whose checkpoints are kept, of each seed.
    public var epochs: [Int]
    /// The data.
    public var data: SplitData
    /// How features are made.
    public var projection: ProjectionChoice
    /// Bytes of a stored feature.
    public var featureBytes: Int
    /// Training examples up to which the exact kernel is taken; nil: by cost.
    public var exactLimit: Int?
    /// The methods.
    public var methods: MethodTable

    /// A run.
    public init(
      trained: Network, attributed: Network? = nil, configuration: TrainingConfiguration?,
      seeds: Int, epochs: [Int], data: SplitData, projection: ProjectionChoice? = nil,
      featureBytes: Int = 4, exactLimit: Int? = nil, methods: MethodTable = .standard
    ) {
      let network = attributed ?? trained
      (self.trained, self.attributed, self.configuration) = (trained, network, configuration)
      (self.seeds, self.epochs, self.data) = (seeds, epochs, data)
      (self.featureBytes, self.exactLimit, self.methods) = (featureBytes, exactLimit, methods)
      self.projection =
        projection ?? .standard(for: network, examples: data.train.count)
    }
  }

  /// The plan of a run.
  ///
  /// - Parameter rate: SGEMM rate in flop/s; `MachineRate.measured` when nil.
  /// - Precision: times are those of the matrix products over a share of the SGEMM rate that was
  ///   measured on this engine: expect a factor of two. Peaks are sums of what is held at a time:
  ///   within a third of what was measured (mlp, cnn, vit, gpt2, llama).
  public init(_ subject: Subject, rate: Double? = nil) {
    let steps = PlannedSteps(subject, rate: rate ?? MachineRate.measured)
    self.init(
      trainingExamples: subject.data.train.count, queries: subject.data.test.count,
      parameters: subject.attributed.parameterCount, rate: steps.rate,
      steps: [steps.training(), steps.collecting()].compactMap { $0 } + steps.queries()
        + [steps.scoring(), steps.mislabeled()].compactMap { $0 })
  }

  /// Puts a step behind another: what only some run files ask for.
  ///
  /// - Parameter name: of the step before it; without such a step it is the last.
  public mutating func insert(_ step: Step, after name: String) {
    let place = steps.firstIndex { $0.name == name }.map { $0 + 1 } ?? steps.count
    steps.insert(step, at: place)
  }

  /// Puts a step of work that is counted elsewhere behind all others.
  ///
  /// - Parameters:
  ///   - disk: bytes.
  ///   - peak: bytes beside data and parameters.
  package mutating func append(
    _ name: String, rows: Int, disk: Double, peak: Double, flops: Double, of subject: Subject
  ) {
    steps.append(
      PlannedSteps(subject, rate: rate).step(
        name, rows: rows, disk: planned(bytes: disk), peak: planned(bytes: peak), flops: flops))
  }

  /// Puts the training of more models behind all others.
  ///
  /// - Parameters:
  ///   - models: how many; each is asked about the whole test set.
  ///   - examples: the sizes of all their training sets together.
  package mutating func append(
    _ name: String, models: Int, examples: Double, of subject: Subject
  ) throws {
    guard let configuration = subject.configuration else { return }
    let cost = try RetrainingCost(
      subject.trained, configuration, examples: examples, of: subject.data.train.count)
    let outputs = 4 * Double(models) * Double(queries) * Double(subject.trained.outputCount)
    steps.append(
      PlannedSteps(subject, rate: rate).step(
        name, rows: models,
        disk: planned(bytes: outputs + Double(models) * Double(trainingExamples)),
        peak: PlannedSteps(subject, rate: rate).trainingPeak(configuration, models: models),
        flops: cost.flops, share: PlannedSteps.trainingShare))
  }

  /// Puts a step behind all others that is some of them over and over; nothing where one of them is
  /// not there.
  ///
  /// - Parameters:
  ///   - disk: bytes.
  ///   - parts: which, and how often.
  package mutating func append(
    _ name: String, rows: Int, disk: Int, repeating parts: [(name: String, times: Double)]
  ) {
    let found = parts.compactMap { part in step(named: part.name).map { ($0, part.times) } }
    guard found.count == parts.count else { return }
    steps.append(
      Step(
        name: name, rows: rows, diskBytes: disk, peakBytes: found.map(\.0.peakBytes).max() ?? 0,
        flops: found.reduce(0) { $0 + $1.0.flops * $1.1 },
        minutes: found.reduce(0) { $0 + $1.0.minutes * $1.1 }))
  }

  /// The step of a name.
  public func step(named name: String) -> Step? { steps.first { $0.name == name } }
}
