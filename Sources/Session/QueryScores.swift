import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Storage

/// What answers queries about rows of a set, the test set or one from outside: a method, a method fused with a bank, or a file.
struct QueryScores {
  /// The run.
  let influence: RunInfluence
  /// The training rows that matter most for rows of the set, or for their mean.
  let tops: (_ rows: [Int], _ isMean: Bool, _ limit: Int) throws -> [TopExamples]
  /// What makes the scores; asked for after them, when everything about them is known.
  let description: () throws -> ScoreDescription
  /// Says what was decided on the way.
  let explain: () throws -> Void
  /// What a reader of a page should know.
  let notes: () throws -> [String]
  /// The file; nil for scores that are computed.
  var file: String?
  /// Whether the mean's scores are the mean of scores, which units of the mean query are not for.
  var isMeanOfScores = false

  /// Scores of a method, or of one fused with a bank.
  ///
  /// - Parameters:
  ///   - set: the queries, or the set that they are from.
  ///   - token: the only token of the queries that is asked about.
  init(
    _ setup: ScoringSession, of set: Dataset, _ fused: FusedScorer? = nil, token: Int? = nil
  ) {
    influence = setup.influence
    tops = { rows, isMean, limit in
      if let fused { return try fused.top(rows, mean: isMean, limit: limit) }
      let queries = set.subset(rows)
      return try setup.scorer.top(
        try token.map { try queries.targeting(token: $0) } ?? queries, mean: isMean, limit: limit)
    }
    description = { try setup.description(of: set, fusion: fused?.record) }
    explain = { try setup.explain() }
    notes = { try setup.scorer.notes() }
  }

  /// Scores of a file of `ascribe score` on test examples, of the run as it is now.
  ///
  /// - Throws: `StorageError.fingerprintMismatch` naming the field.
  init(file path: String, of session: Session) throws {
    let influence = try session.influence()
    let control = session.control
    let test = influence.data.test
    let file = try ScoreFile(path)
    let header = file.header
    try file.requireMade(
      from: try influence.identity(checkpoints: header.checkpoints, examples: test))
    control.note(
      "\(path): \(header.method) of \(header.outputFunction) on the kernel \(header.kernel.name), "
        + "\(header.checkpoints.count) checkpoint\(header.checkpoints.count == 1 ? "" : "s")")
    self.influence = influence
    tops = { rows, isMean, limit in
      try file.top(
        try file.rows(of: rows.map { test.ids[$0] }), mean: isMean, limit: limit)
    }
    description = { header }
    let machine = try session.run.identity().machine.note(on: file.fingerprint)
    explain = { if let machine { control.note("note: \(path) was \(machine)") } }
    notes = { ["The scores were read from \(path)."] }
    self.file = path
    let method = try? MethodTable.standard.method(named: header.method)
    isMeanOfScores = method?.combinedNames != nil
  }
}
