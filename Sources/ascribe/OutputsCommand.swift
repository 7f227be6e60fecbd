import ArgumentParser
import Session

/// `ascribe outputs`.
struct OutputsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outputs",
    abstract: "Loss, margin, probability of the label, and logits of every example.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "train or test.") var split: DataPart = .test
  @Option(help: "The seed (default: the first).") var seed: UInt64?
  @Option(help: "The epoch (default: the last).") var epoch: Int?
  @Option(help: "An edit that ascribe edit --out wrote: its components are taken away.")
  var edit: String?
  @Option(help: "Write CSV (.csv) or HDF5 (.h5) instead of printing.") var out: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let out, !out.hasSuffix(".csv"), !out.hasSuffix(".h5") {
      throw ValidationError("--out takes a name that ends in .csv or .h5, not '\(out)'")
    }
  }

  func run() throws {
    common.begin()
    var job = OutputsJob()
    (job.part, job.seed, job.epoch, job.out) = (split, seed, epoch, out)
    job.edit = edit
    let answer = try job.run(in: try common.session(runName))
    if json || out == nil { try Console.answer(answer, json: json) }
  }
}
