import Answers
import Components
import Curation
import Datasets
import Foundation
import Gradients
import Influence
import Networks
import Projections
import Reports
import Runs
import Tensors

/// Rows, bytes, memory and minutes before anything runs.
public struct PlanJob: Sendable {
  /// A run file (.yaml), or a run's name or folder.
  public var target: String
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Where the paths of the run file begin now, for a run or data that was moved; nil: where they did.
  public var dataFolder: String?
  /// Features k of an example; nil: by the projector (`ProjectionChoice.standardDimension`).
  public var dimension: Int?
  /// The layers that gradients are over; nil: all that are trained.
  public var layers: LayerPatterns?
  /// How features are stored.
  public var featureType = FeatureType.float32
  /// The projector; nil: by cost.
  public var projector: ProjectorKind?
  /// Training examples up to which scoring takes the exact kernel; nil: by cost.
  public var exactLimit: Int?

  /// A run, or what its file describes.
  public init(_ target: String, checkpointsFolder: String = "Checkpoints") {
    (self.target, self.checkpointsFolder) = (target, checkpointsFolder)
  }

  /// A plan with what it is made from.
  public struct Result: Sendable {
    /// The steps.
    public let plan: WorkPlan
    let subject: WorkPlan.Subject

    /// A table for reading.
    public var text: String {
      var lines = [
        "\(plan.trainingExamples) training examples, \(plan.queries) queries, "
          + "\(plan.parameters) parameters; SGEMM "
          + String(format: "%.0f Gflop/s", plan.rate / 1e9)
      ]
      if let layers = subject.attributed.layersName {
        lines.append("gradients by \(subject.attributed.selectedCount) parameters: \(layers)")
      }
      lines.append(
        "features: \(subject.projection.kind.rawValue) \(subject.projection.dimension)")
      var table = TextTable(["step", "rows", "disk", "peak memory", "Gflop", "minutes"])
      for step in plan.steps {
        table.append([
          step.name, "\(step.rows)", ByteText.text(step.diskBytes), ByteText.text(step.peakBytes),
          String(format: "%.1f", step.flops / 1e9), String(format: "%.2f", step.minutes),
        ])
      }
      return (lines + [table.text]).joined(separator: "\n")
    }
  }

  /// Reads the data and counts.
  ///
  /// - Throws: errors of the run file, the run and its data.
  public func run(control: JobControl = .silent) throws -> Result {
    let subject = try subject(control)
    var plan = WorkPlan(subject)
    DecoyJob.append(to: &plan, subject.data.train, seeds: subject.seeds)
    // A network without parts that can be taken away has no such step.
    let queries = subject.data.test.count
    if queries > 0, let components = try? ComponentSet(subject.trained) {
      let cost = ComponentsCost(subject.trained, components, queries: queries)
      plan.append(
        "components", rows: queries, disk: cost.diskBytes, peak: cost.peakBytes,
        flops: cost.flops, of: subject)
    }
    if queries > 0 { try PruneJob.append(to: &plan, subject) }
    return Result(plan: plan, subject: subject)
  }

  /// The run, or what its file describes.
  private func subject(_ control: JobControl) throws -> WorkPlan.Subject {
    var configuration: RunConfiguration
    let data: SplitData
    var imported: RunRecord?
    if target.hasSuffix(".yaml") || target.hasSuffix(".yml") {
      configuration = try RunConfiguration(contentsOf: target, relativeTo: dataFolder)
      data = try configuration.data.load()
    } else {
      let opened = try Run.found(
        target, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder, control)
      configuration = try opened.configuration()
      data = try opened.loadData()
      if opened.record.status == .imported { imported = opened.record }
    }
    configuration = configuration.fitted(to: data.train)
    let training = configuration.training
    let trained = try configuration.network(for: data.train)
    let network = try layers.map { try trained.selecting($0, place: "‹layers›") } ?? trained
    return WorkPlan.Subject(
      trained: trained, attributed: network,
      configuration: imported == nil ? training : nil,
      seeds: imported?.seeds.count ?? training.seeds.count,
      epochs: imported?.checkpointEpochs ?? training.checkpoints.numbers(epochs: training.epochs),
      data: data,
      projection: projector.map {
        .standard($0, examples: data.train.count, dimension: dimension)
      } ?? .standard(for: network, examples: data.train.count, dimension: dimension),
      featureBytes: featureType.bytes, exactLimit: exactLimit)
  }
}
