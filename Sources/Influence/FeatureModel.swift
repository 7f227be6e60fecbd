// Letters: n training examples, m queries, k features, C checkpoints.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

/// `graddot`, `gradcos` and `trak` on stored features: the primal form, for training sets of any
/// size.
///
///     τ[x,i] = mean_c [φ_xᵀ (Φᵀ diag(s)⁻¹ Φ + λI)⁻¹ φ_i / s_i] · D_i
///
/// λ in units of tr(ΦΦᵀ)/n as on the kernel, s of `DampingProfile`; equal to the dual form there.
///
/// One pass over the store makes ΦᵀΦ; every call after that is one more pass, whatever the number
/// of queries. Memory: k² doubles a checkpoint, a block of rows, and what is returned.
public final class FeatureModel: Sendable {
  /// A checkpoint of the store with what makes query features there.
  public struct Checkpoint: Sendable {
    let group: String
    let source: GradientSource
    let projector: any Projector

    /// A group of the store.
    public init(group: String, source: GradientSource, projector: any Projector) {
      self.group = group
      self.source = source
      self.projector = projector
    }
  }

  /// The choices.
  public let options: ScoringOptions
  /// What was decided about damping, by checkpoint.
  public let dampingReports: [(name: String, report: DampingReport)]
  /// What the user should know about the features, a line each; of `trak`, which reads them first.
  public let notes: [String]
  let store: FeatureStoreReader
  let checkpoints: [Checkpoint]
  /// D/s.
  let weights: [Float]
  /// s; nil for 1.
  let scales: [Double]?
  let factors: [Cholesky<Double>?]
  /// −∂ℓ/∂f of every row by checkpoint, for methods of the loss gradient.
  let slopes: [[Float]]

  /// Makes ready to score on a store: one pass over it for methods that solve.
  ///
  /// - Parameters:
  ///   - weights: D, n values; nil takes `final` from the store's residuals, 1 for `none`.
  ///   - residuals: mean of 1 − p_i over the recorded epochs, n values, for the damping of a single
  ///     checkpoint; without them it is spread evenly.
  /// - Throws: `InfluenceError.notDefined` for a method that needs the exact kernel.
  public init(
    store: FeatureStoreReader, checkpoints: [Checkpoint], options: ScoringOptions,
    weights: [Float]? = nil, residuals: [Float]? = nil
  ) throws {
    guard [.graddot, .gradcos, .trak].contains(options.method) else {
      throw InfluenceError.notDefined(
        name: "method \(options.method.rawValue)",
        reason: "on stored features there are graddot, gradcos and trak", option: "--method")
    }
    self.store = store
    self.checkpoints = checkpoints
    self.options = options
    var reports: [(String, DampingReport)] = []
    var factors: [Cholesky<Double>?] = []
    var notes: [String] = []
    let groups = checkpoints.map(\.group)
    let scales =
      options.method == .trak
      ? try FeatureModel.scales(store, groups, options, residuals: residuals) : nil
    for (index, checkpoint) in checkpoints.enumerated() {
      guard options.method == .trak else {
        factors.append(nil)
        continue
      }
      let (gram, trace, zeroRows) = try FeatureModel.gram(
        store, checkpoint.group, scales: scales)
      guard trace > 0 else { throw InfluenceError.allZero(checkpoint: checkpoint.group) }
      let dead = (0..<gram.rows).count { gram[$0, $0] == 0 }
      if dead > 0 {
        notes.append(
          "\(checkpoint.group): \(dead) of \(gram.rows) features are zero for every example")
      }
      let report = try FeatureModel.damping(
        store, checkpoint.group, trace: trace, options: options, scales: scales,
        diagnose: options.diagnosesDamping.includes(index, of: checkpoints.count))
      reports.append((checkpoint.group, report))
      if !zeroRows.isEmpty {
        notes.append(
          "\(checkpoint.group): \(zeroRows.count) rows of features are zero and score 0 "
            + "(rows \(zeroRows.prefix(5).map(String.init).joined(separator: ", "))"
            + (zeroRows.count > 5 ? ", …)" : ")"))
      }
      factors.append(
        try Cholesky(gram, damping: report.damping, name: "Gram matrix of the features"))
    }
    self.factors = factors
    self.notes = notes
    dampingReports = reports
    slopes =
      options.method == .trak ? [] : try groups.map { try FeatureModel.slopes(store, $0, options) }
    var weights = try weights ?? FeatureModel.weights(store, groups, options)
    for (row, scale) in (scales ?? []).enumerated() { weights[row] /= Float(scale) }
    self.weights = weights
    self.scales = scales
  }

  /// Names of the checkpoints.
  public var checkpointNames: [String] { checkpoints.map(\.group) }

  /// The network of the checkpoints.
  var network: Network? { checkpoints.first?.source.network }

