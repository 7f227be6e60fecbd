// Letters: n training examples, m queries, k features.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

/// The kernel of stored features, ⟨φ(x), φ_i⟩: for training sets of any size.
///
/// A query's coordinates are its k features. Training features are read from the store a block at a
/// time, as often as they are asked for: memory does not grow with n but by n-vectors.
public struct FeatureKernel: GradientKernel {
  let store: FeatureStoreReader
  let group: String
  let projector: any Projector
  /// Whether preconditioners are kept beside the store.
  let keeps: Bool
  /// Where gradients at the checkpoint come from.
  public let source: any GradientProvider
  private let target: GradientSource.Target
  private let data: Dataset
  /// What each training row is multiplied by; nil for 1.
  private let factors: [Float]?
  private let queryFeatures: QueryFeatures?
  private let madeNotes: [String]

  /// The kernel of a group of a store.
  ///
  /// - Parameters:
  ///   - data: the training examples, those of the store.
  ///   - factors: what each training row is multiplied by, n values.
  ///   - queryFeatures: features of queries that need not be made.
  init(
    _ store: FeatureStoreReader, group: String, projector: any Projector,
    source: any GradientProvider, target: GradientSource.Target, data: Dataset,
    factors: [Float]? = nil, queryFeatures: QueryFeatures? = nil, keeps: Bool = false,
    notes: [String] = []
  ) {
    madeNotes = notes
    self.keeps = keeps
    self.queryFeatures = queryFeatures
    (self.store, self.group, self.projector, self.source) = (store, group, projector, source)
    (self.target, self.data, self.factors) = (target, data, factors)
  }

  /// n.
  public var count: Int { store.rows }
  /// k.
  public var width: Int { store.columns }
  /// Rows that were marked as deleted.
  public var deletedRows: [Int] { store.deletedRows }
  /// None of the features before a ridge model has read them.
  public var notes: [String] {
    queryFeatures == nil
      ? madeNotes
      : madeNotes + [
        "features of queries are read from the store of the test examples, where they are in it"
      ]
  }
  /// Nothing but n-vectors.
  public var byteCount: Int { 4 * (factors?.count ?? 0) }
  /// Outputs of the training examples, made again.
  public func outputs() throws -> Tensor { try source.outputs(of: data) }

  /// ‖φ_i‖², n values: one pass over the store.
  public func squaredNorms() throws -> [Float] {
    var norms: [Float] = []
    try scan(leastRows: 1) { _, features in
      features.squaredRowNorms()
    } inOrder: { rows, squares in
      norms += zip(rows, squares).map { row, square in
        let factor = factors?[row] ?? 1
        return factor * factor * square
      }
    }
    return norms
  }

  /// Calls `take` with what `map` makes of the features of each block, in the order of the rows.
  ///
  /// - Parameters:
  ///   - leastRows: of a block, for products that want many.
  ///   - map: the matrix is the worker's own memory, which it may write to and not keep.
  func scan<Value: Sendable>(
    leastRows: Int = 256, _ map: @Sendable (Range<Int>, Matrix<Float>) throws -> Value,
    inOrder take: (Range<Int>, Value) throws -> Void
  ) throws {
    let group = group
    try store.scan(leastRows: leastRows) {
      try map($0.rows, try $0.matrix(group))
    } inOrder: {
      try take($0, $1)
    }
  }

  /// Calls `body` with the features of one block of queries after the other.
  public func forEachRows(
    of queries: Dataset, target: GradientSource.Target, _ body: (QueryRows) throws -> Void
  ) throws {
    let source = source
    // Stored are features of the store's own function; outputs of the network are not, which the
    // slopes of a trace kernel's method are taken at.
    if target == self.target,
      let stored = try queryFeatures?.features(of: queries, group: group)
    {
      return try body(
        QueryRows(
          range: 0..<queries.count, queries: queries, rows: stored,
          outputs: target == .jacobian
            ? try source.outputs(of: queries) : Tensor(uninitialized: [queries.count, 0]),
          squaredNorms: { try source.squaredNorms(of: queries, target: target) }))
    }
    let width = source.keptOutputs
    var outputs: [Float] = []
    try source.forEachFeatures(
      of: queries, atMost: queryBlock, projector: projector, target: target,
      seen: { if width > 0 { outputs += $1.elements } }
    ) { range, features in
      let examples = range == 0..<queries.count ? queries : queries.subset(Array(range))
      try body(
        QueryRows(
          range: range, queries: examples, rows: features,
          outputs: Tensor(outputs, shape: [range.count, width]),
          // Of the gradient itself: a query's features may leave a part of it out.
          squaredNorms: { try source.squaredNorms(of: examples, target: target) }))
      outputs = []
    }
  }

  /// ⟨q, φ_i⟩ · factor_i.
  public func products(_ rows: Matrix<Float>) -> any TrainingProducts {
    FeatureProducts(coordinates: rows, store: store, group: group, factors: factors)
  }

