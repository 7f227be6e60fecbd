// Letters: n training examples, m queries, M subsets.
import Tensors

/// The hyperparameters of `fused` by cross-validation over the subsets, and a learning curve.
struct FusionSearch {
  /// Subset s is held out in fold s mod 5.
  static let folds = 5
  /// λ of the corrections that are tried, beside none.
  static let precisions = [2.0, 8, 32, 128]
  /// κ that are tried.
  static let signals = [0.03, 0.1, 0.2, 0.3, 0.5, 1]
  /// φ that are tried.
  static let shares = [0, 0.2, 0.5, 1]

  private let subsets: DatamodelSubsets
  private let queries: FusionQueries
  /// Queries that κ and φ are chosen on: their Grams are dear.
  private let tuned: [Int]

  init(_ subsets: DatamodelSubsets, _ queries: FusionQueries) {
    (self.subsets, self.queries) = (subsets, queries)
    let total = queries.scores.rows
    let size = min(total, subsets.count > 512 ? 16 : 64)
    tuned = (0..<size).map { $0 * total / size }
  }

  /// The smallest mean over queries of squared held-out error over the variance observed: first λ,
  /// then κ and φ with it.
  func run() throws -> (prior: DatamodelPrior, report: FusionReport) {
    let training = subsets.count * (FusionSearch.folds - 1) / FusionSearch.folds
    let splits = FusionSearch.splits(subsets.count, training: training)
    let precisions =
      subsets.centred.columns <= ExampleCorrection.limit ? FusionSearch.precisions : []
    let scored = try splits.map { try corrected($0, precisions: precisions) }
    let plain = DatamodelPrior(correctionPrecision: nil, signalToNoise: 0, evenShare: 0)
    let everyone = Array(0..<queries.scores.rows)
    let byPrecision = try (0...precisions.count).map { choice in
      mean(
        try validate([plain], everyone, splits, scored.map { $0[choice] })[0].map(\.error))
    }
    let choice = byPrecision.indices.min { (byPrecision[$0], $0) < (byPrecision[$1], $1) } ?? 0
    let precision = choice == 0 ? nil : precisions[choice - 1]
    var candidates = [
      DatamodelPrior(correctionPrecision: precision, signalToNoise: 0, evenShare: 0)
    ]
    for share in FusionSearch.shares {
      candidates += FusionSearch.signals.map {
        DatamodelPrior(correctionPrecision: precision, signalToNoise: $0, evenShare: share)
      }
    }
    let tried = try validate(candidates, tuned, splits, scored.map { $0[choice] })
    let errors = tried.map { mean($0.map(\.error)) }
    let best = errors.indices.min { (errors[$0], $0) < (errors[$1], $1) } ?? 0
    return (
      candidates[best],
      FusionReport(
        subsets: subsets.count, scoresAlone: alone,
        curve: try curve(candidates[best])
          + [FusionReport.Point(subsets: training, lds: mean(tried[best].map(\.lds)))],
        heldOutError: errors[best])
    )
  }

  /// The rank correlation of the scores as they are.
  private var alone: Double {
    mean(tuned.map { rankCorrelation(queries.predicted[$0], queries.observed[$0]) })
  }

  /// The rank correlation when fitted on a quarter and on half of the subsets.
  private func curve(_ prior: DatamodelPrior) throws -> [FusionReport.Point] {
    try [subsets.count / 4, subsets.count / 2].map { size in
      let splits = FusionSearch.splits(subsets.count, training: size)
      let precisions = prior.correctionPrecision.map { [$0] } ?? []
      let scored = try splits.compactMap { try corrected($0, precisions: precisions).last }
      let found = try validate([prior], tuned, splits, scored)
      return FusionReport.Point(subsets: size, lds: mean(found[0].map(\.lds)))
    }
  }

  /// Subsets to fit on and to test on.
  struct Split: Sendable {
    let fitted, held: [Int]
  }

  private static func splits(_ count: Int, training: Int) -> [Split] {
    (0..<folds).map { fold in
      Split(
        fitted: Array((0..<count).filter { $0 % folds != fold }.prefix(training)),
        held: (0..<count).filter { $0 % folds == fold })
    }
  }

