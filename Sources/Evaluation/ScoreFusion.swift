// Letters: n training examples, m queries, M subsets.
import LinearAlgebra
import Tensors

/// `fused`: scores and a bank of retrained models together, as the posterior mean of a linear
/// datamodel whose prior is the scores (`DatamodelSubsets` has the formula).
///
/// A bank alone says little (n unknowns a query, M observations), the scores alone are never quite
/// right: the posterior moves them where the bank says so. First what all queries say together of
/// each training example (`ExampleCorrection`), then what each says for itself. The results are in
/// units of the output function whatever the scores' unit was.
///
/// λ, κ and φ are shared by all queries and chosen by 5-fold cross-validation over the subsets;
/// chosen query by query they follow the noise and lose what was gained.
public struct ScoreFusion: Sendable {
  /// The hyperparameters chosen.
  public let prior: DatamodelPrior
  /// The slope s of every query.
  public let slope: SharedSlope
  /// What held-out subsets said.
  public let report: FusionReport
  /// 1 + e, n values: how much more each training example matters than its scores say.
  public let corrections: [Float]
  let subsets: DatamodelSubsets

  /// Fewest subsets that can be fused with: each fold must hold two.
  public static let fewestSubsets = 10

  /// Chooses the hyperparameters.
  ///
  /// - Parameters:
  ///   - scores: m × n, some or all of the queries: the more, the better the corrections.
  ///   - masks: M × n.
  ///   - outputs: M × m, f of those queries, mean over seeds.
  /// - Throws: `EvaluationError.tooFewSubsets`, `LinearAlgebraError.nonFinite`.
  /// - Complexity: 31 n³/3 + 64 (5 M²n + 21 M³) flops.
  public init(
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: Matrix<Float>
  ) throws {
    guard masks.rows >= ScoreFusion.fewestSubsets else {
      throw EvaluationError.tooFewSubsets(masks.rows, needed: ScoreFusion.fewestSubsets)
    }
    let subsets = DatamodelSubsets(masks: masks)
    let queries = FusionQueries(subsets: subsets, scores: scores, outputs: outputs)
    let search = try FusionSearch(subsets, queries).run()
    self.subsets = subsets
    prior = search.prior
    let slope = SharedSlope(predicted: queries.predicted, observed: queries.observed)
    self.slope = slope
    report = search.report
    let slopes = zip(queries.predicted, queries.observed).map {
      slope.slope(predicted: $0, observed: $1)
    }
    corrections =
      try search.prior.correctionPrecision.flatMap {
        try ExampleCorrection.factors(
          subsets, queries, rows: Array(0..<subsets.count), slopes: slopes, precisions: [$0]
        ).first
      } ?? [Float](repeating: 1, count: masks.columns)
  }

  /// The posterior means.
  ///
  /// - Parameters:
  ///   - scores: m × n.
  ///   - outputs: M × m, f of the same queries, mean over seeds.
  /// - Returns: m × n, in units of the output function; positive = training on z_i helped x_j.
  public func fuse(scores: Matrix<Float>, outputs: Matrix<Float>) throws -> Matrix<Float> {
    let plain = FusionQueries(subsets: subsets, scores: scores, outputs: outputs)
    let queries = plain.corrected(by: corrections, subsets)
    let n = scores.columns
    let result = Matrix<Float>(uninitialized: scores.rows, n)
    let rows = Array(0..<subsets.count)
    try Workers.map(slices: scores.rows) { query in
      let tau = queries.scores.row(query)
      let s = slope.slope(predicted: plain.predicted[query], observed: plain.observed[query])
      let gram = subsets.gram(scores: tau)
      let solution = try DatamodelSolution(
        gram: gram.blended(with: subsets.even, share: prior.evenShare), rows: rows,
        residuals: zip(queries.observed[query], queries.predicted[query]).map { $0 - s * $1 },
        signalToNoise: prior.signalToNoise)
      let deviations = subsets.deviations(
        solution.dual, scores: tau, scale: gram.scale, prior)
      for i in 0..<n {
        result.storage.base[query * n + i] = Float(s * Double(tau[i]) + deviations[i])
      }
    }
    return result
  }
}

/// What the scores predict and what was observed, M values for each query.
struct FusionQueries: Sendable {
  let scores: Matrix<Float>
  /// X τ.
  let predicted: [[Double]]
  /// y.
  let observed: [[Double]]

  init(subsets: DatamodelSubsets, scores: Matrix<Float>, outputs: Matrix<Float>) {
    precondition(
      scores.columns == subsets.centred.columns && outputs.rows == subsets.count
        && outputs.columns == scores.rows,
      "scores \(scores.rows) × \(scores.columns), outputs \(outputs.rows) × \(outputs.columns)")
    self.init(subsets, scores, observed: FusionQueries.columns(outputs))
  }

  private init(_ subsets: DatamodelSubsets, _ scores: Matrix<Float>, observed: [[Double]]) {
    self.scores = scores
    self.observed = observed
    predicted = FusionQueries.columns(
      product(MatrixView(subsets.centred), MatrixView(scores).transposed))
  }

  /// The same with every training example's scores times a factor.
  func corrected(by factors: [Float], _ subsets: DatamodelSubsets) -> FusionQueries {
    FusionQueries(subsets, scores.scaledColumns(factors), observed: observed)
  }

  private static func columns(_ matrix: Matrix<Float>) -> [[Double]] {
    (0..<matrix.columns).map { column in
      (0..<matrix.rows).map { Double(matrix[$0, column]) }
    }
  }
}
