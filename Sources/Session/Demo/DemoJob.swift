import Answers
import Curation
import Datasets
import Evaluation
import Foundation
import Gradients
import Influence
import Networks
import Projections
import Reports
import Runs
import Storage
import Tensors

/// Handwritten digits with planted wrong labels: train, query, clean, look inside, report.
public struct DemoJob: Sendable {
  /// The folder of digits-train.csv and digits-test.csv.
  public var digits: String
  /// Where everything is written.
  public var folder: String

  /// The demo of a folder of digits.
  public init(digits: String, folder: String = "demo") {
    (self.digits, self.folder) = (digits, folder)
  }

  private var checkpointsFolder: String { folder + "/Checkpoints" }

  /// Runs the demo.
  ///
  /// - Throws: errors of files and of training.
  public func run(control: JobControl = .silent) throws -> DemoSummary {
    let clock = ContinuousClock()
    let start = clock.now
    control.note("1. train on digits with 10 % of the labels flipped")
    let configuration = try RunConfiguration(contentsOf: try writeRunFile())
    let run = try train(configuration, control)

    control.note("2. collect projected gradients")
    let session = Session(run, control: control)
    let setup = try ScoringSession(session, ScoringRequest(diagnosesDamping: .last))
    try collect(setup.influence, control)

    control.note("3. ask which training digits made the model misread test digits")
    let found = try misread(setup)
    control.note(QueryAnswer(found).text)

    control.note("4. find the wrong labels")
    let job = MislabelJob(setup.influence)
    let ranking = try job.ranking(by: .leaveOneOutMargin)
    let suspects = try MislabeledAnswer(setup.influence, ranking, top: 60)
    if let detection = suspects.detection { control.note(detection.sentence) }

    control.note("5. say how many labels are wrong, drop them, and prove that it helped")
    let cut = try job.cut(precision: DemoJob.precision, control: control)
    let dropped = Array(ranking.order.prefix(cut.count))
    let proof = try prove(dropped, setup, session)
    sayCleaned(setup, cut, dropped, proof, control)
    let accuracy = (before: run.meanTestAccuracy, after: proof.map { $0.chosen / 100 })

    control.note("6. ask which neurons carry the answers")
    let components = try components(session)
    control.note(components.summary)

    let page = DemoPage(
      setup: setup, job: job, ranking: ranking, suspects: suspects,
      queries: QueryPage.section(found), scores: found.scores,
      accuracy: accuracy.before, proof: proof, dropped: dropped.count)
    let report = folder + "/report.html"
    try AtomicFile.write(try page.report().html(), to: report)
    let summary = DemoSummary(
      testAccuracy: accuracy.before, testAccuracyCleaned: accuracy.after ?? accuracy.before,
      detection: suspects.detection, componentsFreshPearson: components.fresh.first?.pearson,
      seconds: (clock.now - start) / .seconds(1), report: report)
    try AtomicFile.write(try summary.indentedJSON() + "\n", to: folder + "/summary.json")
    control.note(summary.text)
    return summary
  }

  private func misread(_ setup: ScoringSession) throws -> QueryFindings {
    let selection = try QuerySelection(
      "misclassified", limit: 6, of: setup.influence, setup.control)
    let queries = setup.influence.data.test.subset(selection.rows)
    let tops = try setup.scorer.top(queries, mean: false, limit: 6)
    return try QueryFindings(
      setup.influence, try setup.description(), selection, queries, tops)
  }

  private func components(_ session: Session) throws -> ComponentsAnswer {
    let folder = session.run.componentsFolder
    if FileManager.default.fileExists(atPath: folder) { try AtomicFile.removeAll(folder) }
    return try session.components()
  }

  private func sayCleaned(
    _ setup: ScoringSession, _ cut: CutEstimate, _ dropped: [Int], _ proof: PruneProof?,
    _ control: JobControl
  ) {
    let flipped = setup.influence.data.train.flipped
    control.note(
      "wrong labels: \(Int(cut.estimatedWrong.rounded())) "
        + "(\(Int(cut.low.rounded())) to \(Int(cut.high.rounded())), 90 %); "
        + "planted were \(flipped.count { $0 })")
    guard let proof else { return control.note("none is dropped") }
    control.note(
      String(
        format:
          "without the first %d (%d of them planted): test accuracy %.4f, without as many at random "
          + "%.4f: %+.2f points, %.2f to %.2f (95 %%), %@", dropped.count,
        dropped.count { flipped[$0] }, proof.chosen / 100, proof.random / 100, proof.difference,
        proof.low, proof.high, proof.verdict.rawValue))
  }

  /// The share of those dropped that is to be wrong, as of the recipe of `prune`: hard but right examples
  /// are worth keeping.
  private static let precision = 0.8

  /// Five models without the examples, beside ten without as many random ones; nil of none.
  private func prove(
    _ dropped: [Int], _ setup: ScoringSession, _ session: Session
  ) throws -> PruneProof? {
    guard !dropped.isEmpty else { return nil }
    let ids = setup.influence.data.train.ids
    let list = folder + "/dropped-ids.txt"
    try AtomicFile.write(
      dropped.map { ids[$0].description }.joined(separator: "\n") + "\n", to: list)
    var prune = PruneJob()
    (prune.drop, prune.proves) = ("@" + list, true)
    return try prune.run(in: session).answer.results.first?.proof
  }

  /// A run file like Examples/digits.yaml, with the path of the bundled data.
  private func writeRunFile() throws -> String {
    try AtomicFile.makeFolder(folder)
    let path = folder + "/digits.yaml"
    let source = { (name: String) in
      "{format: csv, path: \"\(digits)/\(name)\", label: label}"
    }
    try AtomicFile.write(
      """
      name: digits
      data:
        train: \(source("digits-train.csv"))
        test:  \(source("digits-test.csv"))
        scale: [0, 16]
        flip:  {fraction: 0.1, seed: 0}
      model:    {kind: mlp, hidden: [128, 64], activation: relu}
      training: {optimizer: sgd, rate: 0.05, momentum: 0.9, batch: 64, epochs: 30, seed: 0, seeds: 5}

      """, to: path)
    return path
  }

  private func train(_ configuration: RunConfiguration, _ control: JobControl) throws -> Run {
    // A demo shows the work: what an earlier one left is made again.
    try removeEarlier(configuration.name)
    var job = TrainingJob(configuration, checkpointsFolder: checkpointsFolder)
    job.overwrites = true
    return try job.run(control, telling: TrainingNotes(control, describesData: false)).run
  }

  private func removeEarlier(_ name: String) throws {
    let earlier = "\(checkpointsFolder)/\(name)"
    if FileManager.default.fileExists(atPath: earlier + "/run.json") {
      try AtomicFile.removeAll(earlier)
    }
  }

  private func collect(_ influence: RunInfluence, _ control: JobControl) throws {
    let work = try influence.collecting(
      for: .trak, projection: ProjectionChoice(kind: .landmarks, dimension: 512))
    for part in work.parts {
      try part.collection.collect(
        influence.data.train, to: part.path, overwrite: true,
        progress: { _, _ in try control.check() })
    }
    control.note("wrote \(influence.storePath())")
  }
}

extension Run {
  /// The mean over the seeds.
  fileprivate var meanTestAccuracy: Double {
    let values = record.results.compactMap(\.metrics.testAccuracy)
    return values.reduce(0, +) / Double(max(1, values.count))
  }
}
