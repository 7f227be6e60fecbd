import ArgumentParser
import Datasets
import JSON
import Reports
import Runs

/// `ascribe export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's weights for PyTorch and Hugging Face.",
    discussion: """
      Makes FOLDER with model.safetensors, a PyTorch state_dict in float32. Runs of kind gpt2, llama,
      bert and vit, and imported ones of these, also get config.json: transformers' from_pretrained
      reads the folder. ascribe import reads all of them back.
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
    let run = try common.open(runName)
    let reference = try run.checkpoint(seed: seed, epoch: checkpoint)
    let exported = try ExportJob(run, reference, to: out).write()
    if run.record.normalisation != .none {
      Console.line(
        "note: the weights are for inputs on the run's scale (normalisation in its run.json)")
    }
    if json {
      return Console.output(
        try JSON.text(
          ExportAnswer(
            run: run.name, seed: reference.seed, epoch: reference.epoch, folder: out,
            files: exported.files, architecture: exported.architecture,
            modelHash: exported.modelHash), layout: .compact))
    }
    Console.output(
      "\(out): \(exported.files.joined(separator: ", ")); \(exported.tensors) tensors of seed "
        + "\(reference.seed), epoch \(reference.epoch)"
        + (exported.architecture.map { ", for \($0)" } ?? ""))
  }
}

/// `export --json`.
private struct ExportAnswer: Encodable {
  let run: String
  let seed: UInt64
  let epoch: Int
  let folder: String
  let files: [String]
  let architecture: String?
  let modelHash: String
}
