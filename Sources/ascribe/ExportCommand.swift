import ArgumentParser
import Session

/// `ascribe export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's weights for PyTorch and Hugging Face.",
    discussion: """
      Makes FOLDER with model.safetensors, a PyTorch state_dict in float32. Runs of
      kind gpt2, llama, bert and vit, and imported ones of these, also get
      config.json: transformers' from_pretrained reads the folder. ascribe import
      reads all of them back.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: ArgumentHelp("The folder to make; it must be empty.", valueName: "folder"))
  var out: String
  @Option(help: ArgumentHelp("The epoch (default: the last).", valueName: "epoch"))
  var checkpoint: Int?
  @Option(help: "The seed (default: the first).") var seed: UInt64?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = ExportWeightsJob(to: out)
    (job.seed, job.epoch) = (seed, checkpoint)
    try Console.answer(try job.run(in: try common.session(runName)), json: json)
  }
}
