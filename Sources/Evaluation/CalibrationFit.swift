// Letters: n training examples, m queries, M subsets, S seeds.
import LinearAlgebra
import Randomness
import Tensors

/// The fit behind a `Calibration`.
struct CalibrationFit {
  /// Units of f for one unit of the score, and its standard error, by query.
  let slopes: [(slope: Double, error: Double)]
  let correlation: Double
  let correlationError: Double
  let heldOut: Calibration.HeldOut
  let evenShare: Double
  let errorShare: Double
  /// v_i = scored τ_i² + even, by query.
  let variances: [(scored: Double, even: Double)]
  let residualSpreads: [Double]
  let seedSpreads: [Double]?

  static let folds = 5
  /// φ that are tried.
  static let evenShares = [0, 0.2, 0.5, 0.8, 1]

  /// Fits scores to a bank.
  ///
  /// - Parameters:
  ///   - scores: m × n.
  ///   - masks: M × n.
  ///   - outputs: S matrices of M × m.
  ///   - evenShare: φ, when it is known from other queries.
  /// - Throws: `EvaluationError.tooFewSubsets`.
  init(
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>],
    evenShare knownShare: Double? = nil
  ) throws {
    let count = masks.rows
    guard count >= ScoreFusion.fewestSubsets else {
      throw EvaluationError.tooFewSubsets(count, needed: ScoreFusion.fewestSubsets)
    }
    let subsets = DatamodelSubsets(masks: masks)
    let queries = FusionQueries(
      subsets: subsets, scores: scores, outputs: RetrainingBank.mean(outputs))
    let shared = SharedSlope(predicted: queries.predicted, observed: queries.observed)
    (correlation, correlationError) = CalibrationFit.correlation(queries)
    heldOut = CalibrationFit.heldOut(queries, count: count)
    let common = correlationError / 1.959964
    slopes = zip(queries.predicted, queries.observed).map {
      shared.estimate(predicted: $0, observed: $1, commonError: common)
    }
    let residuals = zip(zip(queries.predicted, queries.observed), slopes).map { pair, slope in
      let (p, y) = (pair.0, pair.1)
      let (meanP, meanY) = (mean(p), mean(y))
      return zip(p, y).map { $1 - meanY - slope.slope * ($0 - meanP) }
    }
    let variances = residuals.map {
      $0.reduce(0) { $0 + $1 * $1 } / Double(count - 2)
    }
    residualSpreads = variances.map { $0.squareRoot() }
    let seeds = CalibrationFit.seedVariances(outputs)
    seedSpreads = seeds.map { $0.map { $0.squareRoot() } }
    let noise =
      seeds.map { seeds in
        mean(
          zip(seeds, variances).map { seed, total in
            total > 0 ? seed / Double(outputs.count) / total : 1
          })
      } ?? 0
    errorShare = min(1, max(0, 1 - noise))
    evenShare =
      try knownShare
      ?? CalibrationFit.likeliestShare(subsets, scores, residuals, variances)
    let (share, errors) = (evenShare, errorShare)
    self.variances = (0..<scores.rows).map { query in
      // The Grams' scales are mean squares over M; a sample variance has M − 1.
      let excess = errors * variances[query] * Double(count - 1) / Double(count)
      let scale = subsets.gram(scores: scores.row(query)).scale
      // Scores that are all 0 predict no proportions: all variance is even then.
      let scored = scale > 0 ? excess * (1 - share) / scale : 0
      let even = subsets.even.scale > 0 ? excess * (scale > 0 ? share : 1) / subsets.even.scale : 0
      return (scored, even)
    }
  }

  /// Mean correlation over queries, and 1.96 standard deviations under resampling of subsets.
  private static func correlation(_ queries: FusionQueries) -> (Double, Double) {
    let count = queries.observed.first?.count ?? 0
    @Sendable func value(_ rows: [Int]) -> Double {
      mean(
        zip(queries.predicted, queries.observed).map { p, y in
          LinearAlgebra.correlation(rows.map { p[$0] }, rows.map { y[$0] })
        })
    }
    let values = Workers.map(slices: 200) { resample in
      let stream = RandomStream(seed: 0, purpose: .bootstrap, index: UInt64(resample))
      return value((0..<count).map { stream.integer(below: count, at: UInt64($0)) })
    }
    return (value(Array(0..<count)), 1.959964 * spread(values))
  }

  /// Variance of f over seeds within a subset, by query; nil with one seed.
  private static func seedVariances(_ outputs: [Matrix<Float>]) -> [Double]? {
    guard outputs.count > 1, let first = outputs.first else { return nil }
    return (0..<first.columns).map { query in
      mean(
        (0..<first.rows).map { subset in
          let values = outputs.map { Double($0[subset, query]) }
          let square = spread(values) * spread(values)
          return square * Double(values.count) / Double(values.count - 1)
        })
    }
  }

  /// Prediction of every subset from the line fitted on the other folds.
  private static func heldOut(_ queries: FusionQueries, count: Int) -> Calibration.HeldOut {
    var (inside90, inside95) = (0, 0)
    var errors = [Double](repeating: 0, count: queries.observed.count)
    var baseline = errors
    for fold in 0..<folds {
      let fitted = (0..<count).filter { $0 % folds != fold }
      let held = (0..<count).filter { $0 % folds == fold }
      let predicted = queries.predicted.map { values in fitted.map { values[$0] } }
      let observed = queries.observed.map { values in fitted.map { values[$0] } }
      let shared = SharedSlope(predicted: predicted, observed: observed)
      for query in observed.indices {
        let (p, y) = (predicted[query], observed[query])
        let s = shared.slope(predicted: p, observed: y)
        let (meanP, meanY) = (mean(p), mean(y))
        let residual = zip(p, y).reduce(0.0) {
          let r = $1.1 - meanY - s * ($1.0 - meanP)
          return $0 + r * r
        }
        let degrees = fitted.count - 2
        let variance = residual / Double(degrees)
        let width = Double(fitted.count) * spread(p) * spread(p)
        for subset in held {
          let distance = queries.predicted[query][subset] - meanP
          let value = queries.observed[query][subset]
          let error = value - meanY - s * distance
          let leverage = 1 / Double(fitted.count) + (width > 0 ? distance * distance / width : 0)
          let sigma = (variance * (1 + leverage)).squareRoot()
          if abs(error) <= StudentQuantile.both(.ninety, degrees: degrees) * sigma {
            inside90 += 1
          }
          if abs(error) <= StudentQuantile.both(.ninetyFive, degrees: degrees) * sigma {
            inside95 += 1
          }
          errors[query] += error * error
          baseline[query] += (value - meanY) * (value - meanY)
        }
      }
    }
    let ratios = zip(errors, baseline).map { $1 > 0 ? $0 / $1 : 1 }
    let total = Double(max(1, count * queries.observed.count))
    return Calibration.HeldOut(
      r2: 1 - mean(ratios), coverage90: Double(inside90) / total,
      coverage95: Double(inside95) / total)
  }

  /// φ of the largest likelihood of all residuals, whatever share of them is noise.
  ///
  ///     r_x ~ N(0, V_x (h ((1 − φ) G_τ + φ G_1) + (1 − h) I)),   h and φ common to all queries
  private static func likeliestShare(
    _ subsets: DatamodelSubsets, _ scores: Matrix<Float>, _ residuals: [[Double]],
    _ variances: [Double]
  ) throws -> Double {
    let size = min(scores.rows, subsets.count > 512 ? 16 : 64)
    let sample = (0..<size).map { $0 * scores.rows / size }
    let grid = evenShares.flatMap { share in [0.1, 0.3, 0.5, 0.7, 0.9].map { (share, $0) } }
    let values = try Workers.map(slices: sample.count) { place in
      let query = sample[place]
      let gram = subsets.gram(scores: scores.row(query))
      let (r, variance) = (residuals[query], variances[query])
      return try grid.map { share, signal -> Double in
        guard variance > 0, gram.scale > 0 else { return 0 }
        let covariance = gram.blended(with: subsets.even, share: share)
        for i in 0..<covariance.count { covariance.storage.base[i] *= signal }
        let factor = try Cholesky(covariance, damping: 1 - signal, name: "residual covariance")
        let solved = factor.solve(r)
        let square = zip(r, solved).reduce(0.0) { $0 + $1.0 * $1.1 } / variance
        return -0.5 * (factor.logDeterminant + square)
      }
    }
    let totals = grid.indices.map { choice in values.reduce(0) { $0 + $1[choice] } }
    let best = totals.indices.max { (totals[$0], $1) < (totals[$1], $0) } ?? 0
    return grid[best].0
  }
}
