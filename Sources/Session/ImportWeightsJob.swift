import Answers
import Configuration
import Models
import Runs
import Tensors

/// Makes weights from elsewhere a run, without training.
public struct ImportWeightsJob: Sendable {
  /// A folder with safetensors files, or one such file.
  public var folder: String
  /// The run file: data, and the model unless `folder` describes it.
  public var runFile: String
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Where the paths of the run file begin; nil: in its own folder.
  public var dataFolder: String?
  /// The model under an adapter; nil for weights that are whole.
  public var base: String?
  /// A name instead of the run file's.
  public var name: String?
  /// Whether a run of this name is replaced.
  public var overwrites = false

  /// Weights with the run file that describes their data.
  public init(_ folder: String, runFile: String, checkpointsFolder: String = "Checkpoints") {
    (self.folder, self.runFile) = (folder, runFile)
    self.checkpointsFolder = checkpointsFolder
  }

  /// Imports, and says which names were taken for which.
  ///
  /// - Throws: errors of the run file, the weights and the data.
  public func run(control: JobControl = .silent) throws -> ImportAnswer {
    // A `model` in the run file goes before config.json, which then need not be understood.
    let hasModel = try ConfigurationMap(contentsOf: runFile).has("model")
    var configuration = try RunConfiguration(
      contentsOf: runFile, relativeTo: dataFolder, requiresTraining: false,
      pretrained: hasModel ? nil : try PretrainedModel.beside(base ?? folder))
    if case .vit? = configuration.model.pretrained?.architecture,
      let processor = try ImageProcessor.beside(base ?? folder)
    {
      let (taken, note) = try configuration.preprocessed(by: processor)
      configuration = taken
      control.note("note: " + note)
    }
    if let name { configuration = try configuration.renamed(name) }
    var job = ImportJob(configuration, from: folder, checkpointsFolder: checkpointsFolder)
    job.base = base
    job.overwrites = overwrites
    let notes = TrainingNotes(control)
    job.progress = notes
    let (run, checkpoints) = try job.run()
    if let first = checkpoints.first { ImportWeightsJob.explain(first, control) }
    if let unread = configuration.model.pretrained?.unread, !unread.isEmpty {
      control.note("note: not read in config.json: " + unread.joined(separator: ", "))
    }
    return ImportAnswer(run, checkpoints, data: notes.data)
  }

  private static func explain(_ checkpoint: ImportJob.Imported, _ control: JobControl) {
    if !checkpoint.renamed.isEmpty {
      let pairs = checkpoint.renamed.prefix(6).map { "\($0.tensor) is \($0.parameter)" }
      control.note(
        "note: names differ: " + pairs.joined(separator: ", ")
          + (checkpoint.renamed.count > 6 ? ", … (\(checkpoint.renamed.count) in all)" : ""))
    }
    if !checkpoint.leftOut.isEmpty {
      control.note("note: left out: " + checkpoint.leftOut.prefix(6).joined(separator: ", "))
    }
  }
}
