// Letters: n training examples, m queries, k features, C targets, s examples of a group S.
import LinearAlgebra
import Storage
import Synchronization
import Tensors

/// The primal form, on stored features: A = Φᵀ diag(s)⁻¹ Φ + λI = L Lᵀ, k × k.
///
///     h_i = φ_xᵀ A⁻¹ φ_i / s_i            ℓ_i = [K M⁻¹]_ii = φ_iᵀ A⁻¹ φ_i / s_i
///     (M⁻¹)_ii = (1 − ℓ_i)/(λ s_i)        r_i = (y_i − φ_iᵀ β)/(1 − ℓ_i),  β = A⁻¹ Φᵀ diag(s)⁻¹ Y
///
/// Equal to the dual form M = ΦΦᵀ + λ·diag(s), in memory that does not grow with n but by n-vectors.
///
/// - Complexity: nk² flops and a pass over the store for A, k³/3 to factor it; a solve k² a query;
///   leverages and residuals nk² and a pass each.
/// - Precision: A is summed and factored in fp64. Leverages are squared norms of L⁻¹φ in fp32 where
///   λ leaves a condition of A of 10⁷ at the most: a triangular solve's error is that of √κ(A) ε.
/// - Source: Sherman–Morrison–Woodbury; leave-one-out of ridge regression (Allen 1974, PRESS).
final class PrimalRidge: RidgeModel {
  let report: DampingReport
  let scales: [Double]?
  let notes: [String]
  private let kernel: FeatureKernel
  private let factor: Cholesky<Double>
  private let isWellConditioned: Bool
  private let leverageValues = Once<[Double]>()

  /// Rows that go through a triangular solve at a time.
  private static let solveRows = 4_096

  init(_ kernel: FeatureKernel, _ choice: DampingChoice) throws {
    self.kernel = kernel
    scales = choice.scales
    let (gram, trace, zeroRows) = try PrimalRidge.gram(kernel.store, kernel.group, choice.scales)
    guard trace > 0 else { throw InfluenceError.allZero(checkpoint: kernel.group) }
    notes = PrimalRidge.notes(kernel.group, gram, zeroRows)
    report = try PrimalRidge.report(kernel.store, kernel.group, trace: trace, choice)
    let weighted = (0..<gram.rows).reduce(0.0) { $0 + gram[$1, $1] }
    isWellConditioned = weighted <= 1e7 * report.damping
    factor = try Cholesky(gram, damping: report.damping, name: "Gram matrix of the features")
  }

  /// k² doubles and n-vectors.
  var byteCount: Int {
    8 * factor.order * factor.order + 8 * kernel.count * (scales == nil ? 1 : 2)
  }

  func solve(_ rows: Matrix<Float>) -> any TrainingProducts {
    FeatureProducts(
      coordinates: factor.solve(rows: rows.double).float, store: kernel.store,
      group: kernel.group, factors: scales?.map { Float(1 / $0) })
  }

  func leverages() throws -> [Double] {
    try leverageValues {
      var values = [Double](repeating: 0, count: kernel.count)
      try forEachHalfSolved { row, square in values[row] = square / (scales?[row] ?? 1) }
      return values
    }
  }

  func inverseDiagonal() throws -> [Double] {
    let damping = report.damping
    return try leverages().enumerated().map { (1 - $1) / (damping * (scales?[$0] ?? 1)) }
  }

  func leaveOneOutResiduals(targets: Matrix<Double>) throws -> Matrix<Double> {
    let leverages = try leverages()
    let beta = try coefficients(of: targets).float
    var result = targets
    let target = result.writableStorage()
    let deleted = Set(kernel.deletedRows)
    let width = targets.columns
    try kernel.forEachBlock { rows, features in
      let predicted = product(MatrixView(features), MatrixView(beta))
      for row in rows {
        let rest = deleted.contains(row) ? .nan : 1 - leverages[row]
        for c in 0..<width {
          let fitted = Double(predicted.storage.base[(row - rows.lowerBound) * width + c])
          target.base[row * width + c] = (target.base[row * width + c] - fitted) / rest
        }
      }
    }
    return result
  }

