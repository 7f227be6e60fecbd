import ArgumentParser
import Checkpoints
import Configuration
import Foundation
import Reports
import Training

/// `ascribe import`.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make weights from elsewhere (safetensors) a run, without training.",
    discussion: """
      FOLDER holds a state_dict saved as model.safetensors, shards with model.safetensors.index.json,
      or several checkpoints: epoch-001.safetensors, … or checkpoint-500/model.safetensors, …; their
      numbers become the run's epochs. Folders seed-0, seed-1, … become its seeds. A config.json of
      Hugging Face (GPT2LMHeadModel, LlamaForCausalLM, BertForSequenceClassification,
      ViTForImageClassification) describes the model.
      """)

  @Argument(help: "A folder with safetensors files, or one such file.") var folder: String
  @Option(
    help:
      "The run file: data, and the model unless FOLDER has a config.json; training may be left out."
  ) var data: String
  @Option(help: "The model under FOLDER's adapter (adapter_config.json of PEFT): a folder or file.")
  var base: String?
  @Option(help: "A name instead of the run file's.") var name: String?
  @Flag(help: "Replace a run of this name.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if base == nil && PEFTAdapter.isFound(at: folder) {
      throw ValidationError("\(folder) holds an adapter: name its model with --base FOLDER")
    }
  }

  func run() throws {
    common.begin()
    // A `model` in the run file goes before config.json, which then need not be understood.
    let hasModel = try ConfigurationMap(contentsOf: data).has("model")
    var configuration = try RunConfiguration(
      contentsOf: data, requiresTraining: false,
      pretrained: hasModel ? nil : try PretrainedModel.beside(base ?? folder))
    if let name { configuration = try configuration.renamed(name) }
    var job = ImportJob(
      configuration, from: folder, checkpointsFolder: common.checkpointsFolder)
    job.base = base
    job.overwrites = overwrite
    let (run, checkpoints) = try job.run()
    if let first = checkpoints.first { explain(first) }
    if let unread = configuration.model.pretrained?.unread, !unread.isEmpty {
      Console.line("note: not read in config.json: " + unread.joined(separator: ", "))
    }
    if json {
      return Console.output(try JSON.text(ImportAnswer(run, checkpoints), layout: .compact))
    }
    var table = TextTable(["seed", "epoch", "train loss", "test loss", "test accuracy", "file"])
    func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
    for checkpoint in checkpoints {
      let metrics = checkpoint.metrics
      table.append([
        "\(checkpoint.seed)", "\(checkpoint.epoch)", text(metrics.trainLoss),
        text(metrics.testLoss), text(metrics.testAccuracy), checkpoint.file,
      ])
    }
    Console.output(table.text)
    Console.output("imported as \(run.name) in \(run.folder)")
  }

  /// Says which names were taken for which.
  private func explain(_ checkpoint: ImportJob.Imported) {
    if !checkpoint.renamed.isEmpty {
      let pairs = checkpoint.renamed.prefix(6).map { "\($0.tensor) is \($0.parameter)" }
      Console.line(
        "note: names differ: " + pairs.joined(separator: ", ")
          + (checkpoint.renamed.count > 6 ? ", … (\(checkpoint.renamed.count) in all)" : ""))
    }
    if !checkpoint.leftOut.isEmpty {
      Console.line("note: left out: " + checkpoint.leftOut.prefix(6).joined(separator: ", "))
    }
  }
}

/// `import --json`.
private struct ImportAnswer: Encodable {
  struct Entry: Encodable {
    let seed: UInt64
    let epoch: Int
    let file: String
    let trainLoss, trainAccuracy, testLoss, testAccuracy: Double?
  }
  struct Renamed: Encodable { let tensor, parameter: String }
  let run, folder: String
  let checkpoints: [Entry]
  let renamed: [Renamed]
  let leftOut: [String]

  init(_ run: Run, _ imported: [ImportJob.Imported]) {
    self.run = run.name
    folder = run.folder
    checkpoints = imported.map {
      Entry(
        seed: $0.seed, epoch: $0.epoch, file: $0.file, trainLoss: $0.metrics.trainLoss,
        trainAccuracy: $0.metrics.trainAccuracy, testLoss: $0.metrics.testLoss,
        testAccuracy: $0.metrics.testAccuracy)
    }
    renamed = (imported.first?.renamed ?? []).map {
      Renamed(tensor: $0.tensor, parameter: $0.parameter)
    }
    leftOut = imported.first?.leftOut ?? []
  }
}
