// Letters: n training examples, m queries.
import Datasets
import Foundation
import Storage
import Tensors
import Training

/// A method on a run, on the exact kernel or on collected features, ready to be asked.
public enum RunScorer: Sendable {
  /// The kernel of unprojected gradients.
  case exact(InfluenceModel)
  /// Features of a store, with its projector's kind and dimension.
  case features(FeatureModel, projector: String)

  /// Scores of every query, m × n, or of their mean, 1 × n.
  public func scores(_ queries: Dataset, mean: Bool = false) throws -> Matrix<Float> {
    switch self {
    case .exact(let model): try model.scores(queries, mean: mean)
    case .features(let model, _): try model.scores(queries, mean: mean)
    }
  }

  /// The `limit` most helpful and most harmful training rows of every query (or of their mean).
  ///
  /// Never more than a block of the m × n scores is held.
  public func top(_ queries: Dataset, mean: Bool, limit: Int) throws -> [TopExamples] {
    switch self {
    case .features(let model, _): return try model.top(queries, mean: mean, limit: limit)
    case .exact(let model):
      func take(_ block: Matrix<Float>) -> [TopExamples] {
        (0..<block.rows).map { row in
          var top = TopExamples(limit: limit)
          top.take(
            UnsafeBufferPointer(
              start: block.storage.base + row * block.columns, count: block.columns))
          return top
        }
      }
      if mean { return take(try model.scores(queries, mean: true)) }
      var tops: [TopExamples] = []
      try model.forEachBlock(of: queries) { _, block in tops += take(block) }
      return tops
    }
  }

  /// Calls `body` with the scores of one block of queries after the other.
  ///
  /// - Parameter once: whether nothing else will be asked.
  public func forEachBlock(
    of queries: Dataset, once: Bool = false, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    switch self {
    case .exact(let model): try model.forEachBlock(of: queries, once: once, body)
    case .features(let model, _):
      for range in (0..<queries.count).blocks(of: queryBlock) {
        try body(range, try model.scores(queries.subset(Array(range))))
      }
    }
  }

  /// τ(z_i, z_i), n values.
  public func selfInfluence() throws -> [Float] {
    switch self {
    case .exact(let model): try model.selfInfluence()
    case .features(let model, _): try model.selfInfluence()
    }
  }

  /// What was decided about damping, by checkpoint and part.
  public func dampingReports() throws -> [(name: String, report: DampingReport)] {
    switch self {
    case .exact(let model): try model.dampingReports()
    case .features(let model, _): model.dampingReports
    }
  }

  /// What the user should know about the gradients.
  public func notes() throws -> [String] {
    let odd = try dampingReports().compactMap { name, report in
      report.note.map { "\(name): \($0)" }
    }
    switch self {
    case .exact(let model): return try model.notes() + odd
    case .features(let model, _): return model.notes + odd
    }
  }

  /// The choices.
  public var options: ScoringOptions {
    switch self {
    case .exact(let model): model.options
    case .features(let model, _): model.options
    }
  }

  /// The checkpoints' names.
  public var checkpointNames: [String] {
    switch self {
    case .exact(let model): model.checkpointNames
    case .features(let model, _): model.checkpointNames
    }
  }

  /// `exact`, or the projector; and the layers, where it is over some.
  public var kernelName: String {
    switch self {
    case .exact(let model): model.network?.kernelName("exact") ?? "exact"
    case .features(let model, let projector): model.network?.kernelName(projector) ?? projector
    }
  }
}

extension RunInfluence {
  /// Where the exact kernel ends and features begin, and what the user asked for.
  public enum KernelSource: Sendable {
    /// Exact up to the limit, then features.
    case byCount
    /// Exact whatever n is.
    case exact
    /// Features of the run's store.
    case features
  }

  /// The run's store of a split's features.
  public func storePath(_ split: String = "train") -> String {
    "\(run.projectionsFolder)/\(split).h5"
  }

  /// The method as asked for, on the exact kernel or on features.
  ///
  /// - Parameters:
  ///   - choice: on features, `standard` is every checkpoint of the store.
  /// - Throws: `InfluenceError.noCheckpoints` for checkpoints that run or store do not have,
  ///   `InfluenceError.noStore`.
  public func scorer(
    options: ScoringOptions, choice: CheckpointChoice, seeds: [UInt64]?,
    kernel: KernelSource = .byCount, exactLimit: Int = InfluenceModel.standardExactLimit
  ) throws -> RunScorer {
    let usesFeatures: Bool
    switch kernel {
    case .exact: usesFeatures = false
    case .features: usesFeatures = true
    case .byCount: usesFeatures = data.train.count > exactLimit
    }
    guard usesFeatures else {
      let references = try choice.references(of: run, seeds: seeds, method: options.method)
      return .exact(
        try model(
          options: options, checkpoints: references,
          exactLimit: kernel == .exact ? .max : exactLimit))
    }
    guard FileManager.default.fileExists(atPath: storePath()) else {
      throw InfluenceError.noStore(path: storePath(), run: run.name)
    }
    let wanted =
      choice == .standard && seeds == nil
      ? nil
      : try (choice == .standard ? .all : choice)
        .references(of: run, seeds: seeds, method: options.method)
    let model = try featureModel(
      store: storePath(), options: options, checkpoints: wanted,
      isComplete: choice != .standard)
    return .features(model, projector: model.projectorName)
  }
}
