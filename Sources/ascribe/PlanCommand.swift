import ArgumentParser
import Datasets
import Foundation
import Gradients
import Influence
import Networks
import Projections
import Reports
import Training

/// `ascribe plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Rows, bytes, memory and minutes before anything runs.")

  @Argument(help: ArgumentHelp("A run file (.yaml), or a run's name or folder.", valueName: "run"))
  var target: String
  @Option(help: "Features k of an example.") var dim = 2_048
  @OptionGroup var layers: LayerOptions
  @Option(help: "float32, float16 or bfloat16.") var dtype: FeatureType = .float32
  @Option(help: "The projector (default: landmarks or kronecker, by cost).")
  var projector: ProjectorKind?
  @Option(help: "Training examples up to which scoring takes the exact kernel (default: by cost).")
  var exactLimit: Int?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if dim < 1 { throw ValidationError("--dim must be at least 1, not \(dim)") }
  }

  func run() throws {
    common.begin()
    let subject = try subject()
    let plan = WorkPlan(subject)
    if json { return Console.output(try JSON.text(plan, layout: .compact)) }
    Console.output(
      "\(plan.trainingExamples) training examples, \(plan.queries) queries, "
        + "\(plan.parameters) parameters; SGEMM "
        + String(format: "%.0f Gflop/s", plan.rate / 1e9))
    if let layers = subject.attributed.layersName {
      Console.output("gradients by \(subject.attributed.selectedCount) parameters: \(layers)")
    }
    Console.output(
      "features: \(subject.projection.kind.rawValue) \(subject.projection.dimension)")
    var table = TextTable(["step", "rows", "disk", "peak memory", "Gflop", "minutes"])
    for step in plan.steps {
      table.append([
        step.name, "\(step.rows)", ByteText.text(step.diskBytes), ByteText.text(step.peakBytes),
        String(format: "%.1f", step.flops / 1e9), String(format: "%.2f", step.minutes),
      ])
    }
    Console.output(table.text)
  }

  /// The run, or what its file describes.
  private func subject() throws -> WorkPlan.Subject {
    var configuration: RunConfiguration
    let data: SplitData
    var imported: RunRecord?
    if target.hasSuffix(".yaml") || target.hasSuffix(".yml") {
      configuration = try RunConfiguration(contentsOf: target, relativeTo: common.dataFolder)
      data = try configuration.data.load()
    } else {
      let opened = try common.find(target)
      configuration = try opened.configuration()
      data = try opened.loadData()
      if opened.record.status == .imported { imported = opened.record }
    }
    configuration = configuration.fitted(to: data.train)
    let training = configuration.training
    let trained = try configuration.network(for: data.train)
    let network =
      try layers.patterns.map { try trained.selecting($0, place: "--layers") } ?? trained
    return WorkPlan.Subject(
      trained: trained, attributed: network,
      configuration: imported == nil ? training : nil,
      seeds: imported?.seeds.count ?? training.seeds.count,
      epochs: imported?.checkpointEpochs ?? training.checkpoints.numbers(epochs: training.epochs),
      data: data,
      projection: projector.map { ProjectionChoice(kind: $0, dimension: dim) }
        ?? .standard(for: network, examples: data.train.count, dimension: dim),
      featureBytes: dtype == .float32 ? 4 : 2, exactLimit: exactLimit)
  }
}
