import Datasets
import Foundation
import Gradients
import Networks
import Projections
import Storage
import Training

/// A run with its data: the way from a name to a method that can be asked.
public struct RunInfluence: Sendable {
  /// The run.
  public let run: Run
  /// Its data, checked against what it was trained on.
  public let data: SplitData
  /// The run's network, with the parameters that scores are over.
  public let network: Network

  /// Reads a run's data.
  ///
  /// - Parameter layers: the parameters that scores are over, of those that were trained; nil: all.
  /// - Throws: `SelectionError` for patterns that fit no layer; errors of the data.
  public init(_ run: Run, layers: LayerPatterns? = nil) throws {
    self.run = run
    network = try layers.map { try run.network.selecting($0, place: "--layers") } ?? run.network
    data = try run.loadData()
  }

  /// Whether the targets are classes: one an example, or the next tokens of a sequence.
  public var isClassification: Bool { data.train.classes != nil || isSequence }

  /// Whether the targets are next tokens.
  public var isSequence: Bool {
    if case .tokens = data.train.targets { true } else { false }
  }

  /// The network at a checkpoint.
  public func source(_ reference: CheckpointReference) throws -> GradientSource {
    GradientSource(network: network, parameters: try run.parameters(of: reference))
  }

  /// A method on the exact kernel of the run's training examples.
  public func model(
    options: ScoringOptions, checkpoints: [CheckpointReference],
    exactLimit: Int = InfluenceModel.standardExactLimit
  ) throws -> InfluenceModel {
    try InfluenceModel(
      checkpoints: try checkpoints.map {
        InfluenceModel.Checkpoint(name: $0.groupName, source: try source($0))
      },
      training: data.train, options: options,
      trajectoryResiduals: try neededResiduals(options, checkpoints),
      exactLimit: exactLimit)
  }

  /// The trajectory's residuals where a weight needs them or the damping of one checkpoint can use
  /// them; weights that were not trained here have none.
  private func neededResiduals(
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
      guard run.record.status != .imported else {
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

  /// A method on the run's collected training features.
  ///
  /// - Parameters:
  ///   - checkpoints: those to score; nil: all of the store.
  ///   - isComplete: whether each of them must be in the store; else those that are not are left out.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field when the store was made from
  ///   another model, data set, projector or output function; `InfluenceError.noCheckpoints`.
  public func featureModel(
    store path: String, options: ScoringOptions, checkpoints: [CheckpointReference]? = nil,
    isComplete: Bool = true
  ) throws -> FeatureModel {
    let found = try FeatureStoreReader(path)
    let references = run.checkpoints.filter { found.groups.contains($0.groupName) }
    let collection = FeatureCollection(
      groups: try groups(references), outputFunction: options.outputFunction,
      projection: ProjectionChoice(canonicalText: found.fingerprint["projector"] ?? "")
        ?? ProjectionChoice(kind: .identity, dimension: 1),
      training: data.train)
    func projector(_ index: Int) throws -> any Projector {
      try collection.projection.projector(
        for: collection.groups[index].source, options.outputFunction, data.train)
    }
    guard !references.isEmpty else {
      throw InfluenceError.noCheckpoints(
        selection: "the store's groups \(found.groups.joined(separator: ", "))",
        available: run.checkpoints.map(\.groupName).joined(separator: ", "))
    }
    // Landmarks have the same identity at every checkpoint: their rows.
    let first = try projector(0)
    try Fingerprint.requireEqual(
      expected: collection.fingerprint(
        of: data.train, projector: first.identity, dtype: found.layout.dtype),
      found: found.fingerprint, file: path)
    let wanted = (checkpoints ?? references).map(\.groupName)
    let chosen = collection.groups.indices.filter { wanted.contains(collection.groups[$0].name) }
    let absent = wanted.filter { !found.groups.contains($0) }
    guard !chosen.isEmpty, absent.isEmpty || !isComplete else {
      throw InfluenceError.noCheckpoints(
        selection: absent.joined(separator: ", "),
        available: "features of \(found.groups.joined(separator: ", "))")
    }
    let residuals = try neededResiduals(options, chosen.map { references[$0] })
    let weights =
      options.exampleWeight.source == .trajectory
      ? residuals.map { options.exampleWeight.applied(to: $0) } : nil
    return try FeatureModel(
      store: found,
      checkpoints: try chosen.map {
        FeatureModel.Checkpoint(
          group: collection.groups[$0].name, source: collection.groups[$0].source,
          projector: $0 == 0 ? first : try projector($0))
      },
      options: options, weights: weights,
      residuals: chosen.count == 1 ? residuals : nil)
  }
}
