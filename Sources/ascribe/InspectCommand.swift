import ArgumentParser
import Session

/// `ascribe inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "What a run, store, score file or checkpoint holds.")

  @Argument(help: "A run's name or folder, an .h5 file or a .safetensors file.") var path: String
  @Flag(
    help:
      "Look at the run's data: how they were read, copies with other labels, test examples in training, small classes."
  )
  var data = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = InspectJob(path, checkpointsFolder: common.checkpointsFolder)
    job.dataFolder = common.dataFolder
    job.looksAtData = data
    let found = try job.run(control: .terminal)
    Console.output(json ? try found.json() : found.text)
  }
}