  /// [M⁻¹]_SS⁻¹ = λ · diag(s)^½ (I − Ψ_S A⁻¹ Ψ_Sᵀ)⁻¹ diag(s)^½, Ψ = diag(s)^(−½) Φ.
  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    let half = factor.halfSolve(
      rows: try kernel.store.rows(group, of: kernel.group).double)
    let roots = group.map { (scales?[$0] ?? 1).squareRoot() }
    let scaled = Matrix<Double>(
      (0..<half.count).map { half.storage.base[$0] / roots[$0 / half.columns] },
      rows: half.rows, columns: half.columns)
    let left = symmetricProduct(MatrixView(scaled))
    for i in 0..<left.count { left.storage.base[i] = -left.storage.base[i] }
    let rest = try Cholesky(left, damping: 1, name: "I − the group's leverages")
    var right = dual.transposed
    for c in 0..<right.rows { for (i, root) in roots.enumerated() { right[c, i] *= root } }
    var solved = rest.solve(rows: right)
    for c in 0..<solved.rows {
      for (i, root) in roots.enumerated() { solved[c, i] *= report.damping * root }
    }
    return solved.transposed
  }

  /// β = A⁻¹ Φᵀ diag(s)⁻¹ Y, k × C, over the rows that are not deleted.
  private func coefficients(of targets: Matrix<Double>) throws -> Matrix<Double> {
    let sums = Matrix<Double>(repeating: 0, rows: targets.columns, columns: kernel.width)
    let deleted = Set(kernel.deletedRows)
    try kernel.forEachBlock { rows, features in
      let weighted = Matrix<Double>(uninitialized: rows.count, targets.columns)
      for row in rows {
        let weight = deleted.contains(row) ? 0 : 1 / (scales?[row] ?? 1)
        for c in 0..<targets.columns {
          weighted.storage.base[(row - rows.lowerBound) * targets.columns + c] =
            weight * targets.storage.base[row * targets.columns + c]
        }
      }
      gemm(
        MatrixView(weighted).transposed, MatrixView(features.double), into: MatrixView(sums),
        alpha: 1, beta: 1)
    }
    return factor.solve(rows: sums).transposed
  }

  /// Calls `body` with ‖L⁻¹φ_i‖² of every row.
  private func forEachHalfSolved(_ body: (Int, Double) -> Void) throws {
    let single = isWellConditioned ? factor.factor.float : nil
    try kernel.store.forEachBlock(group: kernel.group, rowsPerBlock: Self.solveRows) {
      rows, features in
      guard let single else {
        let half = factor.halfSolve(rows: features.double)
        for (line, row) in rows.enumerated() {
          body(row, half.row(line).reduce(0) { $0 + $1 * $1 })
        }
        return
      }
      solveTriangular(rows: MatrixView(features), lower: MatrixView(single), transposed: true)
      for (line, row) in rows.enumerated() {
        body(
          row,
          Double(
            VectorMath.squaredNorm(
              features.storage.base + line * features.columns, count: features.columns)))
      }
    }
  }
}

extension PrimalRidge {
  private static func notes(_ group: String, _ gram: Matrix<Double>, _ zeroRows: [Int]) -> [String]
  {
    var notes: [String] = []
    let dead = (0..<gram.rows).count { gram[$0, $0] == 0 }
    if dead > 0 {
      notes.append("\(group): \(dead) of \(gram.rows) features are zero for every example")
    }
    if !zeroRows.isEmpty {
      notes.append(
        "\(group): \(zeroRows.count) rows of features are zero and score 0 "
          + "(rows \(zeroRows.prefix(5).map(String.init).joined(separator: ", "))"
          + (zeroRows.count > 5 ? ", …)" : ")"))
    }
    return notes
  }

  /// Φᵀ diag(s)⁻¹ Φ in double over the rows that are not deleted, tr(ΦᵀΦ), and which rows are zero.
  ///
  /// One pass over the store.
  static func gram(
    _ store: FeatureStoreReader, _ group: String, _ scales: [Double]?
  ) throws -> (gram: Matrix<Double>, trace: Double, zeroRows: [Int]) {
    let k = store.columns
    let gram = Matrix<Double>(repeating: 0, rows: k, columns: k)
    let deleted = Set(store.deletedRows)
    var zeroRows: [Int] = []
    var trace = 0.0
    try store.forEachBlock(group: group, rowsPerBlock: store.scanRows) { rows, block in
      let values = block.double
      for row in rows {
        let start = values.storage.base + (row - rows.lowerBound) * k
        if deleted.contains(row) {
          start.update(repeating: 0, count: k)
        } else if (0..<k).allSatisfy({ start[$0] == 0 }) {
          zeroRows.append(row)
        } else {
          trace += (0..<k).reduce(0) { $0 + start[$1] * start[$1] }
          if let scales {
            let factor = 1 / scales[row].squareRoot()
            for column in 0..<k { start[column] *= factor }
          }
        }
      }
      symmetricProduct(MatrixView(values).transposed, into: MatrixView(gram), beta: 1)
    }
    return (gram, trace, zeroRows)
  }

  private static func report(
    _ store: FeatureStoreReader, _ group: String, trace: Double, _ choice: DampingChoice
  ) throws -> DampingReport {
    let deleted = Set(store.deletedRows)
    let kept = deleted.isEmpty ? nil : (0..<store.rows).filter { !deleted.contains($0) }
    let count = kept?.count ?? store.rows
    let mean = trace / Double(count)
    let needsSpectrum =
      choice.diagnoses || choice.rule == .generalisedCrossValidation
      || choice.rule == .leaveOneOut
    guard needsSpectrum else {
      return choice.rule.report(meanEigenvalue: mean, spectrum: nil, choices: nil)
    }
    let places = RidgeSpectrum.sampledRows(of: count)
    let rows = kept.map { kept in places.map { kept[$0] } } ?? places
    let sample = try store.rows(rows, of: group)
    let spectrum = try RidgeSpectrum(
      sampleKernel: symmetricProduct(MatrixView(sample)), rows: rows, count: count,
      meanEigenvalue: mean, scales: choice.scales)
    return choice.rule.report(
      meanEigenvalue: mean, spectrum: spectrum,
      choices: spectrum.choices(targets: choice.targets()))
  }
}
