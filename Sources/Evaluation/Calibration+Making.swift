// Letters: n training examples, m test examples, M subsets, S seeds.
import Datasets
import Influence
import Tensors
import Training

extension Calibration {
  /// Fits a run's scores to one of its banks.
  ///
  /// - Parameters:
  ///   - bankName: the bank `Checkpoints/RUN/NAME.h5`.
  ///   - token: the only token of the queries that is asked about; it has units of its own.
  /// - Throws: `EvaluationError.noBank`, `.tooFewSubsets`, `.noTokenOutputs`,
  ///   `StorageError.fingerprintMismatch`.
  public init(
    _ scorer: Ensemble, bank bankName: String, of influence: RunInfluence, token: Int? = nil
  ) throws {
    let bank = try RetrainingBank.named(
      bankName, of: influence, designs: [.random, .list])
    let queries = try EvaluationQueries(influence.data.test, token: token)
    let outputs = try bank.outputs(scorer.options.outputFunction, of: queries)
    // The scores first: what is said of them is known afterwards, and nothing is prepared twice.
    let scores = try scorer.scores(queries.data)
    let meanScores = try scorer.scores(queries.data, mean: true)
    try self.init(
      Options(
        try ScoreDescription(scorer, of: influence, queries: queries.test), token: token),
      Bank(
        name: bankName, subsets: bank.design.subsets, fraction: bank.design.fraction,
        seeds: bank.seeds, subsetSeed: bank.design.seed, digest: "\(bank.digest)",
        madeFrom: bank.fingerprint),
      ids: queries.data.ids, scores: scores, meanScores: meanScores, masks: bank.masks,
      outputs: outputs)
  }

  /// Fits scores to observed outputs.
  ///
  /// - Parameters:
  ///   - ids: of the m queries.
  ///   - scores: m × n.
  ///   - meanScores: 1 × n, the scores of the mean query.
  ///   - masks: M × n.
  ///   - outputs: S matrices of M × m.
  public init(
    _ options: Options, _ bank: Bank, ids: [ExampleID], scores: Matrix<Float>,
    meanScores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>]
  ) throws {
    let fit = try CalibrationFit(scores: scores, masks: masks, outputs: outputs)
    // The mean query is of another kind than one example: its line is its own.
    let whole = try CalibrationFit(
      scores: meanScores, masks: masks, outputs: outputs.map(\.meanOfColumns),
      evenShare: fit.evenShare)
    func query(_ fit: CalibrationFit, _ row: Int, _ id: ExampleID) -> Query {
      Query(
        id: id, slope: fit.slopes[row].slope, slopeError: fit.slopes[row].error,
        scoredVariance: fit.variances[row].scored, evenVariance: fit.variances[row].even,
        residualSpread: fit.residualSpreads[row], seedSpread: fit.seedSpreads?[row])
    }
    self.init(
      options: options, bank: bank, correlation: fit.correlation,
      correlationError: fit.correlationError, heldOut: fit.heldOut, evenShare: fit.evenShare,
      errorShare: fit.errorShare,
      queries: ids.indices.map { query(fit, $0, ids[$0]) } + [query(whole, 0, .name("all"))])
  }
}

extension Matrix where Scalar == Float {
  /// The mean over columns of every row, rows × 1.
  fileprivate var meanOfColumns: Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, 1)
    for row in 0..<rows {
      var sum = 0.0
      for column in 0..<columns { sum += Double(storage.base[row * columns + column]) }
      result.storage.base[row] = Float(sum / Double(Swift.max(1, columns)))
    }
    return result
  }
}