  /// The projector's kind and dimension.
  public var projectorName: String {
    checkpoints.first.map {
      "\($0.projector.identity.kind.rawValue) \($0.projector.dimension)"
    } ?? ""
  }

  /// Scores of every query, m × n, or of their mean, 1 × n; NaN for deleted rows.
  public func scores(_ queries: Dataset, mean: Bool = false) throws -> Matrix<Float> {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: store.rows)
    let target = result.writableStorage()
    let width = store.rows
    try forEachBlock(of: queries, mean: mean) { rows, block in
      for query in 0..<block.rows {
        (target.base + query * width + rows.lowerBound).update(
          from: block.storage.base + query * rows.count, count: rows.count)
      }
    }
    return result
  }

  /// The `limit` most helpful and most harmful training rows of every query, in one pass.
  public func top(_ queries: Dataset, mean: Bool = false, limit: Int) throws -> [TopExamples] {
    var tops = [TopExamples](repeating: TopExamples(limit: limit), count: mean ? 1 : queries.count)
    try forEachBlock(of: queries, mean: mean) { rows, block in
      for query in tops.indices {
        tops[query].take(
          UnsafeBufferPointer(start: block.storage.base + query * rows.count, count: rows.count),
          from: rows.lowerBound)
      }
    }
    return tops
  }

  /// Calls `body` with the scores of all queries against one block of training rows, m × block.
  public func forEachBlock(
    of queries: Dataset, mean: Bool, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    let solved = try checkpoints.indices.map { try preconditioned(queries, mean: mean, at: $0) }
    let deleted = Set(store.deletedRows)
    for rows in (0..<store.rows).blocks(of: store.scanRows) {
      var sum = Matrix<Float>(rows: mean ? 1 : queries.count, columns: rows.count)
      for (index, checkpoint) in checkpoints.enumerated() {
        let features = try store.readRows(group: checkpoint.group, rows)
        var part = product(MatrixView(solved[index]), MatrixView(features).transposed)
        if options.method != .trak { part.multiplyColumns(by: Array(slopes[index][rows])) }
        if options.method == .gradcos {
          part.divide(
            rows: [Float](repeating: 1, count: part.rows),
            (0..<rows.count).map {
              VectorMath.squaredNorm(
                features.storage.base + $0 * features.columns, count: features.columns
              ).squareRoot()
            })
        }
        sum.add(part)
      }
      if checkpoints.count > 1 { sum.scale(by: 1 / Float(checkpoints.count)) }
      sum.multiplyColumns(by: Array(weights[rows]))
      for row in rows where deleted.contains(row) {
        for query in 0..<sum.rows { sum[query, row - rows.lowerBound] = .nan }
      }
      try body(rows, sum)
    }
  }

  /// τ(z_i, z_i), n values; NaN for deleted rows.
  public func selfInfluence() throws -> [Float] {
    var result = [Float](repeating: 0, count: store.rows)
    for (index, checkpoint) in checkpoints.enumerated() {
      try store.forEachBlock(
        group: checkpoint.group, rowsPerBlock: store.scanRows
      ) { rows, features in
        var half = features
        if let factor = factors[index] {
          half = factor.halfSolve(rows: features.double).float
        }
        for row in 0..<rows.count {
          let square = VectorMath.squaredNorm(
            half.storage.base + row * half.columns, count: half.columns)
          let slope = options.method == .trak ? 1 : slopes[index][rows.lowerBound + row]
          let value = slope * (options.method == .gradcos ? (square > 0 ? 1 : 0) : square)
          result[rows.lowerBound + row] +=
            value * weights[rows.lowerBound + row] / Float(checkpoints.count)
        }
      }
    }
    for row in store.deletedRows { result[row] = .nan }
    return result
  }

  /// M φ of the queries, or of their mean, at a checkpoint.
  func preconditioned(
    _ queries: Dataset, mean: Bool, at index: Int
  ) throws -> Matrix<Float> {
    let checkpoint = checkpoints[index]
    var features = Matrix<Float>(rows: mean ? 1 : queries.count, columns: store.columns)
    try checkpoint.source.forEachFeatures(
      of: queries, atMost: queryBlock, projector: checkpoint.projector,
      function: options.outputFunction
    ) { rows, projected in
      var block = projected
      if options.method == .gradcos {
        block.divide(
          rows: (0..<block.rows).map {
            VectorMath.squaredNorm(
              block.storage.base + $0 * block.columns, count: block.columns
            ).squareRoot()
          }, [Float](repeating: 1, count: block.columns))
      }
      features.take(block, at: rows.lowerBound, meanOver: mean ? queries.count : nil)
    }
    guard let factor = factors[index] else { return features }
    return factor.solve(rows: features.double).float
  }
}
