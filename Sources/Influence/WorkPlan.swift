// Letters: n training examples, m queries, p parameters, k features, C checkpoints.
import Datasets
import Factors
import Foundation
import LinearAlgebra
import Networks
import Tensors
import Training

/// What training, collecting and scoring will take, from shapes alone.
public struct WorkPlan: Sendable, Codable, Equatable {
  /// One step of the work.
  public struct Step: Sendable, Codable, Equatable {
    /// `train`, `collect`, `score` or `mislabeled`.
    public let name: String
    /// Rows written or scored.
    public let rows: Int
    /// Bytes on disk.
    public let diskBytes: Int
    /// Largest memory at a time.
    public let peakBytes: Int
    /// Floating-point operations.
    public let flops: Double
    /// Minutes at the rate measured for this plan.
    public let minutes: Double
  }

  /// Training examples.
  public let trainingExamples: Int
  /// Queries.
  public let queries: Int
  /// Parameters.
  public let parameters: Int
  /// SGEMM rate measured for this plan, flop/s.
  public let rate: Double
  /// The steps in order.
  public let steps: [Step]
}

extension WorkPlan {
  /// The plan of a run.
  ///
  /// - Parameters:
  ///   - features: k of the projection, and bytes of a stored feature.
  ///   - scored: how many checkpoints a scoring method reads.
  ///   - rate: SGEMM rate in flop/s; measured when nil (a tenth of a second).
  /// - Precision: times are those of the matrix products over a share of the SGEMM rate that was
  ///   measured on this engine: expect a factor of two.
  public init(
    network: Network, configuration: TrainingConfiguration, data: SplitData,
    features: (k: Int, bytes: Int), scored: (checkpoints: Int, exact: Bool),
    rate givenRate: Double? = nil
  ) {
    let n = data.train.count
    let m = data.test.count
    let p = network.parameterCount
    let rate = givenRate ?? WorkPlan.measuredRate()
    let dataBytes = (n + m) * data.train.featureCount * 4
    // A linear layer's factors are its inputs and outputs; O·I + O of its parameters give both.
    let widths = network.parameters.filter { $0.shape.count == 2 }
      .map { (outputs: $0.shape[0], inputs: $0.shape[1]) }
    let width = widths.reduce(0) { $0 + $1.outputs + $1.inputs }
    let traceWidth = widths.reduce(0) {
      $0 + $1.outputs * min(network.outputCount, 16) + $1.inputs
    }
    let kept = CheckpointSelection.log.numbers(epochs: configuration.epochs).count
    let seeds = configuration.seeds.count
    func step(
      _ name: String, rows: Int, disk: Int, peak: Int, flops: Double, share: Double
    ) -> Step {
      Step(
        name: name, rows: rows, diskBytes: disk, peakBytes: dataBytes + peak, flops: flops,
        minutes: flops / (rate * share) / 60)
    }
    let doubles = Double(n) * Double(n)
    // Margin and trace kernels; the fp64 solves count as they are, half rate and all.
    let kernels = Double(n) * Double(width + traceWidth)
    let training = step(
      "train", rows: n, disk: seeds * (kept * p * 4 + configuration.epochs * n * 6 * 4),
      peak: 8 * p * 4, flops: 6 * Double(p) * Double(n) * Double(configuration.epochs * seeds),
      share: 0.3)
    let k = min(features.k, n)
    let collecting = step(
      "collect", rows: n * seeds, disk: seeds * n * (k * features.bytes + 20),
      peak: 1_024 * (width + k) * 8 + k * k * 12,
      flops: Double(seeds) * Double(n)
        * (6 * Double(p) + 2 * Double(k) * Double(width) + Double(k) * Double(k)), share: 0.4)
    let c = Double(scored.checkpoints)
    let scoring: Step
    if scored.exact {
      scoring = step(
        "score (trajectory)", rows: m, disk: m * n * 4,
        peak: n * n * 12 + n * traceWidth * 8 + m * n * 8,
        flops: c
          * (kernels * Double(n + 2 * m) + doubles * Double(n) + 4 * doubles * Double(m)),
        share: 0.4)
    } else {
      scoring = step(
        "score (trak on features)", rows: m, disk: m * n * 4, peak: k * k * 16 + 4_096 * k * 12,
        flops: c * (2 * Double(n) * Double(k) * Double(k) + 2 * Double(n) * Double(m) * Double(k)),
        share: 0.4)
    }
    let mislabeled = step(
      "mislabeled", rows: n, disk: 0, peak: n * n * 12 + n * traceWidth * 8,
      flops: c * (doubles * Double(traceWidth) + doubles * Double(n) * 2 / 3), share: 0.4)
    self.init(
      trainingExamples: n, queries: m, parameters: p, rate: rate,
      steps: [training, collecting, scoring] + (scored.exact ? [mislabeled] : []))
  }

  /// The plan when the weights are there already: no training, and so no trajectory.
  public func withImportedWeights() -> WorkPlan {
    WorkPlan(
      trainingExamples: trainingExamples, queries: queries, parameters: parameters, rate: rate,
      steps: steps.filter { $0.name != "train" }.map { step in
        Step(
          name: step.name == "score (trajectory)" ? "score (trak)" : step.name, rows: step.rows,
          diskBytes: step.diskBytes, peakBytes: step.peakBytes, flops: step.flops,
          minutes: step.minutes)
      })
  }

  /// The SGEMM rate of all workers now, flop/s.
  public static func measuredRate() -> Double {
    let size = 1_024
    let a = Matrix<Float>(repeating: 1, rows: size, columns: size)
    let clock = ContinuousClock()
    var best = 0.0
    for _ in 0..<3 {
      let start = clock.now
      _ = product(MatrixView(a), MatrixView(a))
      let seconds = (clock.now - start) / .seconds(1)
      best = max(best, 2 * Double(size) * Double(size) * Double(size) / max(seconds, 1e-9))
    }
    return best
  }
}