  /// Φᵀ diag(s)⁻¹ Φ + λI, factored; or as it was kept.
  ///
  /// Of many more features than examples ΦΦᵀ + λ·diag(s).
  public func ridge(_ choice: DampingChoice) throws -> any RidgeModel {
    precondition(factors == nil, "a ridge model on weighted features")
    return FeatureDualRidge.suits(rows: count, columns: width)
      ? try FeatureDualRidge(self, choice) : try PrimalRidge(self, choice)
  }

  /// Σ_q w_q φ(q), 1 × k.
  public func direction(
    of queries: Dataset, _ function: OutputFunction, weights: [Float]
  ) throws -> KernelDirection {
    var sum = Matrix<Float>(rows: 1, columns: width)
    let target = sum.writableStorage()
    try forEachRows(of: queries, target: .output(function)) { block in
      for (row, query) in block.range.enumerated() {
        VectorMath.axpy(
          weights[query], block.rows.storage.base + row * width, onto: target.base, count: width)
      }
    }
    return .features(sum)
  }

  /// (Φᵀ diag(s)⁻¹ Φ + λI)⁻¹ φ, φ the mean of the queries' features.
  public func direction(
    of queries: Dataset, _ function: OutputFunction, solvedBy ridge: any RidgeModel
  ) throws -> KernelDirection {
    let rows = try rows(of: queries, target: .output(function), mean: true)
    if let ridge = ridge as? FeatureDualRidge { return .features(try ridge.direction(rows)) }
    guard let products = try ridge.solve(rows) as? FeatureProducts else {
      preconditionFailure("a ridge model of another kernel")
    }
    return .features(products.coordinates)
  }

  /// There are none: a feature mixes parameters of all parts.
  ///
  /// - Throws: `InfluenceError.notDefined`.
  public func partSums(
    of queries: Dataset, weights: [Float], target: GradientSource.Target,
    by partition: GradientPartition, _ sums: TrainingSums
  ) throws -> Matrix<Double> {
    throw InfluenceError.noParts
  }

  /// ⟨v, φ(∇f_t(z_i))⟩: the features of each target's gradient are made again.
  public func positionProducts(
    _ direction: KernelDirection, rows: [Int]
  ) throws -> Matrix<Float> {
    guard case .features(let along) = direction, case .output(let function) = target else {
      preconditionFailure("a direction of another kernel")
    }
    let tokens = try source.network(for: "a score by token")
    var parts = Matrix<Float>(rows: rows.count, columns: tokens.network.outputShape[0])
    for (place, row) in rows.enumerated() {
      try tokens.forEachTokenBlock(of: data.subset([row]), function) { positions, gradients in
        let features = try projector.project(gradients)
        for (line, position) in positions.enumerated() {
          parts[place, position] =
            (factors?[row] ?? 1)
            * VectorMath.dot(
              along.storage.base, features.storage.base + line * features.columns,
              count: features.columns)
        }
      }
    }
    return parts
  }
}

extension GradientProvider {
  /// ‖∇‖² of every example, without any projection.
  fileprivate func squaredNorms(
    of data: Dataset, target: GradientSource.Target
  ) throws -> [Float] {
    var norms: [Float] = []
    try forEachBlock(of: data, target: target) { _, gradients, _ in
      norms += gradients.squaredNorms()
    }
    return norms
  }
}

/// Products of coordinates in the feature space with stored features, read when they are asked for.
struct FeatureProducts: TrainingProducts {
  /// m × k.
  let coordinates: Matrix<Float>
  let store: FeatureStoreReader
  let group: String
  /// What each training row is multiplied by; nil for 1.
  let factors: [Float]?

  var rows: Int { coordinates.rows }

  func block(_ range: Range<Int>) throws -> Matrix<Float> {
    let features = try store.readRows(group: group, range)
    var block = product(MatrixView(coordinates), MatrixView(features).transposed)
    if let factors { block.multiplyColumns(by: Array(factors[range])) }
    return block
  }

  /// On all workers, each with a block of the store in its own memory.
  func forEachBlock(
    of count: Int, _ map: @Sendable (Range<Int>, Matrix<Float>) throws -> Matrix<Float>,
    inOrder take: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    precondition(count == store.rows, "\(count) examples, \(store.rows) rows")
    let (coordinates, group, factors) = (coordinates, group, factors)
    try store.scan(leastRows: FeatureStoreReader.leastScanRows(queries: rows)) { block in
      var products = try block.products(group, with: coordinates)
      if let factors { products.multiplyColumns(by: Array(factors[block.rows])) }
      return try map(block.rows, products)
    } inOrder: {
      try take($0, $1)
    }
  }
}

extension Matrix where Scalar == Float {
  /// ‖row‖² of every row.
  func squaredRowNorms() -> [Float] {
    (0..<rows).map { VectorMath.squaredNorm(storage.base + $0 * columns, count: columns) }
  }
}
