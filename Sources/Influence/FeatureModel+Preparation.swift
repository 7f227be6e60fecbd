// Letters: n training examples, k features.
import LinearAlgebra
import Storage
import Tensors

extension FeatureModel {
  /// Φᵀ diag(s)⁻¹ Φ in double over the rows that are not deleted, tr(ΦᵀΦ), and which rows are zero.
  ///
  /// One pass over the store.
  static func gram(
    _ store: FeatureStoreReader, _ group: String, scales: [Double]?
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

  static func damping(
    _ store: FeatureStoreReader, _ group: String, trace: Double, options: ScoringOptions,
    scales: [Double]?, diagnose: Bool
  ) throws -> DampingReport {
    let deleted = Set(store.deletedRows)
    let kept = deleted.isEmpty ? nil : (0..<store.rows).filter { !deleted.contains($0) }
    let count = kept?.count ?? store.rows
    let mean = trace / Double(count)
    let needsSpectrum =
      diagnose || options.damping == .generalisedCrossValidation
      || options.damping == .leaveOneOut
    guard needsSpectrum else {
      return options.damping.report(meanEigenvalue: mean, spectrum: nil, choices: nil)
    }
    let places = RidgeSpectrum.sampledRows(of: count)
    let rows = kept.map { kept in places.map { kept[$0] } } ?? places
    let sample = Matrix<Float>(uninitialized: rows.count, store.columns)
    var next = 0
    try store.forEachBlock(group: group, rowsPerBlock: store.scanRows) { range, block in
      while next < rows.count, range.contains(rows[next]) {
        (sample.storage.base + next * store.columns).update(
          from: block.storage.base + (rows[next] - range.lowerBound) * store.columns,
          count: store.columns)
        next += 1
      }
    }
    let spectrum = try RidgeSpectrum(
      sampleKernel: symmetricProduct(MatrixView(sample)), rows: rows, count: count,
      meanEigenvalue: mean, scales: scales)
    let residuals = try store.output("residual", group: group).map { Double($0) }
    let choices = spectrum.choices(
      targets: Matrix(residuals, rows: residuals.count, columns: 1))
    return options.damping.report(meanEigenvalue: mean, spectrum: spectrum, choices: choices)
  }

  static func weights(
    _ store: FeatureStoreReader, _ groups: [String], _ options: ScoringOptions
  ) throws -> [Float] {
    switch options.exampleWeight.source {
    case .none: return [Float](repeating: 1, count: store.rows)
    case .final: break
    case .trajectory, .leaveOneOut:
      throw InfluenceError.notDefined(
        name: "example weight \(options.exampleWeight)",
        reason: "a store of features has the residuals of its own checkpoints only",
        option: "--example-weight")
    }
    return options.exampleWeight.applied(to: try meanResiduals(store, groups))
  }

  /// The mean of the stored residuals over the groups, n values.
  static func meanResiduals(_ store: FeatureStoreReader, _ groups: [String]) throws -> [Float] {
    var sum = [Float](repeating: 0, count: store.rows)
    for group in groups {
      for (row, value) in try store.output("residual", group: group).enumerated() {
        sum[row] += value / Float(groups.count)
      }
    }
    return sum
  }

  /// How λ is spread over the rows: by the trajectory's residuals when there are some, else by those
  /// of several checkpoints; one checkpoint's own say too little (METHODS.md, *Example weight*).
  static func scales(
    _ store: FeatureStoreReader, _ groups: [String], _ options: ScoringOptions,
    residuals: [Float]?
  ) throws -> [Double]? {
    guard residuals != nil || groups.count > 1 else { return nil }
    let values = try residuals ?? meanResiduals(store, groups)
    let deleted = Set(store.deletedRows)
    let kept = (0..<store.rows).filter { !deleted.contains($0) }
    guard let scales = options.dampingProfile.scales(kept.map { values[$0] }) else { return nil }
    var all = [Double](repeating: 1, count: store.rows)
    for (row, scale) in zip(kept, scales) { all[row] = scale }
    return all
  }

  /// −∇ℓ = −∂ℓ/∂f · ∇f where ℓ is a function of f: the factor, or its sign for the cosine.
  static func slopes(
    _ store: FeatureStoreReader, _ group: String, _ options: ScoringOptions
  ) throws -> [Float] {
    guard options.outputFunction != .hardMargin, options.outputFunction != .logit else {
      throw InfluenceError.notDefined(
        name: "method \(options.method.rawValue)",
        reason: "the loss is not a function of \(options.outputFunction.rawValue) alone, "
          + "whose gradients the store has", option: "--method")
    }
    let residuals = try store.output("residual", group: group)
    guard options.method == .gradcos else { return residuals }
    return residuals.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
  }
}
