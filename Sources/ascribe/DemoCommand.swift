import ArgumentParser
import Curation
import Datasets
import Evaluation
import Foundation
import Gradients
import Influence
import JSON
import Networks
import Reports
import Runs
import Storage
import Tensors

/// `ascribe demo`.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Handwritten digits with planted wrong labels: train, query, clean, report.")

  @Option(help: "Where everything is written.") var folder = "demo"
  @Option(help: "The folder of digits-train.csv and digits-test.csv (default: found).")
  var data: String?
  @Option(help: "Worker threads (default: ASCRIBE_THREADS, else all cores).")
  var threads: Int?
  @Flag(help: "Print the summary as JSON.") var json = false

  func validate() throws { try CommonOptions.requireThreads(threads) }

  func run() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let common = try CommonOptions.parse(["--checkpoints-folder", folder + "/Checkpoints"])
    common.begin()
    let digits = try DigitsFolder.find(data)

    Console.line("1. train on digits with 10 % of the labels flipped")
    let configuration = try RunConfiguration(contentsOf: try writeRunFile(digits))
    let run = try train(configuration, in: common.checkpointsFolder)

    Console.line("2. collect projected gradients")
    let setup = try ScoringSetup(run, ScoringRequest(diagnosesDamping: .last))
    try collect(setup.influence)

    Console.line("3. ask which training digits made the model misread test digits")
    let selection = try QuerySelection(
      "misclassified", in: setup.influence.data.test, limit: 6, of: setup.influence)
    let queries = setup.influence.data.test.subset(selection.rows)
    let tops = try setup.scorer.top(queries, mean: false, limit: 6)
    let found = try QueryFindings(QueryScores(setup), selection, queries, tops)
    Console.line(QueryAnswer(found).text)

    Console.line("4. find the wrong labels")
    let job = MislabelJob(setup.influence)
    let ranking = try job.ranking(by: .leaveOneOutMargin)
    let suspects = try MislabeledAnswer(setup.influence, ranking, top: 60)
    if let detection = suspects.detection { Console.line(detection.sentence) }

    Console.line("5. train again without the suspects")
    // Those whose label clearly loses when they are left out; hard but right examples are worth
    // keeping: dropping all with a negative margin gains nothing here.
    let dropped = Set(ranking.order.filter { ranking.suspicion[$0] > DemoCommand.clearLoss })
    let cleaned = try trainCleaned(configuration, setup.influence.data, without: dropped, common)
    let before = run.meanTestAccuracy
    let after = cleaned.meanTestAccuracy
    let wrong = setup.influence.data.train.flipped.enumerated().count {
      $0.element && dropped.contains($0.offset)
    }
    Console.line(
      String(
        format:
          "dropped %d suspects (%d of the %d planted): test accuracy %.4f → %.4f (means of %d seeds)",
        dropped.count, wrong, setup.influence.data.train.flipped.count { $0 }, before, after,
        run.seeds.count))

    let page = DemoPage(
      setup: setup, job: job, ranking: ranking, suspects: suspects,
      queries: QueryPage.section(found), scores: found.scores,
      accuracy: (before, after), dropped: dropped.count)
    let report = folder + "/report.html"
    try AtomicFile.write(try page.report().html(), to: report)
    let summary = DemoSummary(
      testAccuracy: before, testAccuracyCleaned: after, detection: suspects.detection,
      seconds: (clock.now - start) / .seconds(1), report: report)
    let text = try JSON.text(summary)
    try AtomicFile.write(text + "\n", to: folder + "/summary.json")
    Console.line(String(format: "%.1f s; open %@ in a browser", summary.seconds, report))
    if json { Console.output(text) }
  }

  /// By how much of a label an example must lose, left out, to be dropped.
  private static let clearLoss: Float = 0.25

  /// A run file like Examples/digits.yaml, with the path of the bundled data.
  private func writeRunFile(_ digits: String) throws -> String {
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

  private func train(_ configuration: RunConfiguration, in folder: String) throws -> Run {
    // A demo shows the work: what an earlier one left is made again.
    let earlier = "\(folder)/\(configuration.name)"
    if FileManager.default.fileExists(atPath: earlier + "/run.json") {
      try AtomicFile.removeAll(earlier)
    }
    var job = TrainingJob(configuration, checkpointsFolder: folder)
    job.overwrites = true
    job.hooks.isCancelled = { Interruption.isRequested }
    job.progress = TrainingLines()
    return try job.run().run
  }

  private func trainCleaned(
    _ configuration: RunConfiguration, _ data: SplitData, without dropped: Set<Int>,
    _ common: CommonOptions
  ) throws -> Run {
    let kept = data.train.ids.indices.filter { !dropped.contains($0) }
    let list = folder + "/kept-ids.txt"
    try AtomicFile.write(
      kept.map { data.train.ids[$0].description }.joined(separator: "\n") + "\n", to: list)
    let renamed = try configuration.renamed("digits-cleaned")
    let earlier = "\(common.checkpointsFolder)/\(renamed.name)"
    if FileManager.default.fileExists(atPath: earlier + "/run.json") {
      try AtomicFile.removeAll(earlier)
    }
    var job = TrainingJob(renamed, checkpointsFolder: common.checkpointsFolder)
    job.subset = kept.map { data.train.ids[$0] }
    job.subsetFile = list
    job.overwrites = true
    job.hooks.isCancelled = { Interruption.isRequested }
    return try job.run().run
  }

  private func collect(_ influence: RunInfluence) throws {
    let work = try influence.collecting(
      for: .trak, projection: ProjectionChoice(kind: .landmarks, dimension: 512))
    for part in work.parts {
      try part.collection.collect(influence.data.train, to: part.path, overwrite: true) { _, _ in
        try Interruption.check()
      }
    }
    Console.line("wrote \(influence.storePath())")
  }
}

