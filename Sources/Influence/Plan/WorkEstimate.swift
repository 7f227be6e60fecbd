// Letters: m queries.
import Foundation
import Gradients
import Networks
import Storage

/// What a scoring will take before it runs, and what would take less.
public struct WorkEstimate: Sendable, Equatable {
  /// Something that takes less.
  public struct Alternative: Sendable, Equatable {
    /// What is asked for instead.
    public enum Change: Sendable, Equatable {
      /// The same method at the last checkpoint alone.
      case lastCheckpoint
      /// Another method, at the last checkpoint alone.
      case method(Method)
      /// Gradients by the last layer alone.
      case layers(String)
      /// The features that were collected.
      case features
    }

    /// What is asked for instead.
    public let change: Change
    /// Its flops.
    public let flops: Double

    /// Something that takes less.
    public init(change: Change, flops: Double) { (self.change, self.flops) = (change, flops) }
  }

  /// The method.
  public let method: Method
  /// Checkpoints that are gone through.
  public let checkpoints: Int
  /// Whether it is on features; else on the exact kernel.
  public let usesFeatures: Bool
  /// Flops.
  public let flops: Double
  /// Largest memory at a time, all counted.
  public let peakBytes: Int
  /// What takes at most a quarter of it, the dearest first.
  public let alternatives: [Alternative]

  /// An estimate.
  public init(
    method: Method, checkpoints: Int, usesFeatures: Bool, flops: Double, peakBytes: Int,
    alternatives: [Alternative]
  ) {
    (self.method, self.checkpoints, self.usesFeatures) = (method, checkpoints, usesFeatures)
    (self.flops, self.peakBytes, self.alternatives) = (flops, peakBytes, alternatives)
  }

  /// Flops below which no machine takes a minute.
  public static let leastFlops = 2.4e10

  /// The same without the alternatives of another method, where a command has but one.
  public func keepingMethod() -> WorkEstimate {
    WorkEstimate(
      method: method, checkpoints: checkpoints, usesFeatures: usesFeatures, flops: flops,
      peakBytes: peakBytes,
      alternatives: alternatives.filter {
        if case .method = $0.change { false } else { true }
      })
  }

  /// Seconds at a rate of matrix products, flop/s.
  public static func seconds(flops: Double, rate: Double) -> Double {
    flops / (rate * ScoringCost.share)
  }
}

extension RunInfluence {
  /// What a scoring will take for some queries; nil for gradients from elsewhere, which are made.
  public func estimate(_ scoring: ResolvedScoring, queries: Int) throws -> WorkEstimate? {
    guard factors == nil else { return nil }
    let network = try network
    let method = scoring.options.method
    let count =
      scoring.usesSteps
      ? epochCount(scoring.seeds) : checkpointCount(scoring.choice, scoring.seeds, method)
    let projection =
      scoring.usesSteps
      ? try savedProjection : scoring.usesFeatures ? try standardProjection : nil
    let cost = cost(method, projection, queries, count, of: network)
    return WorkEstimate(
      method: method, checkpoints: count, usesFeatures: scoring.usesFeatures, flops: cost.flops,
      peakBytes: WorkPlan.commonBytes(network, data) + cost.peakBytes,
      alternatives: try alternatives(to: scoring, queries, of: network).filter {
        4 * $0.flops <= cost.flops
      }
      .sorted { $0.flops > $1.flops })
  }

  /// Epochs of all seeds: on steps an epoch's visits are read as a checkpoint's rows are.
  private func epochCount(_ seeds: [UInt64]?) -> Int {
    let epochs = (try? run.training().epochs) ?? 1
    return epochs * run.seeds.count { seeds?.contains($0) ?? true }
  }

  /// The projector that the training saves its steps' gradients with.
  private var savedProjection: ProjectionChoice {
    get throws { try run.training().saving?.choice ?? standardProjection }
  }

