import Answers
import Evaluation
import Foundation
import Influence
import Networks
import Storage
import Tensors

/// Scores all test examples by several methods and compares them: cost, truth where a bank is there,
/// and agreement.
public struct MethodsComparisonJob: Sendable {
  /// The methods, in the order of the table.
  public var methods: [Method]
  /// Minutes that they may take together, as planned, but for the trainings that judge them; nil: no
  /// limit.
  ///
  /// What does not fit is left out and said so.
  public var minutes: Double?
  /// How the scores are made, but for the method.
  public var scoring = ScoringRequest()
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// Some methods; all of the engine's when nil.
  public init(_ methods: [Method]? = nil) {
    self.methods = methods ?? MethodTable.standard.methods
  }

  /// Scores, method by method; each leaves its file.
  ///
  /// - Throws: errors of files and of the run; what one method cannot do is said in its row.
  ///   `JobCancelled`.
  public func run(in session: Session) throws -> Evaluated<MethodsComparison> {
    if let minutes, !(minutes > 0) {
      throw EvaluationError.request(
        problem: "\(minutes) minutes", field: "‹budget›", remedy: "give a number above 0")
    }
    let influence = try session.influence(layers: layers)
    try influence.data.requireTest()
    let rate = MachineRate.measured
    var left = minutes.map { $0 * 60 }
    let truths = try Truths(influence)
    var rows: [MethodsComparison.Row] = []
    var scores: [Matrix<Float>] = []
    for method in methods {
      try session.control.check()
      var row = MethodsComparison.Row(method.name)
      do {
        var request = scoring
        request.method = method
        let resolved = try influence.resolved(request)
        if let estimate = try influence.estimate(resolved, queries: influence.data.test.count) {
          row.expectedSeconds = WorkEstimate.seconds(flops: estimate.flops, rate: rate)
          row.plannedBytes = estimate.peakBytes
        }
        if let time = left, let expected = row.expectedSeconds, expected > time {
          row.reason = "over the budget: about \(Int(expected.rounded(.up))) s"
        } else {
          scores.append(try score(request, &row, truths, session))
          left = left.map { $0 - (row.seconds ?? 0) }
        }
      } catch let error as JobCancelled {
        throw error
      } catch let error as any DiagnosableError where !(error is StorageError) {
        row.reason = error.what
      }
      rows.append(row)
    }
    let random = try judge(&rows, scores, truths, session)
    let agreement = ScoreAgreement.spearman(between: scores)
    let answer = MethodsComparison(
      run: session.run.name, queries: influence.data.test.count, methods: rows,
      agreement: agreement,
      removed: truths.sameRun?.design.removedFraction, randomLossDifference: random)
    return Evaluated(answer)
  }

  private func score(
    _ request: ScoringRequest, _ row: inout MethodsComparison.Row, _ truths: Truths,
    _ session: Session
  ) throws -> Matrix<Float> {
    let clock = ContinuousClock()
    let start = clock.now
    var job = ScoreJob()
    (job.scoring, job.layers) = (request, layers)
    let made = try job.run(in: session)
    row.seconds = (clock.now - start) / .seconds(1)
    (row.path, row.unit) = (made.path, made.header.unit)
    let scores = try ScoreFile(made.path).scores(0..<made.queries)
    // A query without a target has no truth; then there is nothing to compare.
    guard let function = OutputFunction(rawValue: made.header.outputFunction),
      truths.queries.rows.count == made.queries
    else { return scores }
    if let bank = truths.random {
      let result = LinearDatamodelingScore(
        scores: scores, masks: bank.masks,
        outputs: try bank.outputs(function, of: truths.queries))
      (row.lds, row.ldsError) = (result.lds, result.ldsError)
    }
    if let bank = truths.sameRun {
      let result = SameRunCorrelation(
        scores: scores, masks: bank.masks,
        outputs: try bank.outputs(function, of: truths.queries))
      (row.sameRun, row.slope) = (result.spearman.mean, result.slope)
    }
    return scores
  }

  /// Makes this very run once without what each method says helped most, and sets each row's
  /// `queryLossDifference`.
  ///
  /// - Returns: the difference without random examples; nil without a bank of this very run.
  private func judge(
    _ rows: inout [MethodsComparison.Row], _ scores: [Matrix<Float>], _ truths: Truths,
    _ session: Session
  ) throws -> Double? {
    guard let bank = truths.sameRun else { return nil }
    let influence = try session.influence(layers: layers)
    let n = influence.data.train.count
    let removed = Int((bank.design.removedFraction * Double(n)).rounded())
    // A query without a target has no loss.
    let places = rows.indices.filter { rows[$0].reason == nil }
    guard truths.queries.rows.count == influence.data.test.count, !places.isEmpty else {
      return nil
    }
    let members = scores.map { scores -> [Int] in
      let away = Set(QueryLossDifference.helpful(removed, by: scores))
      return (0..<n).filter { !away.contains($0) }
    }
    session.control.note(
      "training this very run again without the \(removed) examples that each of "
        + "\(places.count) methods says helped most")
    let made = try RetrainingJob(
      influence.run, data: influence.data, design: .sameRun(members, of: n), seeds: bank.seeds,
      keepsTokens: bank.keepsTokens.map { _ in false }
    ).run(
      to: RetrainingJob.path(influence.run, bank: "\(bank.design.kind.rawValue)-top"),
      overwrites: true, session.control)
    let differences = QueryLossDifference.differences(try made.outputs(.loss, of: truths.queries))
    for (place, difference) in zip(places, differences) {
      rows[place].queryLossDifference = difference
    }
    let random = QueryLossDifference.differences(try bank.outputs(.loss, of: truths.queries))
    return random.reduce(0, +) / Double(max(1, random.count))
  }

  /// The banks of the run that scores are held against, each read and checked once.
  private struct Truths {
    let queries: EvaluationQueries
    /// Models of other seeds on random subsets; nil: none is there.
    let random: RetrainingBank?
    /// This very run without random examples; nil: none is there.
    let sameRun: RetrainingBank?

    init(_ influence: RunInfluence) throws {
      queries = try EvaluationQueries(influence.data.test, token: nil)
      func bank(
        _ name: String, _ designs: [SubsetDesign.Kind]
      ) throws -> RetrainingBank? {
        guard try AtomicFile.isThere(RetrainingJob.path(influence.run, bank: name)) else {
          return nil
        }
        return try .named(name, of: influence, designs: designs)
      }
      random = try bank(SubsetDesign.Kind.random.bankName, [.random, .list])
      sameRun = try bank(SameRunRequest().bankName, [.sameRun])
    }
  }
}
