import ArgumentParser
import Session

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
    var job = TrainJob(file, checkpointsFolder: common.checkpointsFolder)
    (job.name, job.seeds, job.subset) = (name, seeds, subset)
    (job.overwrites, job.resumeInterval) = (overwrite, saveEvery)
    job.dataFolder = common.dataFolder
    try Console.answer(try job.run(control: .terminal).answer, json: json)
  }
}