  private func alternatives(
    to scoring: ResolvedScoring, _ queries: Int, of network: Network
  ) throws -> [WorkEstimate.Alternative] {
    // Fewer checkpoints leave as many visits.
    if scoring.usesSteps || scoring.options.method.replays { return [] }
    let method = scoring.options.method
    let all = checkpointCount(scoring.choice, scoring.seeds, method)
    let last = checkpointCount(.final, scoring.seeds, method)
    let projection = scoring.usesFeatures ? try standardProjection : nil
    var found: [(WorkEstimate.Alternative.Change, ScoringCost)] = []
    if last < all {
      found.append((.lastCheckpoint, cost(method, projection, queries, last, of: network)))
    }
    if !scoring.usesFeatures {
      if method.isDamped {
        found.append((.method(.graddot), cost(.graddot, nil, queries, last, of: network)))
      }
      if method.readsFeatures, hasStore(method, scoring.options.outputFunction) {
        found.append((.features, cost(method, try standardProjection, queries, all, of: network)))
      }
      if let (pattern, part) = network.lastLayer {
        found.append((.layers(pattern), cost(method, nil, queries, all, of: part)))
      }
    }
    return found.map { WorkEstimate.Alternative(change: $0, flops: $1.flops) }
  }

  /// What collecting some stores takes, of so many examples.
  public func cost(of work: Collecting, examples: Int) throws -> MethodCost {
    guard factors == nil else { return MethodCost() }
    let network = try network
    let base = WorkPlan.commonBytes(network, data)
    return work.parts.map { part in
      let projection = part.collection.projection
      let shape = WorkShape(
        network: network, examples: data.train.count, queries: 0, projection: projection,
        tokenShare: network.tokenShare(of: data.train.inputs))
      let cost = CollectionCost(shape, projection, part.target == .jacobian ? .outputs : .one)
      return MethodCost(
        flops: Double(work.references.count) * cost.flops(examples: examples),
        peakBytes: base + cost.peakBytes(examples: examples))
    }.reduce(MethodCost()) { $0.followed(by: $1) }
  }

  /// The projector that this run's features are made with unless told otherwise.
  public var standardProjection: ProjectionChoice {
    get throws { try standardProjection() }
  }

  /// The same for a number of features and a seed; gradients from elsewhere are taken as they are.
  public func standardProjection(
    dimension: Int? = nil, seed: UInt64 = 0
  ) throws -> ProjectionChoice {
    guard factors == nil else { return ProjectionChoice(kind: .identity, dimension: 1) }
    return .standard(
      for: try network, examples: data.train.count, dimension: dimension, seed: seed)
  }

  func cost(
    _ method: Method, _ projection: ProjectionChoice?, _ queries: Int, _ checkpoints: Int,
    of network: Network
  ) -> ScoringCost {
    ScoringCost(
      method,
      WorkShape(
        network: network, examples: data.train.count, queries: queries, projection: projection,
        heldBytes: KernelGradients.standardBudget, epochs: (try? run.training().epochs) ?? 1,
        tokenShare: network.tokenShare(of: data.train.inputs)),
      checkpoints: checkpoints)
  }

  /// How many checkpoints a choice takes; 1 for one that the run does not have, which is refused later.
  func checkpointCount(
    _ choice: CheckpointChoice, _ seeds: [UInt64]?, _ method: Method
  ) -> Int {
    (try? choice.references(of: run, seeds: seeds, method: method).count) ?? 1
  }

  /// The features of an example in the stores that a method reads, of the narrowest; nil where one is
  /// not there.
  func storedColumns(_ method: Method, _ function: OutputFunction) throws -> Int? {
    guard hasStore(method, function) else { return nil }
    return try method.targets(function.ofKernel(data.train.targets)).map {
      try FeatureStoreReader(storePath(target: $0.storeTarget ?? .output(function))).columns
    }.min()
  }

  /// Whether features that a method reads are there.
  func hasStore(_ method: Method, _ function: OutputFunction) -> Bool {
    method.targets(function.ofKernel(data.train.targets)).allSatisfy {
      FileManager.default.fileExists(
        atPath: storePath(target: $0.storeTarget ?? .output(function)))
    }
  }
}

extension Network {
  /// The last layer with a matrix by name, and the network with gradients by it alone; nil where that
  /// is all.
  var lastLayer: (pattern: String, network: Network)? {
    let matrices = parameters.filter { $0.shape.count > 1 }
    guard let last = matrices.max(by: { $0.offset < $1.offset }),
      let dot = last.name.lastIndex(of: ".")
    else { return nil }
    let pattern = String(last.name[..<dot])
    guard let part = try? selecting(LayerPatterns(text: pattern), place: pattern),
      part.selectedCount < selectedCount
    else { return nil }
    return (pattern, part)
  }
}
