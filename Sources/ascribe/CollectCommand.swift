import ArgumentParser
import Influence
import JSON
import Models
import Networks
import Projections
import Reports
import Runs
import Session
import Training

extension ProjectorKind: ExpressibleByArgument {}

extension FeatureType: ExpressibleByArgument {}

/// `ascribe collect`.
struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Projected per-example gradients of a split into a store.",
    discussion: "Interrupted, it goes on where it was and leaves the same bytes.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "train or test.") var split: DataPart = .train
  @Option(help: "The method that will read them, such as trajectory (default: trak).")
  var method: String?
  @Option(
    help:
      "identity, rademacher, gaussian, sjlt, kronecker, factoredSJLT, mask or landmarks (default: landmarks, or kronecker where they cost too much)."
  )
  var projector: ProjectorKind?
  @Option(
    help:
      "Features k of an example (default: 2048; of kronecker up to 131072, for 256 MiB in all)."
  )
  var dim: Int?
  @Option(help: "Seed of the projection.") var projectionSeed: UInt64 = 0
  @Option(help: "float32, float16 or bfloat16.") var dtype: FeatureType = .float32
  @Option(help: "The measurement whose gradient is projected (default: margin, or prediction).")
  var outputFunction: String?
  @Option(
    help:
      "final, log, all, or epochs such as 1,2,5 (default: log for trajectory and tracin, else final)."
  )
  var checkpoints: String?
  @OptionGroup var layers: LayerOptions
  @Option(help: "The store (default: Projections/RUN/SPLIT.h5).") var out: String?
  @Flag(help: "Replace a store that was made from something else.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if let dim, dim < 1 { throw ValidationError("--dim must be at least 1, not \(dim)") }
    if let checkpoints, CheckpointChoice(checkpoints) == nil {
      throw ValidationError("--checkpoints takes final, log, all or epochs, not '\(checkpoints)'")
    }
    if let outputFunction, OutputFunction(rawValue: outputFunction) == nil {
      throw ValidationError("there is no output function '\(outputFunction)'")
    }
  }

  func run() throws {
    common.begin()
    var job = CollectJob()
    (job.part, job.method, job.out, job.overwrites) = (split, method, out, overwrite)
    (job.projector, job.dimension, job.projectionSeed) = (projector, dim, projectionSeed)
    (job.featureType, job.layers) = (dtype, layers.patterns)
    job.outputFunction = outputFunction.flatMap { OutputFunction(rawValue: $0) }
    job.checkpoints = checkpoints.flatMap { CheckpointChoice($0) } ?? .standard
    for store in try job.run(in: try common.session(runName)) where json {
      Console.output(try JSON.text(store, layout: .compact))
    }
  }
}
