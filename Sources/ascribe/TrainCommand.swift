import ArgumentParser
import Checkpoints
import Datasets
import Foundation
import Influence
import Reports
import Synchronization
import Training

/// `ascribe train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train the run of a YAML file: checkpoints and per-example dynamics.",
    discussion: "Interrupted, it goes on where it was and leaves the same bytes.")

  @Argument(help: "The run file.") var file: String
  @Option(help: "Number of seeds: SEED, SEED + 1, … of the run file.") var seeds: Int?
  @Option(help: "A name instead of the run file's.") var name: String?
  @Option(help: "A file of training ids, one a line: train on these alone.") var subset: String?
  @Option(help: "Least seconds of work between two saved states to resume from.")
  var saveEvery = 2.0
  @Flag(help: "Replace a run of this name that was made otherwise.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let seeds, !(1...10_000).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 10000, not \(seeds)")
    }
    if !(saveEvery >= 0) {
      throw ValidationError("--save-every must be at least 0, not \(saveEvery)")
    }
  }

  func run() throws {
    common.begin()
    var configuration = try RunConfiguration(contentsOf: file, relativeTo: common.dataFolder)
    if let name { configuration = try configuration.renamed(name) }
    if let seeds { configuration.training.seedCount = seeds }
    // Read by later commands: a wrong name is said before hours of training.
    _ = try ScoringRequest(defaults: configuration.defaultsMap)
    if configuration.adapters != nil && configuration.training.from == nil {
      Console.line(
        "note: adapters beside weights that are drawn; training.from names the model to adapt")
    }
    var job = TrainingJob(configuration, checkpointsFolder: common.checkpointsFolder)
    if let subset {
      job.subset = try readIDs(subset)
      job.subsetFile = subset
    }
    job.overwrites = overwrite
    job.resumeInterval = saveEvery
    job.hooks.isCancelled = { Interruption.isRequested }
    job.progress = TrainingLines()
    job.require = { try ScoringRequest.requireDefaults(of: $0, for: $1) }
    let outcome = try job.run()
    if case .alreadyFinished(let run) = outcome {
      Console.line("\(run.name) is trained already: \(run.folder)")
    }
    try show(outcome.run)
  }

  private func show(_ run: Run) throws {
    if json {
      Console.output(try JSON.text(TrainingAnswer(run), layout: .compact))
      return
    }
    var table = TextTable(["seed", "train loss", "train accuracy", "test loss", "test accuracy"])
    func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
    for result in run.record.results {
      table.append([
        "\(result.seed)", text(result.metrics.trainLoss), text(result.metrics.trainAccuracy),
        text(result.metrics.testLoss), text(result.metrics.testAccuracy),
      ])
    }
    Console.output(table.text)
    let epochs = run.record.checkpointEpochs.map(String.init).joined(separator: ", ")
    Console.output("checkpoints of epochs \(epochs) in \(run.folder)")
  }
}

/// `train --json`.
private struct TrainingAnswer: Encodable {
  struct Seed: Encodable {
    let seed: UInt64
    let trainLoss, trainAccuracy, testLoss, testAccuracy: Double?
    let modelHash: String
  }
  let run: String
  let folder: String
  let epochs: [Int]
  let seeds: [Seed]

  init(_ run: Run) {
    self.run = run.name
    folder = run.folder
    epochs = run.record.checkpointEpochs
    seeds = run.record.results.map {
      Seed(
        seed: $0.seed, trainLoss: $0.metrics.trainLoss, trainAccuracy: $0.metrics.trainAccuracy,
        testLoss: $0.metrics.testLoss, testAccuracy: $0.metrics.testAccuracy,
        modelHash: $0.modelHash)
    }
  }
}

/// A line a checkpoint (several seeds: the last one's), a bar in between on a terminal.
final class TrainingLines: TrainingProgress {
  private let bar = Progress("training", unit: "epochs")
  private let collecting = Progress("collecting", unit: "rows")
  private let plan = Mutex<TrainingPlan?>(nil)

  func madeWorthless(_ files: [String]) {
    Console.line(
      "note: made from the run that is replaced, and worthless now (left in place): "
        + files.joined(separator: ", "))
  }

  func began(_ plan: TrainingPlan) {
    self.plan.withLock { $0 = plan }
    Console.line(
      "training \(plan.run): \(plan.examples) examples, \(plan.parameters) parameters, "
        + "\(plan.epochs) epochs of \(plan.stepsPerEpoch) steps"
        + (plan.seeds.count > 1 ? ", \(plan.seeds.count) seeds" : ""))
  }

  func resumed(seed: UInt64, after epoch: Int) {
    Console.line("seed \(seed): going on after epoch \(epoch)")
  }

  func finished(_ epoch: EpochReport) { bar.update(epoch.epoch, of: epoch.epochs) }

  func collected(_ rows: Int, of total: Int) { collecting.update(rows, of: total) }

  func wroteGradients(to path: String, moment: GradientSaving.Moment) {
    Console.line("wrote \(path): gradients at \(moment.rawValue)")
  }

  func wroteCheckpoint(seed: UInt64, epoch: Int, metrics: ModelMetrics) {
    if let plan = plan.withLock({ $0 }), plan.seeds.count > 1, epoch < plan.epochs { return }
    let parts = [("train loss", metrics.trainLoss), ("test accuracy", metrics.testAccuracy)]
      .compactMap { name, value in value.map { "\(name) " + String(format: "%.4f", $0) } }
    Console.line("seed \(seed), epoch \(epoch): " + parts.joined(separator: ", "))
  }
}
