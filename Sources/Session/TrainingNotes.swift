import Checkpoints
import Datasets
import Foundation
import Runs
import Synchronization
import Tensors
import Training

/// A note a checkpoint (several seeds: the last one's), a stage of epochs in between.
final class TrainingNotes: TrainingProgress {
  private let control: JobControl
  private let training: JobStage
  private let collecting: JobStage
  private let plan = Mutex<TrainingPlan?>(nil)
  private let description = Mutex<DataDescription?>(nil)

  private let describesData: Bool

  /// - Parameter describesData: whether is said how the data were read.
  init(_ control: JobControl, describesData: Bool = true) {
    (self.control, self.describesData) = (control, describesData)
    training = control.stage("training", unit: "epochs")
    collecting = control.stage("collecting", unit: "rows")
  }

  func madeWorthless(_ files: [String]) {
    control.note(
      "note: made from the run that is replaced, and worthless now (left in place): "
        + files.joined(separator: ", "))
  }

  /// What was read, once.
  var data: DataDescription? { description.withLock { $0 } }

  func read(_ data: DataDescription) {
    description.withLock { $0 = data }
    for line in data.lines where describesData { control.note(line) }
  }

  func noted(_ text: String) { control.note("note: " + text) }

  func began(_ plan: TrainingPlan) {
    self.plan.withLock { $0 = plan }
    control.note(
      "training \(plan.run): \(plan.examples) examples, \(plan.parameters) parameters, "
        + "\(plan.epochs) epochs of \(plan.stepsPerEpoch) steps"
        + (plan.seeds.count > 1 ? ", \(plan.seeds.count) seeds" : ""))
  }

  func resumed(seed: UInt64, after epoch: Int) {
    control.note("seed \(seed): going on after epoch \(epoch)")
  }

  func finished(_ epoch: EpochReport) { training.update(epoch.epoch, of: epoch.epochs) }

  func collected(_ rows: Int, of total: Int) { collecting.update(rows, of: total) }

  func wroteGradients(to path: String, moment: GradientSaving.Moment) {
    control.note("wrote \(path): gradients at \(moment.rawValue)")
  }

  func wroteCheckpoint(seed: UInt64, epoch: Int, metrics: ModelMetrics) {
    if let plan = plan.withLock({ $0 }), plan.seeds.count > 1, epoch < plan.epochs { return }
    let parts = [("train loss", metrics.trainLoss), ("test accuracy", metrics.testAccuracy)]
      .compactMap { name, value in value.map { "\(name) " + String(format: "%.4f", $0) } }
    control.note("seed \(seed), epoch \(epoch): " + parts.joined(separator: ", "))
  }
}
