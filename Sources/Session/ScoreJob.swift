import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Storage
import Tensors

/// All scores of a part of the data against the training examples, in one HDF5 file.
public struct ScoreJob: Sendable {
  /// The queries.
  public var part = DataPart.test
  /// The file; nil: `Projections/RUN/scores-METHOD.h5`.
  public var out: String?
  /// The bank to fuse the scores with; nil: none.
  public var bank: String?
  /// How the scores are made.
  public var scoring = ScoringRequest(diagnosesDamping: .last)
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?
  /// How much is said about how the scores are made.
  public var diagnosis = DiagnosisText.Extent.line

  /// Test examples, by the run's own method.
  public init() {}

  /// Scores, block by block; the file is there whole or not at all.
  ///
  /// - Throws: `InfluenceError` for requests that the run does not suit; errors of files;
  ///   `JobCancelled`.
  public func run(in session: Session) throws -> ScoreAnswer {
    let setup = try ScoringSession(
      session, scoring, layers: layers, asks: part == .test ? .test : .train,
      diagnosis: diagnosis)
    let queries = try part.part(of: setup.influence.data)
    let fused = try setup.fused(with: bank)
    let path = try path(setup, isFused: fused != nil)
    // Asked for after the scores: checkpoints that do not all fit in memory are prepared once.
    func header() throws -> ScoreDescription {
      try ScoreDescription(
        setup.scorer, of: setup.influence, queries: queries, fusion: fused?.record)
    }
    try write(setup, queries, fused, to: path, header: header, session.control)
    try setup.explain()
    let answer = ScoreAnswer(
      path: path, queries: queries.count,
      trainingExamples: setup.influence.data.train.count, header: try header())
    session.control.note(answer.text)
    return answer
  }

  private func path(_ setup: ScoringSession, isFused: Bool) throws -> String {
    if let out { return out }
    let folder = setup.influence.run.projectionsFolder
    try AtomicFile.makeFolder(folder)
    return "\(folder)/scores-\(isFused ? "fused" : setup.options.method.name).h5"
  }

  private func write(
    _ setup: ScoringSession, _ queries: Dataset, _ fused: FusedScorer?, to path: String,
    header: () throws -> ScoreDescription, _ control: JobControl
  ) throws {
    let stage = control.stage("scoring", unit: "queries")
    try ScoreFile.write(
      try header(), train: setup.influence.data.train, queries: queries, to: path
    ) { take in
      func next(_ range: Range<Int>, _ block: Matrix<Float>) throws {
        try control.check()
        try take(block)
        stage.update(range.upperBound, of: queries.count)
      }
      if let fused {
        try fused.forEachBlock(Array(0..<queries.count), next)
      } else {
        try setup.scorer.forEachBlock(of: queries, once: true, next)
      }
    }
  }
}
