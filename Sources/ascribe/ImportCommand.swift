import ArgumentParser
import Checkpoints
import Configuration
import Foundation
import Gradients
import Influence
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

  @Argument(
    help: "A folder with safetensors files, or one such file; with --factors the run's name.")
  var folder: String
  @Option(
    help:
      "The run file: data, and the model unless FOLDER has a config.json; training may be left out."
  ) var data: String?
  @Option(help: "Per-example gradients from elsewhere, in place of weights: an HDF5 file.")
  var factors: String?
  @Option(help: "The same of the test examples, to be asked about.") var testFactors: String?
  @Option(help: "The model under FOLDER's adapter (adapter_config.json of PEFT): a folder or file.")
  var base: String?
  @Option(help: "A name instead of the run file's.") var name: String?
  @Flag(help: "Replace a run of this name.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if testFactors != nil && factors == nil {
      throw ValidationError("--test-factors goes with --factors, the training examples' gradients")
    }
    guard factors == nil else {
      let other = [("--data", data), ("--base", base), ("--name", name)].first { $0.1 != nil }
      if let other {
        throw ValidationError("\(other.0) is for weights: with --factors write NAME --factors FILE")
      }
      return
    }
    if data == nil {
      throw ValidationError("name the run file with --data, or gradients with --factors")
    }
    if base == nil && PEFTAdapter.isFound(at: folder) {
      throw ValidationError("\(folder) holds an adapter: name its model with --base FOLDER")
    }
  }

  func run() throws {
    common.begin()
    if let factors { return try importFactors(factors) }
    guard let data else { return }
    // A `model` in the run file goes before config.json, which then need not be understood.
    let hasModel = try ConfigurationMap(contentsOf: data).has("model")
    var configuration = try RunConfiguration(
      contentsOf: data, relativeTo: common.dataFolder, requiresTraining: false,
      pretrained: hasModel ? nil : try PretrainedModel.beside(base ?? folder))
    if let name { configuration = try configuration.renamed(name) }
    var job = ImportJob(
      configuration, from: folder, checkpointsFolder: common.checkpointsFolder)
    job.base = base
    job.overwrites = overwrite
    job.progress = TrainingLines()
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

  /// Makes a run of gradients.
  private func importFactors(_ train: String) throws {
    var job = FactorImport(
      name: folder, train: train, test: testFactors, checkpointsFolder: common.checkpointsFolder)
    job.overwrites = overwrite
    job.progress = TrainingLines()
    let run = try job.run()
    guard let factors = try RunInfluence(run).factors else { return }
    let answer = FactorsAnswer(run, factors)
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
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

/// `import --factors --json`.
private struct FactorsAnswer: Encodable {
  struct Layer: Encodable {
    let name: String
    let outputs: Int
    /// Absent for element-wise parameters.
    let inputs: Int?
    let bias: Bool
  }
  let run, folder: String
  /// What was differentiated.
  let targets: [String]
  let layers: [Layer]
  let parameters, outputs, trainingExamples, testExamples: Int

  init(_ run: Run, _ factors: StoredFactors) {
    (self.run, folder) = (run.name, run.folder)
    targets = factors.layout.targets.map(\.name)
    layers = factors.layout.layers.map {
      Layer(name: $0.name, outputs: $0.outputs, inputs: $0.inputs, bias: $0.hasBias)
    }
    (parameters, outputs) = (factors.parameterCount, factors.outputCount)
    trainingExamples = run.record.exampleCounts["train"] ?? 0
    testExamples = run.record.exampleCounts["test"] ?? 0
  }

  var text: String {
    var table = TextTable(["layer", "outputs", "inputs", "bias"])
    for layer in layers {
      table.append([
        layer.name, "\(layer.outputs)", layer.inputs.map(String.init) ?? "",
        layer.bias ? "yes" : "",
      ])
    }
    return table.text
      + "\n\(trainingExamples) training and \(testExamples) test examples, gradients of "
      + targets.joined(separator: ", ") + "\nimported as \(run) in \(folder)"
  }
}
