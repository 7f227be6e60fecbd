// Letters: m queries, M subsets.
import Tensors

/// The hyperparameters of `fused` by cross-validation over the subsets, and a learning curve.
struct FusionSearch {
  let prior: DatamodelPrior
  let report: FusionReport

  /// Subset s is held out in fold s mod 5.
  static let folds = 5
  /// κ that are tried.
  static let signals = [0.03, 0.1, 0.2, 0.3, 0.5, 1, 2]
  /// φ that are tried.
  static let shares = [0, 0.2, 0.5, 1]

  /// The smallest mean over queries of squared held-out error over the variance observed.
  init(_ subsets: DatamodelSubsets, _ queries: FusionQueries) throws {
    var candidates = [DatamodelPrior(signalToNoise: 0, evenShare: 0)]
    for share in FusionSearch.shares {
      candidates += FusionSearch.signals.map { DatamodelPrior(signalToNoise: $0, evenShare: share) }
    }
    let training = subsets.count * (FusionSearch.folds - 1) / FusionSearch.folds
    let tried = try FusionSearch.validate(candidates, subsets, queries, training: training)
    let errors = tried.map { mean($0.map(\.error)) }
    let best = errors.indices.min { (errors[$0], $0) < (errors[$1], $1) } ?? 0
    prior = candidates[best]
    var curve: [FusionReport.Point] = []
    for size in [subsets.count / 4, subsets.count / 2] {
      let found = try FusionSearch.validate([prior], subsets, queries, training: size)
      curve.append(FusionReport.Point(subsets: size, lds: mean(found[0].map(\.lds))))
    }
    curve.append(FusionReport.Point(subsets: training, lds: mean(tried[best].map(\.lds))))
    let alone = mean(zip(queries.predicted, queries.observed).map { rankCorrelation($0, $1) })
    report = FusionReport(
      subsets: subsets.count, scoresAlone: alone, curve: curve, heldOutError: errors[best])
  }

  /// What held-out subsets say of one query.
  struct Outcome: Sendable {
    /// Squared error over the variance observed; 1 = no better than the mean.
    var error = 0.0
    /// Rank correlation of Σ_{i∈S} w_i, w fitted without S, with f(S).
    var lds = 0.0
  }

  /// Every candidate on every query, fitted on the first `training` subsets out of each fold.
  private static func validate(
    _ candidates: [DatamodelPrior], _ subsets: DatamodelSubsets, _ queries: FusionQueries,
    training: Int
  ) throws -> [[Outcome]] {
    let count = subsets.count
    let held = (0..<folds).map { fold in (0..<count).filter { $0 % folds == fold } }
    let fitted = (0..<folds).map { fold in
      Array((0..<count).filter { $0 % folds != fold }.prefix(training))
    }
    let slopes = fitted.map { rows in
      SharedSlope(
        predicted: queries.predicted.map { values in rows.map { values[$0] } },
        observed: queries.observed.map { values in rows.map { values[$0] } })
    }
    let total = queries.scores.rows
    let found = SharedResults<[Outcome]>(count: total)
    let failure = Failure()
    Workers.run(slices: total) { query in
      do {
        let gram = subsets.gram(scores: queries.scores.row(query))
        let (p, y) = (queries.predicted[query], queries.observed[query])
        let variance = spread(y) * spread(y)
        var blends: [Double: Matrix<Double>] = [:]
        let outcomes = try candidates.map { prior -> Outcome in
          let blend =
            blends[prior.evenShare]
            ?? gram.blended(
              with: subsets.even, share: prior.evenShare)
          blends[prior.evenShare] = blend
          var errors = 0.0
          var changes = [Double](repeating: 0, count: count)
          for fold in 0..<folds {
            let rows = fitted[fold]
            let s = slopes[fold].slope(
              predicted: rows.map { p[$0] }, observed: rows.map { y[$0] })
            let solution = try DatamodelSolution(
              gram: blend, rows: rows, residuals: rows.map { y[$0] - s * p[$0] },
              signalToNoise: prior.signalToNoise)
            for subset in held[fold] {
              var change = s * p[subset]
              for (j, row) in rows.enumerated() {
                change += prior.signalToNoise * blend[subset, row] * solution.dual[j]
              }
              changes[subset] = change
              let error = y[subset] - solution.intercept - change
              errors += error * error
            }
          }
          return Outcome(
            error: variance > 0 ? errors / Double(count) / variance : 0,
            lds: rankCorrelation(changes, y))
        }
        found.set(query, outcomes)
      } catch {
        failure.note(error)
      }
    }
    try failure.rethrow()
    let byQuery = found.values
    return candidates.indices.map { candidate in byQuery.map { $0[candidate] } }
  }
}
