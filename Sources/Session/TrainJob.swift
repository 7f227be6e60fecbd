import Answers
import Datasets
import Influence
import Runs
import Tensors

/// Trains the run of a run file: checkpoints and per-example dynamics.
public struct TrainJob: Sendable {
  /// The run file.
  public var file: String
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Where the paths of the run file begin; nil: in its own folder.
  public var dataFolder: String?
  /// A name instead of the run file's.
  public var name: String?
  /// Number of seeds, from the run file's on; nil: the run file's.
  public var seeds: Int?
  /// A file of training ids, one a line: train on these alone; nil: on all.
  public var subset: String?
  /// Whether a run of this name that was made otherwise is replaced.
  public var overwrites = false
  /// Least seconds of work between two saved states to resume from.
  public var resumeInterval = 2.0

  /// The run of a file.
  public init(_ file: String, checkpointsFolder: String = "Checkpoints") {
    (self.file, self.checkpointsFolder) = (file, checkpointsFolder)
  }

  /// A trained run with what is said of it.
  public struct Result: Sendable {
    /// The run.
    public let run: Run
    /// What is said of it.
    public let answer: TrainingAnswer
  }

  /// Trains.
  ///
  /// Stopped, the same job goes on where it was and leaves the same bytes. A run that is
  /// there already is taken as it is.
  ///
  /// - Throws: errors of the run file, the data and the training; `TrainingError.cancelled`.
  public func run(control: JobControl = .silent) throws -> Result {
    var configuration = try RunConfiguration(contentsOf: file, relativeTo: dataFolder)
    if let name { configuration = try configuration.renamed(name) }
    if let seeds { configuration.training.seedCount = seeds }
    // Read by later jobs: a wrong name is said before hours of training.
    _ = try ScoringRequest(defaults: configuration.defaultsMap)
    if configuration.adapters != nil && configuration.training.from == nil {
      control.note(
        "note: adapters beside weights that are drawn; training.from names the model to adapt")
    }
    var job = TrainingJob(configuration, checkpointsFolder: checkpointsFolder)
    if let subset {
      job.subset = try readIDs(subset)
      job.subsetFile = subset
    }
    job.overwrites = overwrites
    job.resumeInterval = resumeInterval
    job.require = { try ScoringRequest.requireDefaults(of: $0, for: $1) }
    let notes = TrainingNotes(control)
    let outcome = try job.run(control, telling: notes)
    if case .alreadyFinished(let run) = outcome {
      control.note("\(run.name) is trained already: \(run.folder)")
    }
    return Result(run: outcome.run, answer: TrainingAnswer(outcome.run, data: notes.data))
  }
}

extension TrainingJob {
  /// Trains until the job is stopped.
  func run(_ control: JobControl, telling progress: any TrainingProgress) throws -> Outcome {
    var job = self
    job.hooks.isCancelled = { control.isCancelled }
    job.progress = progress
    return try job.run()
  }
}

extension Session {
  /// Trains the run of a run file, or takes it as it is when it is there already, to be asked.
  ///
  /// - Throws: errors of the run file, the data and the training.
  public convenience init(
    training file: String, checkpointsFolder: String = "Checkpoints",
    control: JobControl = .silent
  ) throws {
    let job = TrainJob(file, checkpointsFolder: checkpointsFolder)
    self.init(try job.run(control: control).run, control: control)
  }
}
