import Answers
import Datasets
import Evaluation
import Foundation
import Influence
import Runs
import Storage
import Tensors

/// The models of a pruning, kept in the run's folder under a name that says what they were made from, so
/// that other questions have banks of their own.
struct PruneBank {
  private let job: RetrainingJob
  private let path: String
  private let work: RetrainingCost
  private let models: Int

  /// - Parameter prefix: what its name begins with: whose models they are.
  /// - Throws: `RunError.noTraining`.
  init(
    _ design: SubsetDesign, _ run: Run, _ data: SplitData, prefix: String = "prune"
  ) throws {
    job = RetrainingJob(run, data: data, design: design, seeds: 1)
    let fields = try job.fingerprint().fields.map { "\($0.name)=\($0.value)" }
    let digest = SHA256.digest(of: Array(fields.joined(separator: "\n").utf8))
    path = RetrainingJob.path(run, bank: prefix + "-" + "\(digest)".prefix(12))
    let count = data.train.count
    work = try RetrainingCost(
      run.networkToTrain(), run.training(),
      examples: Double(design.subsets) * design.fraction * Double(count), of: count)
    models = design.subsets
  }

  /// Trains what is missing.
  ///
  /// - Throws: errors of training; `JobCancelled`, resumable.
  func made(_ control: JobControl) throws -> RetrainingBank {
    control.announce("\(models) models", flops: work.flops, peakBytes: work.peakBytes)
    let bank = try job.run(to: path, overwrites: false, control)
    control.note("\(path): \(models) models")
    return bank
  }
}
