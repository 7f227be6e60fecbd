import Answers
import Evaluation
import Influence
import Networks
import Runs
import Tensors

/// Compares the scores of two runs on the same data.
public struct RunsComparisonJob: Sendable {
  /// The run that the session's is compared with.
  public var other: Session
  /// Most helpful examples that are compared.
  public var top = 10
  /// Test examples that are asked about at the most, spread evenly.
  public var limit = 200
  /// The false discovery rate of the examples that both agree on.
  public var falseDiscoveryRate = 0.05
  /// How both are scored.
  public var scoring = ScoringRequest()
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// A comparison with another run.
  public init(with other: Session) { self.other = other }

  /// Scores both.
  ///
  /// - Throws: `EvaluationError.request` for runs of other data; errors of the scoring.
  public func run(in session: Session) throws -> Evaluated<RunsComparison> {
    guard top > 0, limit > 0, falseDiscoveryRate > 0, falseDiscoveryRate < 1 else {
      throw EvaluationError.request(
        problem: "top \(top), limit \(limit), rate \(falseDiscoveryRate)", field: "‹top›",
        remedy: "numbers above 0, and a rate below 1")
    }
    let influences = try [session, other].map { try $0.influence(layers: layers) }
    for (part, a, b) in [
      ("training", influences[0].data.train, influences[1].data.train),
      ("test", influences[0].data.test, influences[1].data.test),
    ] where a.contentHash != b.contentHash {
      throw EvaluationError.request(
        problem: "\(session.run.name) and \(other.run.name) have other \(part) examples",
        field: "‹runs›", remedy: "compare runs of the same data and split")
    }
    try influences[0].data.requireTest()
    let test = influences[0].data.test
    let count = min(limit, test.count)
    let queries = test.subset((0..<count).map { $0 * test.count / count })
    if count < test.count {
      session.control.note(
        "note: \(count) of \(test.count) test examples are asked about (‹limit›)")
    }
    var scores: [Matrix<Float>] = []
    var method = ""
    for each in [session, other] {
      let setup = try ScoringSession(each, scoring, layers: layers, diagnosis: .line)
      scores.append(try setup.scorer.scores(queries))
      try setup.explain()
      if !method.isEmpty && method != setup.options.method.name {
        throw EvaluationError.request(
          problem: "the runs' own methods are \(method) and \(setup.options.method.name)",
          field: "‹method›", remedy: "name one ‹method› for both")
      }
      method = setup.options.method.name
    }
    return Evaluated(
      RunsComparison(
        runs: [session.run.name, other.run.name], method: method,
        ScoreAgreement(scores[0], scores[1], top: top),
        AgreedExamples(scores[0], scores[1], rate: falseDiscoveryRate), queries: queries.ids,
        examples: influences[0].data.train.ids))
  }
}
