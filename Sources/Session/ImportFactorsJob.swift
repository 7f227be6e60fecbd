import Answers
import Influence
import Tensors
import Models
import Runs
import Training

/// Makes per-example gradients from elsewhere a run.
public struct ImportFactorsJob: Sendable {
  /// The run's name.
  public var name: String
  /// The HDF5 file of the training examples.
  public var train: String
  /// The same of the test examples; nil: none can be asked about.
  public var test: String?
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Whether a run of this name is replaced.
  public var overwrites = false

  /// Gradients under a name.
  public init(
    name: String, train: String, test: String? = nil, checkpointsFolder: String = "Checkpoints"
  ) {
    (self.name, self.train, self.test) = (name, train, test)
    self.checkpointsFolder = checkpointsFolder
  }

  /// Imports.
  ///
  /// - Throws: errors of the files; `TrainingError.otherRun` for a name that is taken.
  public func run(control: JobControl = .silent) throws -> FactorsAnswer {
    var job = FactorImport(
      name: name, train: train, test: test, checkpointsFolder: checkpointsFolder)
    job.overwrites = overwrites
    job.progress = TrainingNotes(control)
    let run = try job.run()
    return FactorsAnswer(run, try run.storedFactors().0)
  }
}
