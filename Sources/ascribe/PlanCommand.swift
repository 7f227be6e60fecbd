import ArgumentParser
import Datasets
import Foundation
import Influence
import Networks
import Reports
import Tensors
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
  @Option(help: "Training examples up to which scoring takes the exact kernel.")
  var exactLimit = Ensemble.standardExactLimit
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if dim < 1 { throw ValidationError("--dim must be at least 1, not \(dim)") }
  }

  func run() throws {
    common.begin()
    var configuration: RunConfiguration
    let data: SplitData
    var imported: RunRecord?
    if target.hasSuffix(".yaml") || target.hasSuffix(".yml") {
      configuration = try RunConfiguration(contentsOf: target)
      data = try configuration.data.load()
    } else {
      let opened = try Run.open(target, checkpointsFolder: common.checkpointsFolder)
      configuration = try opened.configuration()
      data = try opened.loadData()
      if opened.record.status == .imported { imported = opened.record }
    }
    configuration = configuration.fitted(to: data.train)
    let trained = try configuration.network(for: data.train)
    let network =
      try layers.patterns.map { try trained.selecting($0, place: "--layers") } ?? trained
    let isExact = data.train.count <= exactLimit
    // As `score` chooses; `trak` is at the last checkpoint of each seed.
    let method: Influence.Method =
      !isExact || data.train.vocabulary != nil ? .trak : .trajectory
    let seeds = imported?.seeds.count ?? configuration.training.seeds.count
    let epochs =
      imported?.checkpointEpochs
      ?? configuration.training.checkpoints.numbers(epochs: configuration.training.epochs)
    let spaced = Set(CheckpointSelection.log.numbers(epochs: epochs.max() ?? 1))
    let plan = WorkPlan(
      network: trained, attributed: network,
      configuration: imported == nil ? configuration.training : nil,
      seeds: seeds, data: data, features: (dim, dtype == .float32 ? 4 : 2),
      scoring: WorkPlan.Scoring(
        method: method,
        checkpoints: seeds * (method == .trajectory ? epochs.count { spaced.contains($0) } : 1),
        isExact: isExact))
    if json { return Console.output(try JSON.text(plan, layout: .compact)) }
    Console.output(
      "\(plan.trainingExamples) training examples, \(plan.queries) queries, "
        + "\(plan.parameters) parameters; SGEMM "
        + String(format: "%.0f Gflop/s", plan.rate / 1e9))
    if let layers = network.layersName {
      Console.output("gradients by \(network.selectedCount) parameters: \(layers)")
    }
    var table = TextTable(["step", "rows", "disk", "peak memory", "Gflop", "minutes"])
    for step in plan.steps {
      table.append([
        step.name, "\(step.rows)", bytes(step.diskBytes), bytes(step.peakBytes),
        String(format: "%.1f", step.flops / 1e9), String(format: "%.2f", step.minutes),
      ])
    }
    Console.output(table.text)
  }

  private func bytes(_ count: Int) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB"]
    var value = Double(count)
    var unit = 0
    while value >= 1_000 && unit < units.count - 1 {
      value /= 1_000
      unit += 1
    }
    return String(format: unit == 0 ? "%.0f " : "%.1f ", value) + units[unit]
  }
}