extension Run {
  /// The mean over the seeds.
  fileprivate var meanTestAccuracy: Double {
    let values = record.results.compactMap(\.metrics.testAccuracy)
    return values.reduce(0, +) / Double(max(1, values.count))
  }
}

/// `demo/summary.json`.
private struct DemoSummary: Encodable {
  let testAccuracy, testAccuracyCleaned: Double
  let rocAUC, averagePrecision, foundIn5Percent, foundIn10Percent, foundIn20Percent: Double?
  let seconds: Double
  let report: String

  init(
    testAccuracy: Double, testAccuracyCleaned: Double, detection: DetectionMetrics?,
    seconds: Double, report: String
  ) {
    self.testAccuracy = testAccuracy
    self.testAccuracyCleaned = testAccuracyCleaned
    rocAUC = detection?.rocAUC
    averagePrecision = detection?.averagePrecision
    foundIn5Percent = detection?.foundIn5Percent
    foundIn10Percent = detection?.foundIn10Percent
    foundIn20Percent = detection?.foundIn20Percent
    self.seconds = seconds
    self.report = report
  }
}

/// Where the bundled digits are.
enum DigitsFolder {
  /// The folder given, else `data` here, else `data` beside any folder above the program.
  static func find(_ given: String?) throws -> String {
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var above: [String] = []
    var folder = program.deletingLastPathComponent()
    while folder.path.count > 1 {
      above.append(folder.path + "/data")
      folder.deleteLastPathComponent()
    }
    let here = FileManager.default.currentDirectoryPath + "/data"
    for candidate in given.map({ [absolute($0)] }) ?? [here] + above
    where FileManager.default.fileExists(atPath: candidate + "/digits-train.csv") {
      return candidate
    }
    throw ValidationError(
      "the bundled digits were not found\(given.map { " in \($0)" } ?? "");"
        + " name their folder with --data (it is data/ of the repository)")
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
