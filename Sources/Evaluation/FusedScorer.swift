// Letters: n training examples, m queries, M subsets.
import Datasets
import Influence
import Networks
import Tensors

/// A run's scores fused with a bank of retrained models, for queries from its test set.
public struct FusedScorer: Sendable {
  /// The scores before fusing.
  public let base: Ensemble
  /// The bank's name.
  public let bankName: String
  /// The bank.
  public let bank: RetrainingBank
  /// The fusion.
  public let fusion: ScoreFusion
  private let queries: EvaluationQueries
  /// f of the queries under every subset, by row of the test set.
  private let outputs: (values: Matrix<Float>, places: [Int: Int])

  /// Chooses the hyperparameters on up to 512 queries, evenly spaced over the test set.
  ///
  /// - Parameters:
  ///   - bankName: the bank `Checkpoints/RUN/NAME.h5`.
  ///   - token: the only token of the queries that is asked about.
  ///   - truth: the bank that the scores will be tested on, if any: it must share no subset.
  /// - Throws: `EvaluationError.noBank`, `.tooFewSubsets`, `.fittedToTruth`, `.noTokenOutputs`;
  ///   `StorageError.fingerprintMismatch` when the bank was made from another run or data.
  public init(
    _ base: Ensemble, bank bankName: String, of influence: RunInfluence, token: Int? = nil,
    truth: (bank: RetrainingBank, name: String)? = nil
  ) throws {
    let bank = try RetrainingBank.named(
      bankName, of: influence, designs: [.random, .list])
    if let truth {
      try FusedScorer.requireIndependent(bank, named: bankName, of: truth, run: influence.run.name)
    }
    self.base = base
    self.bankName = bankName
    self.bank = bank
    let queries = try EvaluationQueries(influence.data.test, token: token)
    let outputs = try bank.meanOutputs(base.options.outputFunction, of: queries)
    self.queries = queries
    self.outputs = (
      outputs, Dictionary(uniqueKeysWithValues: zip(queries.rows, queries.rows.indices))
    )
    let size = min(queries.rows.count, 512)
    let places = (0..<size).map { $0 * queries.rows.count / size }
    fusion = try ScoreFusion(
      scores: try base.scores(try queries.subset(places.map { queries.rows[$0] })),
      masks: bank.masks, outputs: outputs.columns(places))
  }

  /// What is recorded with fused scores.
  public var record: ScoreFile.Fusion {
    ScoreFile.Fusion(
      method: base.options.method.name, bank: bankName, subsets: bank.design.subsets,
      fraction: bank.design.fraction,
      seeds: bank.seeds, subsetSeed: bank.design.seed,
      correctionPrecision: fusion.prior.correctionPrecision,
      signalToNoise: fusion.prior.signalToNoise, evenShare: fusion.prior.evenShare,
      meanCorrelation: fusion.slope.meanCorrelation, scoresAlone: fusion.report.scoresAlone,
      heldOut: fusion.report.curve.last?.lds ?? 0,
      expectedGain: fusion.report.expectedGain(ofNext: 100), bankDigest: "\(bank.digest)")
  }

  /// What the fusion did and what more retraining would do, as a line.
  public var summary: String {
    let report = fusion.report
    let gain =
      report.expectedGain(ofNext: 100).map {
        String(format: "the next 100 retrains would add about %+.4f", $0)
      } ?? "this bank does not raise it; the next 100 retrains cannot be foretold"
    let fitted = report.curve.last.map {
      String(format: "%.4f when fitted on %d", $0.lds, $0.subsets)
    }
    return "fused with \(bankName) (\(bank.design.subsets) subsets × \(bank.seeds) seeds): "
      + "rank correlation on held-out subsets "
      + String(format: "%.4f of the scores alone, ", report.scoresAlone)
      + (fitted ?? "") + "; \(gain)\n"
      + "  corrections of examples "
      + (fusion.prior.correctionPrecision.map { "with precision \($0)" } ?? "none")
      + ", signal to noise \(fusion.prior.signalToNoise), even share \(fusion.prior.evenShare) "
      + "(5-fold cross-validation), mean correlation "
      + String(format: "%.3f", fusion.slope.meanCorrelation)
  }

  /// Fused scores of some rows of the test set, in units of the output function.
  ///
  /// - Throws: `InfluenceError.notDefined` for a row without the token that is asked about.
  public func scores(rows: [Int]) throws -> Matrix<Float> {
    let some = try queries.subset(rows)
    return try fusion.fuse(
      scores: try base.scores(some),
      outputs: outputs.values.columns(rows.compactMap { outputs.places[$0] }))
  }

  /// Calls `body` with one block of fused scores after the other.
  public func forEachBlock(
    _ rows: [Int], _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    for range in (0..<rows.count).blocks(of: 512) {
      try body(range, try scores(rows: Array(rows[range])))
    }
  }

  /// The `limit` most helpful and most harmful training rows of every query, or of their mean.
  public func top(_ rows: [Int], mean isMean: Bool, limit: Int) throws -> [TopExamples] {
    try TopExamples.tops(limit: limit, mean: isMean, count: bank.masks.columns) { take in
      try forEachBlock(rows) { _, block in try take(block) }
    }
  }

  /// Refuses to test on a truth that shares subsets with the fusing bank.
  private static func requireIndependent(
    _ bank: RetrainingBank, named name: String, of truth: (bank: RetrainingBank, name: String),
    run: String
  ) throws(EvaluationError) {
    if truth.name == name {
      throw .fittedToTruth(
        problem: "\(name) is both the truth and the bank to fuse with", bank: name, run: run)
    }
    let shared = bank.subsetsShared(with: truth.bank)
    if shared > 0 {
      throw .fittedToTruth(
        problem: "\(shared) of the \(bank.design.subsets) subsets of \(name) are in "
          + "\(truth.name) too", bank: name, run: run)
    }
  }
}

extension RetrainingBank {
  /// f of every query under every subset, mean over seeds, M × queries.
  ///
  /// - Throws: as `outputs`.
  public func meanOutputs(
    _ function: OutputFunction, of queries: EvaluationQueries
  ) throws -> Matrix<Float> {
    RetrainingBank.mean(try outputs(function, of: queries))
  }

  /// The mean over seeds of M × m outputs.
  static func mean(_ each: [Matrix<Float>]) -> Matrix<Float> {
    guard var sum = each.first else { return Matrix(repeating: 0, rows: 0, columns: 0) }
    let target = sum.writableStorage()
    for other in each.dropFirst() {
      VectorMath.axpy(1, other.storage.base, onto: target.base, count: sum.count)
    }
    if each.count > 1 { VectorMath.scale(1 / Float(each.count), target.base, count: sum.count) }
    return sum
  }

  /// How many subsets another bank has too.
  public func subsetsShared(with other: RetrainingBank) -> Int {
    guard masks.columns == other.masks.columns else { return 0 }
    let known = Set((0..<other.masks.rows).map { other.masks.row($0) })
    return (0..<masks.rows).count { known.contains(masks.row($0)) }
  }
}

extension Matrix where Scalar == Float {
  /// Some columns, copied.
  func columns(_ chosen: [Int]) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, chosen.count)
    for row in 0..<rows {
      for (place, column) in chosen.enumerated() {
        result.storage.base[row * chosen.count + place] = storage.base[row * columns + column]
      }
    }
    return result
  }
}
