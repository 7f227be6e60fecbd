// Letters: n training examples, m queries, p parameters, k features, C checkpoints.
import Datasets
import Factors
import Foundation
import Gradients
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
  /// How a run would be scored.
  public struct Scoring: Sendable {
    /// The method; on features `trak`.
    public let method: Method
    /// Checkpoints that are read.
    public let checkpoints: Int
    /// Whether the kernel is exact; else that of features.
    public let isExact: Bool

    /// A method at some checkpoints.
    public init(method: Method, checkpoints: Int, isExact: Bool) {
      (self.method, self.checkpoints, self.isExact) = (method, checkpoints, isExact)
    }
  }

  /// Bytes of a process that does nothing yet: program, libraries, and BLAS's own room.
  public static let processBytes = 48 << 20

  /// The plan of a run.
  ///
  /// - Parameters:
  ///   - network: as it is trained.
  ///   - attributed: the same with the layers that gradients are taken by; nil for `network`.
  ///   - configuration: how it is trained; nil when the weights are there already.
  ///   - seeds: seeds whose features are collected.
  ///   - features: k of the projection, and bytes of a stored feature.
  ///   - rate: SGEMM rate in flop/s; measured when nil (a tenth of a second).
  /// - Precision: times are those of the matrix products over a share of the SGEMM rate that was
  ///   measured on this engine: expect a factor of two. Peaks are sums of what is held at a time:
  ///   within a third of what was measured (mlp, cnn, vit, gpt2, llama).
  public init(
    network trained: Network, attributed: Network? = nil,
    configuration: TrainingConfiguration?, seeds: Int, data: SplitData,
    features: (k: Int, bytes: Int), scoring: Scoring, rate givenRate: Double? = nil
  ) {
    let (n, m) = (data.train.count, data.test.count)
    let network = attributed ?? trained
    let p = network.parameterCount
    let rate = givenRate ?? WorkPlan.measuredRate()
    let isSequence = data.train.vocabulary != nil
    let example = network.footprint
    // Every kind of layer by the factors that it gave for one example; a backward pass is two more.
    let pass = 6 * network.withoutSelection.footprint.products
    let common = WorkPlan.processBytes + (n + m) * data.train.featureCount * 4 + 4 * p
    func step(
      _ name: String, rows: Int, disk: Int, peak: Int, flops: Double, share: Double
    ) -> Step {
      Step(
        name: name, rows: rows, diskBytes: disk, peakBytes: common + peak, flops: flops,
        minutes: flops / (rate * share) / 60)
    }
    var steps: [Step] = []
    if let configuration {
      let kept = configuration.checkpoints.numbers(epochs: configuration.epochs).count
      let evaluated = trained.examplesAtATime(
        atMost: max(1, 1_024 / max(1, network.outputSize / max(1, network.outputCount))))
      // A batch with batch norm goes whole, whatever was asked for: training refuses the rest.
      let microBatch =
        (try? configuration.examplesAtATime(in: trained)) ?? configuration.batch
      // Seeds are trained side by side, each with a state of its own; parts of a batch by the
      // workers that are left, their gradients beside the sum.
      let atOnce = min(configuration.seedCount, Workers.count)
      let size = min(n, microBatch)
      let part = TrainingConfiguration.partSize(of: size, in: trained)
      let gradients = part < size ? 2 + (size - 1) / part : 1
      let inPass = min(size, part * max(1, Workers.count / atOnce))
      steps.append(
        step(
          "train", rows: n, disk: seeds * (kept * p * 4 + configuration.epochs * n * 6 * 4),
          peak: atOnce
            * (4 * p * (1 + gradients + configuration.optimizer.bufferCount)
              + max(
                inPass * trained.footprint.bytes(),
                min(max(n, m), evaluated)
                  * (trained.footprint.saved + trained.footprint.largest))),
          flops: pass * Double(n) * Double(configuration.epochs * seeds), share: 0.3))
    }
    let k = min(features.k, n)
    let block = network.examplesAtATime(
      atMost: min(n, isSequence ? max(2, 1_024 / network.outputShape[0]) : 1_024), functions: 1)
    // As `landmarks` works: products with k gradients that are held, written out for each block.
    let held = network.examplesHeld(atMost: min(n, FeatureCollection.blockSize), atLeast: block)
    let products =
      example.pairFlops(functions: 1) * Double(k) * Double(n + k / 2)
      + example.gradientFlops(functions: 1) * Double(n + k + (n + held - 1) / held * k)
    steps.append(
      step(
        "collect", rows: n * seeds, disk: seeds * n * (k * features.bytes + 20),
        peak: (k + held) * example.kept
          + max(
            block * example.bytes(functions: 1),
            example.sliceBytes(functions: 1, examples: held + k)) + held * 8 * k
          + 12 * k * k,
        flops: Double(seeds)
          * (pass * Double(n + k) + products + Double(n + k) * Double(k) * Double(k)), share: 0.4))
    let shape = WorkShape(
      examples: n, queries: m, features: scoring.isExact ? nil : k, footprint: example, pass: pass,
      network: network, isSequence: isSequence, budget: KernelGradients.standardBudget)
    let c = Double(scoring.checkpoints)
    let cost = scoring.method.cost(shape)
    steps.append(
      step(
        "score (\(scoring.method.name)\(scoring.isExact ? "" : " on features"))", rows: m,
        disk: m * n * 4, peak: cost.peakBytes, flops: c * cost.flops, share: 0.4))
    if !isSequence && scoring.isExact {
      let margins = Method.ntkLeaveOneOut.cost(shape.asking(0))
      steps.append(
        step(
          "mislabeled", rows: n, disk: 0, peak: margins.peakBytes, flops: c * margins.flops,
          share: 0.4))
    }
    self.init(trainingExamples: n, queries: m, parameters: p, rate: rate, steps: steps)
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

extension ExampleFootprint.Block {
  /// Whether exact kernels write the gradient out.
  fileprivate func isWrittenOut(_ functions: Int) -> Bool {
    FactorBlock.prefersFullGradients(
      pairs: positions * positions, left: functions * left, right: right)
  }
}

extension ExampleFootprint {
  /// Bytes of an example's gradients that an exact kernel keeps, for so many functions of the outputs.
  func keptBytes(functions: Int) -> Int {
    if functions == 1 { return kept }
    return 4
      * blocks.reduce(0) {
        let (left, right) = (functions * $1.left, $1.right)
        return $0
          + ($1.positions > 1
            ? min($1.positions * (left + right), left * right) : left + right)
      }
  }

  /// Bytes of the largest slice that a kernel writes out at a time.
  func sliceBytes(functions: Int, examples: Int) -> Int {
    4
      * blocks.reduce(0) {
        $1.isWrittenOut(functions)
          ? max($0, min(FactorBlock.sliceCount, examples * functions * $1.left * $1.right)) : $0
      }
  }

  /// Flops of one dot product of two examples' gradients.
  func pairFlops(functions: Int) -> Double {
    blocks.reduce(0) {
      let (t, left, right) = (Double($1.positions), Double(functions * $1.left), Double($1.right))
      return $0 + 2 * ($1.isWrittenOut(functions) ? left * right : t * t * (left + right))
    }
  }

  /// Flops of writing one example's gradients out where kernels do.
  func gradientFlops(functions: Int) -> Double {
    blocks.reduce(0) {
      $0
        + ($1.isWrittenOut(functions)
          ? 2 * Double($1.positions) * Double(functions * $1.left) * Double($1.right) : 0)
    }
  }
}
