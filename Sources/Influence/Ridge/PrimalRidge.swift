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
/// - Precision: A is summed as `StoreGram` does and factored in fp64. Leverages are squared norms of
///   L⁻¹φ in fp32 where λ leaves a condition of A of 10⁷ at the most: a triangular solve's error is
///   that of √κ(A) ε. Sums over rows are of blocks in fp32, added in fp64 in the order of the rows.
/// - Source: Sherman–Morrison–Woodbury; leave-one-out of ridge regression (Allen 1974, PRESS).
final class PrimalRidge: RidgeModel {
  let report: DampingReport
  let scales: [Double]?
  private let kernel: FeatureKernel
  private let factor: Cholesky<Double>
  private let isWellConditioned: Bool
  /// What the factor was made from, beside the store: kept vectors are of it.
  private let rule: String
  private let leverageValues = Once<[Double]>()
  /// What was said of files beside the store, of the factor and of the vectors made since.
  private let said: Mutex<[String]>

  init(_ kernel: FeatureKernel, _ choice: DampingChoice) throws {
    self.kernel = kernel
    scales = choice.scales
    rule = "\(choice.rule)\(choice.diagnoses ? ", diagnosed" : "")"
    var said: [String] = []
    let kept = try StoreFactor.keptOrMade(
      kernel.store, group: kernel.group, scales: choice.scales, rule: rule, isKept: kernel.keeps,
      note: { said.append($0) }
    ) { sums in
      guard sums.trace > 0 else { throw InfluenceError.allZero(checkpoint: kernel.group) }
      return try PrimalRidge.report(kernel.store, kernel.group, trace: sums.trace, choice)
    }
    report = kept.report
    factor = kept.cholesky
    let norm = Double(factor.norm)
    isWellConditioned = norm <= 1e7 * report.damping
    self.said = Mutex(PrimalRidge.notes(kernel.group, kept, features: kernel.width) + said)
  }

  var notes: [String] { said.withLock { $0 } }

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
      try kept("leverages") {
        let squares = try halfSolvedSquares()
        return squares.enumerated().map { $1 / (scales?[$0] ?? 1) }
      }
    }
  }

  func inverseDiagonal() throws -> [Double] {
    let damping = report.damping
    return try leverages().enumerated().map { (1 - $1) / (damping * (scales?[$0] ?? 1)) }
  }

  func leaveOneOutResiduals(targets: Matrix<Double>) throws -> Matrix<Double> {
    let digest = targets.elements.withUnsafeBytes { "\(SHA256.digest(of: $0))" }
    let values = try kept("residuals of \(digest)") {
      try residuals(targets).elements
    }
    return Matrix(values, rows: targets.rows, columns: targets.columns)
  }

  private func residuals(_ targets: Matrix<Double>) throws -> Matrix<Double> {
    let leverages = try leverages()
    let beta = try coefficients(of: targets).float
    var result = targets
    let target = result.writableStorage()
    let deleted = Set(kernel.deletedRows)
    let width = targets.columns
    try kernel.scan { _, features in
      let fitted = Matrix<Float>(uninitialized: features.rows, width)
      blockProduct(MatrixView(features), MatrixView(beta), into: MatrixView(fitted))
      return fitted
    } inOrder: { rows, fitted in
      for row in rows {
        let rest = deleted.contains(row) ? .nan : 1 - leverages[row]
        for c in 0..<width {
          let value = Double(fitted.storage.base[(row - rows.lowerBound) * width + c])
          target.base[row * width + c] = (target.base[row * width + c] - value) / rest
        }
      }
    }
    return result
  }

  /// n-vectors of this factor as they are kept beside the store, else made and kept there.
  private func kept(_ name: String, _ make: () throws -> [Double]) throws -> [Double] {
    guard kernel.keeps, kernel.deletedRows.isEmpty else { return try make() }
    var fingerprint = try StoreGram.fingerprint(kernel.store, group: kernel.group, scales: scales)
    fingerprint.append("damping", rule)
    fingerprint.append("values", name)
    let file = PreconditionerFile(
      store: kernel.store, group: kernel.group, kind: "leave-one-out", fingerprint: fingerprint)
    let note = { (line: String) in self.said.withLock { $0.append(line) } }
    if let values = file.usable(note, { $0.values["values"] }), values.count % kernel.count == 0 {
      return values
    }
    let made = try make()
    var contents = PreconditionerFile.Contents()
    contents.values["values"] = made
    file.keep(contents, note)
    return made
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
    let (scales, width) = (scales, kernel.width)
    try kernel.scan { rows, features in
      let weighted = Matrix<Float>(uninitialized: rows.count, targets.columns)
      for row in rows {
        let weight = deleted.contains(row) ? 0 : 1 / (scales?[row] ?? 1)
        for c in 0..<targets.columns {
          weighted.storage.base[(row - rows.lowerBound) * targets.columns + c] = Float(
            weight * targets.storage.base[row * targets.columns + c])
        }
      }
      let part = Matrix<Float>(uninitialized: targets.columns, width)
      blockProduct(MatrixView(weighted).transposed, MatrixView(features), into: MatrixView(part))
      return part
    } inOrder: { _, part in
      for i in 0..<sums.count { sums.storage.base[i] += Double(part.storage.base[i]) }
    }
    return factor.solve(rows: sums).transposed
  }

  /// ‖L⁻¹φ_i‖² of every row.
  private func halfSolvedSquares() throws -> [Double] {
    let solver = isWellConditioned ? TriangularSolver(factor.factor.float) : nil
    let factor = factor
    var squares: [Double] = []
    try kernel.scan(leastRows: 512) { _, features -> [Double] in
      if let solver {
        solver.solveForward(rows: MatrixView(features))
        return (0..<features.rows).map {
          VectorMath.doubleSquaredNorm(
            features.storage.base + $0 * features.columns, count: features.columns)
        }
      }
      let half = factor.halfSolve(rows: features.double)
      return (0..<half.rows).map { half.row($0).reduce(0) { $0 + $1 * $1 } }
    } inOrder: {
      squares += $1
    }
    return squares
  }
}

extension PrimalRidge {
  private static func notes(_ group: String, _ kept: StoreFactor, features: Int) -> [String] {
    var notes: [String] = []
    if kept.deadFeatures > 0 {
      notes.append(
        "\(group): \(kept.deadFeatures) of \(features) features are zero for every example")
    }
    return notes + FeatureStoreReader.zeroRowNotes(group, kept.zeroRows)
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
      choices: spectrum.choices(targets: try choice.targets()))
  }
}
