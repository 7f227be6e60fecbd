// Letters: n training examples that are not deleted, m queries, k features, C targets.
import LinearAlgebra
import Storage
import Tensors

/// The dual form, on stored features that are more than the examples: M = ΦΦᵀ + λ·diag(s), n × n.
///
/// The same model as `PrimalRidge`, whose k × k matrix has the rank of ΦΦᵀ: for k > n it costs k²n
/// where this one costs n²k. Not kept beside the store, as it is made in one pass over it.
///
/// - Complexity: n²k flops and n / 2b passes over the store, b rows that fit into memory at a time;
///   n³/3 to factor; mnk + mn² a solve.
/// - Precision: M as that of an exact kernel (`RidgeFactor`).
final class FeatureDualRidge: RidgeModel {
  private let kernel: FeatureKernel
  private let dual: DualRidge
  /// The rows that are not deleted; nil: all.
  private let kept: [Int]?
  let notes: [String]
  let scales: [Double]?

  /// Features a row for each example from which on this form is the cheaper one: at half as many, the
  /// primal form's files beside the store are worth more.
  static let leastRatio = 2

  /// Whether a store is wide enough.
  static func suits(rows: Int, columns: Int) -> Bool { columns >= leastRatio * rows }

  /// - Throws: `StorageError`; `InfluenceError.allZero`.
  init(_ kernel: FeatureKernel, _ choice: DampingChoice) throws {
    self.kernel = kernel
    let deleted = Set(kernel.deletedRows)
    let kept = deleted.isEmpty ? nil : (0..<kernel.count).filter { !deleted.contains($0) }
    (self.kept, scales) = (kept, choice.scales)
    let gram = try FeatureDualRidge.gram(kernel, kept ?? Array(0..<kernel.count))
    let isZero = (0..<gram.rows).map { gram.storage.base[$0 * gram.columns + $0] == 0 }
    guard isZero.contains(false) else { throw InfluenceError.allZero(checkpoint: kernel.group) }
    notes = FeatureStoreReader.zeroRowNotes(
      kernel.group, isZero.indices.filter { isZero[$0] }.map { kept?[$0] ?? $0 })
    let keptScales = choice.scales.map { scales in kept?.map { scales[$0] } ?? scales }
    let report = try choice.rule.choose(
      for: gram, scales: keptScales, diagnose: choice.diagnoses,
      targets: { try FeatureDualRidge.rows(kept, of: choice.targets()) })
    dual = DualRidge(
      try KernelRidge(kernel: consume gram, damping: report.damping, scales: keptScales),
      report: report, isZero: isZero)
  }

  var report: DampingReport { dual.report }
  var byteCount: Int { dual.byteCount + 8 * kernel.count }

  func solve(_ rows: Matrix<Float>) throws -> any TrainingProducts {
    HeldProducts(try solved(rows))
  }

  /// h = φ_x Φᵀ M⁻¹, m × n.
  private func solved(_ rows: Matrix<Float>) throws -> Matrix<Float> {
    timesInverse(try kernel.products(rows).block(0..<kernel.count))
  }

  /// B M⁻¹, m × n; 0 at deleted rows.
  private func timesInverse(_ products: Matrix<Float>) -> Matrix<Float> {
    guard let kept else { return dual.ridge.solve(rows: products) }
    var mine = Matrix<Float>(uninitialized: products.rows, kept.count)
    for row in 0..<mine.rows {
      for (place, column) in kept.enumerated() { mine[row, place] = products[row, column] }
    }
    let solved = dual.ridge.solve(rows: mine)
    var result = Matrix<Float>(rows: products.rows, columns: kernel.count)
    for row in 0..<mine.rows {
      for (place, column) in kept.enumerated() { result[row, column] = solved[row, place] }
    }
    return result
  }

  /// A⁻¹φ = (φ − Φᵀh)/λ, A = Φᵀ diag(s)⁻¹ Φ + λI: a direction among the features.
  ///
  /// For λ = 0 it is Φᵀ(ΦΦᵀ)⁻¹h, which has the products h with the training examples.
  func direction(_ rows: Matrix<Float>) throws -> Matrix<Float> {
    let damping = report.damping
    var dual = try solved(rows)
    if damping == 0 { dual = timesInverse(dual) }
    var along = try sums(dual)
    let target = along.writableStorage()
    guard damping > 0 else { return along }
    for i in 0..<along.count {
      target.base[i] = (rows.storage.base[i] - target.base[i]) / Float(damping)
    }
    return along
  }

  /// Σ_i w_i φ_i, m × k.
  private func sums(_ weights: Matrix<Float>) throws -> Matrix<Float> {
    var result = Matrix<Float>(rows: weights.rows, columns: kernel.width)
    try kernel.scan { rows, features in
      product(MatrixView(weights).columns(rows), MatrixView(features))
    } inOrder: { _, part in
      let target = result.writableStorage()
      VectorMath.axpy(1, part.storage.base, onto: target.base, count: part.count)
    }
    return result
  }

  func leverages() -> [Double] { spread(dual.leverages()) }

  func inverseDiagonal() -> [Double] { spread(dual.inverseDiagonal()) }

  func leaveOneOutResiduals(targets: Matrix<Double>) -> Matrix<Double> {
    let mine = dual.leaveOneOutResiduals(targets: FeatureDualRidge.rows(kept, of: targets))
    guard let kept else { return mine }
    var result = Matrix<Double>(repeating: .nan, rows: kernel.count, columns: targets.columns)
    for (place, row) in kept.enumerated() {
      for c in 0..<targets.columns { result[row, c] = mine[place, c] }
    }
    return result
  }

  func groupResiduals(_ group: [Int], dual values: Matrix<Double>) throws -> Matrix<Double> {
    guard let kept else { return try dual.groupResiduals(group, dual: values) }
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    return try dual.groupResiduals(group.compactMap { places[$0] }, dual: values)
  }

  /// Values of the kept rows at their places; NaN at the others.
  private func spread(_ values: [Double]) -> [Double] {
    guard let kept else { return values }
    var result = [Double](repeating: .nan, count: kernel.count)
    for (place, row) in kept.enumerated() { result[row] = values[place] }
    return result
  }

  private static func rows(_ kept: [Int]?, of matrix: Matrix<Double>) -> Matrix<Double> {
    guard let kept else { return matrix }
    return Matrix(
      kept.flatMap { Array(matrix.row($0)) }, rows: kept.count, columns: matrix.columns)
  }

  /// ΦΦᵀ of some rows; above the diagonal it has no meaning.
  private static func gram(_ kernel: FeatureKernel, _ rows: [Int]) throws -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows.count, rows.count)
    let size = max(16, Memory.standardBlockBytes / (4 * kernel.width))
    let blocks = (0..<rows.count).blocks(of: size)
    func features(_ block: Range<Int>) throws -> Matrix<Float> {
      try kernel.store.rows(Array(rows[block]), of: kernel.group)
    }
    for (index, block) in blocks.enumerated() {
      let mine = try features(block)
      for (other, columns) in blocks.prefix(index + 1).enumerated() {
        let theirs = other == index ? mine : try features(columns)
        gemm(
          MatrixView(mine), MatrixView(theirs).transposed,
          into: MatrixView(
            storage: result.storage, offset: block.lowerBound * rows.count + columns.lowerBound,
            rows: block.count, columns: columns.count, stride: rows.count))
      }
    }
    return result
  }
}
