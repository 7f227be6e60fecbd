import ArgumentParser
import Models
import Session

/// `ascribe import`.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make weights from elsewhere (safetensors) a run, without training.",
    discussion: """
      FOLDER holds a state_dict saved as model.safetensors, shards with
      model.safetensors.index.json, or several checkpoints: epoch-001.safetensors, …
      or checkpoint-500/model.safetensors, …; their numbers become the run's epochs.
      Folders seed-0, seed-1, … become its seeds. A config.json of Hugging Face
      (GPT2LMHeadModel, LlamaForCausalLM, BertForSequenceClassification,
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
    if let factors {
      var job = ImportFactorsJob(
        name: folder, train: factors, test: testFactors,
        checkpointsFolder: common.checkpointsFolder)
      job.overwrites = overwrite
      return try Console.answer(try job.run(control: .terminal), json: json)
    }
    guard let data else { return }
    var job = ImportWeightsJob(
      folder, runFile: data, checkpointsFolder: common.checkpointsFolder)
    (job.base, job.name, job.overwrites) = (base, name, overwrite)
    job.dataFolder = common.dataFolder
    try Console.answer(try job.run(control: .terminal), json: json)
  }
}
