import Datasets
import Foundation
import Gradients
import Networks
import Projections
import Runs
import Storage
import Tensors
import Training

/// A run with its data: the way from a name to a method that can be asked.
public struct RunInfluence: Sendable {
  /// The run.
  public let run: Run
  /// Its data, checked against what it was trained on.
  public let data: SplitData
  private let model: Model
  private let cache: CheckpointCache

  /// What gradients are taken of.
  private enum Model {
    case network(Network)
    case factors(StoredFactors)
  }

  /// The run's network, with the parameters that scores are over.
  ///
  /// - Throws: `RunError.noNetwork` for gradients from elsewhere.
  public var network: Network {
    get throws(RunError) {
      guard case .network(let network) = model else { throw .noNetwork(run: run.name) }
      return network
    }
  }

  /// The gradients from elsewhere; nil for a run with a network.
  public var factors: StoredFactors? {
    if case .factors(let factors) = model { factors } else { nil }
  }

  /// The parameters that scores are over, as text; nil for all.
  public var selectionText: String? {
    switch model {
    case .network(let network): network.selectionText
    case .factors(let factors): factors.selectionText
    }
  }

  /// Reads a run's data.
  ///
  /// - Parameter layers: the parameters that scores are over, of those that were trained; nil: all.
  /// - Throws: `SelectionError` for patterns that fit no layer; errors of the data.
  public init(_ run: Run, layers: LayerPatterns? = nil) throws {
    try self.init(run, layers: layers) { try run.parameters(of: $0) }
  }

  /// - Parameter read: reads a checkpoint's parameters, every byte verified.
  init(
    _ run: Run, layers: LayerPatterns? = nil,
    reading read: @escaping @Sendable (CheckpointReference) throws -> Tensor
  ) throws {
    self.run = run
    cache = CheckpointCache(reading: read)
    guard !run.isForeign else {
      let (all, data) = try run.storedFactors()
      model = .factors(try layers.map { try all.selecting($0, place: "‹layers›") } ?? all)
      self.data = data
      return
    }
    let network = try run.network
    model = .network(try layers.map { try network.selecting($0, place: "‹layers›") } ?? network)
    data = try run.loadData()
  }

  /// Whether the targets are classes: one an example, or the next tokens of a sequence.
  public var isClassification: Bool { data.train.classes != nil || isSequence }

  /// Whether the targets are next tokens.
  public var isSequence: Bool {
    if case .tokens = data.train.targets { true } else { false }
  }

  /// Where gradients at a checkpoint come from.
  public func source(_ reference: CheckpointReference) throws -> any GradientProvider {
    switch model {
    case .network(let network):
      GradientSource(network: network, parameters: try cache.parameters(of: reference))
    case .factors(let factors): factors
    }
  }

  /// The parameters of a checkpoint, read once.
  ///
  /// - Throws: errors of its file.
  package func parameters(of reference: CheckpointReference) throws -> Tensor {
    try cache.parameters(of: reference)
  }

  /// What the model makes of examples, at the last checkpoint of the first seed.
  public func predictions(for data: Dataset) throws -> Predictions {
    if let factors {
      return Predictions(
        outputs: try factors.outputs(of: data), targets: TargetValues(data.targets))
    }
    return Predictor(
      network: try run.network, parameters: try cache.parameters(of: run.checkpoint()),
      loss: run.loss
    ).predictions(for: data)
  }

  /// What the model makes of sequences, at the last checkpoint of the first seed.
  public func sequenceOutputs(for data: Dataset) throws -> SequenceOutputs {
    Predictor(
      network: try run.network, parameters: try cache.parameters(of: run.checkpoint()),
      loss: run.loss
    ).sequenceOutputs(for: data)
  }

  /// The trajectory's residuals where a weight needs them or the damping of one checkpoint can use
  /// them; weights that were not trained here have none.
  func neededResiduals(
    _ options: ScoringOptions, _ checkpoints: [CheckpointReference]
  ) throws -> [Float]? {
    let seeds = Set(checkpoints.map(\.seed))
    if options.exampleWeight.source == .trajectory { return try trajectoryResiduals(seeds: seeds) }
    guard options.dampingProfile == .residual, checkpoints.count == 1,
      run.hasWholeDynamics
    else { return nil }
    return try trajectoryResiduals(seeds: seeds)
  }

  /// The mean of 1 − p_i over the recorded epochs and the given seeds, n values.
  public func trajectoryResiduals(seeds: Set<UInt64>) throws -> [Float] {
    var sum = [Double](repeating: 0, count: data.train.count)
    var count = 0.0
    for seed in seeds.sorted() {
      guard run.record.status != .imported, !run.isForeign else {
        throw InfluenceError.noDynamics(weight: "trajectory", run: run.name)
      }
      guard let probabilities = try run.dynamics(seed: seed)[.probability] else {
        throw InfluenceError.noDynamics(weight: "trajectory", run: run.name)
      }
      for epoch in 0..<probabilities.rows {
        for (i, p) in probabilities.row(epoch).enumerated() { sum[i] += 1 - Double(p) }
        count += 1
      }
    }
    return sum.map { Float($0 / max(1, count)) }
  }

  /// The checkpoints as groups of a feature store.
  public func groups(
    _ checkpoints: [CheckpointReference]
  ) throws -> [FeatureCollection.Group] {
    try checkpoints.map {
      FeatureCollection.Group(
        name: $0.groupName, source: try source($0),
        modelHash: "\(try run.modelHash(of: $0))")
    }
  }
}
