import ArgumentParser
import Evaluation
import Foundation
import Influence
import Reports
import Synchronization
import Training

/// `ascribe retrain`.
struct RetrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrain",
    abstract: "Train a run again on random subsets: the ground truth of `evaluate`.",
    discussion: "Interrupted, it goes on model by model and leaves the same bytes.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Number of random subsets.") var subsets = 50
  @Option(help: "Share of the training set in each.") var fraction = 0.5
  @Option(help: "Models of each subset.") var seeds = 3
  @Option(help: "Seed of the subsets.") var subsetSeed: UInt64 = 0
  @Flag(help: "Replace a bank that was made from something else.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if !(1...1_000).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 1000, not \(seeds)")
    }
  }

  func run() throws {
    common.begin()
    let influence = try RunInfluence(
      try Run.open(runName, checkpointsFolder: common.checkpointsFolder))
    let design = try SubsetDesign(subsets: subsets, fraction: fraction, seed: subsetSeed)
    let job = RetrainingJob(influence.run, data: influence.data, design: design, seeds: seeds)
    let path = RetrainingJob.path(influence.run)
    let bar = Progress("retraining", unit: "models")
    do {
      _ = try job.run(
        to: path, overwrite: overwrite, progress: { bar.update($0, of: $1) },
        isCancelled: { Interruption.isRequested })
    } catch TrainingError.cancelled {
      throw Interrupted()
    }
    Console.line("\(path): \(subsets) subsets × \(seeds) seeds")
    if json {
      Console.output(
        try JSON.text(
          RetrainAnswer(
            run: influence.run.name, bank: path, subsets: subsets, fraction: fraction,
            seeds: seeds), layout: .compact))
    }
  }
}

private struct RetrainAnswer: Encodable {
  let run, bank: String
  let subsets: Int
  let fraction: Double
  let seeds: Int
}
