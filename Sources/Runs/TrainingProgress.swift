import Checkpoints
import Datasets
import Training

/// What is about to be trained.
public struct TrainingPlan: Sendable, Equatable {
  /// The run's name.
  public let run: String
  /// All its seeds.
  public let seeds: [UInt64]
  /// Epochs of each.
  public let epochs: Int
  /// Steps of each epoch.
  public let stepsPerEpoch: Int
  /// Training examples.
  public let examples: Int
  /// Length of the parameter vector.
  public let parameters: Int
}

/// Hears of a run's progress, from several threads when seeds are trained side by side.
public protocol TrainingProgress: Sendable {
  /// A run was replaced; these files were made from it, stay where they are and fit no longer.
  func madeWorthless(_ files: [String])
  /// The data is read.
  func read(_ data: DataDescription)
  /// The data is taken otherwise than it seems.
  func noted(_ text: String)
  /// Training begins or goes on.
  func began(_ plan: TrainingPlan)
  /// A seed goes on after the epochs of an interrupted training.
  func resumed(seed: UInt64, after epoch: Int)
  /// An epoch is done.
  func finished(_ epoch: EpochReport)
  /// A checkpoint is written.
  func wroteCheckpoint(seed: UInt64, epoch: Int, metrics: ModelMetrics)
  /// Gradients at the kept checkpoints are collected: so many rows of so many.
  func collected(_ rows: Int, of total: Int)
  /// A store of gradients is written.
  func wroteGradients(to path: String, moment: GradientSaving.Moment)
}

extension TrainingProgress {
  /// Nothing.
  public func madeWorthless(_ files: [String]) {}
  /// Nothing.
  public func read(_ data: DataDescription) {}
  /// Nothing.
  public func noted(_ text: String) {}
  /// Nothing.
  public func began(_ plan: TrainingPlan) {}
  /// Nothing.
  public func resumed(seed: UInt64, after epoch: Int) {}
  /// Nothing.
  public func finished(_ epoch: EpochReport) {}
  /// Nothing.
  public func wroteCheckpoint(seed: UInt64, epoch: Int, metrics: ModelMetrics) {}
  /// Nothing.
  public func collected(_ rows: Int, of total: Int) {}
  /// Nothing.
  public func wroteGradients(to path: String, moment: GradientSaving.Moment) {}
}

/// No reports.
public struct SilentProgress: TrainingProgress {
  /// No reports.
  public init() {}
}