  /// Scores as one split sees them: slopes fitted, examples corrected.
  struct Scored: Sendable {
    let slopes: [Double]
    let queries: FusionQueries
  }

  /// The scores as they are, and corrected with every λ.
  private func corrected(_ split: Split, precisions: [Double]) throws -> [Scored] {
    let predicted = queries.predicted.map { values in split.fitted.map { values[$0] } }
    let observed = queries.observed.map { values in split.fitted.map { values[$0] } }
    let shared = SharedSlope(predicted: predicted, observed: observed)
    let slopes = zip(predicted, observed).map { shared.slope(predicted: $0, observed: $1) }
    let found = [Scored(slopes: slopes, queries: queries)]
    guard !precisions.isEmpty else { return found }
    let factors = try ExampleCorrection.factors(
      subsets, queries, rows: split.fitted, slopes: slopes, precisions: precisions)
    return found
      + factors.map { Scored(slopes: slopes, queries: queries.corrected(by: $0, subsets)) }
  }

  /// What held-out subsets say of one query.
  struct Outcome: Sendable {
    /// Squared error over the variance observed; 1 = no better than the mean.
    var error = 0.0
    /// Rank correlation of Σ_{i∈S} w_i, w fitted without S, with f(S).
    var lds = 0.0
  }

  /// Every candidate on some queries: by candidate and query.
  private func validate(
    _ candidates: [DatamodelPrior], _ chosen: [Int], _ splits: [Split], _ scored: [Scored]
  ) throws -> [[Outcome]] {
    let count = subsets.count
    let byQuery = try Workers.map(slices: chosen.count) { place in
      let query = chosen[place]
      let y = queries.observed[query]
      let variance = spread(y) * spread(y)
      var errors = [Double](repeating: 0, count: candidates.count)
      var changes = candidates.map { _ in [Double](repeating: 0, count: count) }
      for (split, scored) in zip(splits, scored) {
        let fold = try FoldPredictions(subsets, scored, split, query: query, candidates)
        for (index, predictions) in fold.changes.enumerated() {
          for (subset, change) in zip(split.held, predictions) {
            let error = y[subset] - fold.intercepts[index] - change
            errors[index] += error * error
            changes[index][subset] = change
          }
        }
      }
      return candidates.indices.map {
        Outcome(
          error: variance > 0 ? errors[$0] / Double(count) / variance : 0,
          lds: rankCorrelation(changes[$0], y))
      }
    }
    return candidates.indices.map { candidate in byQuery.map { $0[candidate] } }
  }
}

/// One query's predictions for the subsets held out of one split, by candidate.
private struct FoldPredictions {
  /// Σ_{i∈S} w_i of the held-out subsets, less a constant.
  private(set) var changes: [[Double]] = []
  /// b.
  private(set) var intercepts: [Double] = []

  init(
    _ subsets: DatamodelSubsets, _ scored: FusionSearch.Scored, _ split: FusionSearch.Split,
    query: Int, _ candidates: [DatamodelPrior]
  ) throws {
    let (p, y) = (scored.queries.predicted[query], scored.queries.observed[query])
    let s = scored.slopes[query]
    let residuals = split.fitted.map { y[$0] - s * p[$0] }
    let needsGram = candidates.contains { $0.signalToNoise > 0 }
    let gram = needsGram ? subsets.gram(scores: scored.queries.scores.row(query)) : subsets.even
    var blends: [Double: Matrix<Double>] = [:]
    for prior in candidates {
      let blend =
        blends[prior.evenShare] ?? gram.blended(with: subsets.even, share: prior.evenShare)
      blends[prior.evenShare] = blend
      let solution = try DatamodelSolution(
        gram: blend, rows: split.fitted, residuals: residuals,
        signalToNoise: prior.signalToNoise)
      intercepts.append(solution.intercept)
      changes.append(
        split.held.map { subset in
          var change = s * p[subset]
          guard prior.signalToNoise > 0 else { return change }
          for (row, dual) in zip(split.fitted, solution.dual) {
            change += prior.signalToNoise * blend[subset, row] * dual
          }
          return change
        })
    }
  }
}
