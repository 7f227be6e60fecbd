import ArgumentParser
import JSON
import Projections
import Reports
import Session

/// `ascribe plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Rows, bytes, memory and minutes before anything runs.")

  @Argument(help: ArgumentHelp("A run file (.yaml), or a run's name or folder.", valueName: "run"))
  var target: String
  @Option(
    help:
      "Features k of an example (default: 2048; of kronecker up to 131072, for 256 MiB in all)."
  )
  var dim: Int?
  @OptionGroup var layers: LayerOptions
  @Option(help: "float32, float16 or bfloat16.") var dtype: FeatureType = .float32
  @Option(help: "The projector (default: landmarks or kronecker, by cost).")
  var projector: ProjectorKind?
  @Option(help: "Training examples up to which scoring takes the exact kernel (default: by cost).")
  var exactLimit: Int?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let dim, dim < 1 { throw ValidationError("--dim must be at least 1, not \(dim)") }
  }

  func run() throws {
    common.begin()
    var job = PlanJob(target, checkpointsFolder: common.checkpointsFolder)
    (job.dimension, job.layers, job.featureType) = (dim, layers.patterns, dtype)
    (job.projector, job.exactLimit) = (projector, exactLimit)
    job.dataFolder = common.dataFolder
    let result = try job.run(control: .terminal)
    Console.output(json ? try JSON.text(result.plan, layout: .compact) : result.text)
  }
}
