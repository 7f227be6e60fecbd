// Letters: n training examples, m queries, p parameters, k features, C checkpoints.
import Datasets
import Gradients
import Networks
import Runs
import Tensors
import Training

/// The steps of a plan, one function each.
struct PlannedSteps {
  let subject: WorkPlan.Subject
  /// SGEMM rate, flop/s.
  let rate: Double

  init(_ subject: WorkPlan.Subject, rate: Double) {
    (self.subject, self.rate) = (subject, rate)
  }

  /// The share of SGEMM's rate that training reaches.
  static let trainingShare = 0.3

  /// A step that takes some work.
  ///
  /// - Parameter peak: beside data and parameters.
  func step(
    _ name: String, rows: Int, disk: Int = 0, peak: Int, flops: Double,
    share: Double = ScoringCost.share
  ) -> WorkPlan.Step {
    WorkPlan.Step(
      name: name, rows: rows, diskBytes: disk, peakBytes: commonBytes + peak, flops: flops,
      minutes: flops / (rate * share) / 60)
  }

  private var n: Int { subject.data.train.count }
  private var m: Int { subject.data.test.count }
  private var isSequence: Bool { subject.data.train.vocabulary != nil }

  private var commonBytes: Int { WorkPlan.commonBytes(subject.attributed, subject.data) }

  /// On the exact kernel, as this machine holds gradients.
  private var exact: WorkShape {
    WorkShape(
      network: subject.attributed, examples: n, queries: 1,
      heldBytes: KernelGradients.standardBudget, epochs: subject.configuration?.epochs ?? 1,
      tokenShare: subject.attributed.tokenShare(of: subject.data.train.inputs))
  }

  /// Training and its dynamics; nil when the weights are there already.
  func training() -> WorkPlan.Step? {
    guard let configuration = subject.configuration else { return nil }
    let p = subject.trained.parameterCount
    let kept = configuration.checkpoints.numbers(epochs: configuration.epochs).count
    return step(
      "train", rows: n, disk: subject.seeds * (kept * p * 4 + configuration.epochs * n * 6 * 4),
      peak: trainingPeak(configuration, models: configuration.seedCount),
      flops: subject.trained.footprint.trainingFlops * Double(n)
        * Double(configuration.epochs * subject.seeds), share: PlannedSteps.trainingShare)
  }

  /// Seeds are trained side by side, each with a state of its own; parts of a batch by the workers that
  /// are left, their gradients beside the sum.
  func trainingPeak(_ configuration: TrainingConfiguration, models: Int) -> Int {
    let network = subject.trained
    let footprint = network.footprint
    let evaluated = network.examplesAtATime(
      atMost: max(1, 1_024 / max(1, network.outputSize / max(1, network.outputCount))))
    // A batch with batch norm goes whole, whatever was asked for: training refuses the rest.
    let microBatch = (try? configuration.examplesAtATime(in: network)) ?? configuration.batch
    let atOnce = min(models, Workers.count)
    let size = min(n, microBatch)
    let part = TrainingConfiguration.partSize(of: size, in: network)
    let gradients = part < size ? 2 + (size - 1) / part : 1
    let inPass = min(size, part * max(1, Workers.count / atOnce))
    let passing = max(
      inPass * footprint.bytes(),
      min(max(n, m), evaluated) * (footprint.saved + footprint.largest))
    return atOnce
      * (4 * network.parameterCount * (1 + gradients + configuration.optimizer.bufferCount)
        + passing)
  }

  /// Features of the last checkpoint of each seed.
  func collecting() -> WorkPlan.Step {
    let cost = CollectionCost(exact, subject.projection, .one)
    let k = exact.on(subject.projection).features ?? 0
    return step(
      "collect", rows: n * subject.seeds,
      disk: planned(
        bytes: Double(subject.seeds) * Double(n) * (Double(k) * Double(subject.featureBytes) + 20)),
      peak: cost.peakBytes(examples: n), flops: Double(subject.seeds) * cost.flops(examples: n))
  }

  /// One query by every method, on the exact kernel where there can be one, and on features.
  func queries() -> [WorkPlan.Step] {
    let methods = subject.methods.methods.filter {
      (try? $0.requireFit(subject.data.train)) != nil && !$0.replays
        && $0.isWithinLimits(examples: n, parameters: subject.attributed.selectedCount)
    }
    let kernels: [WorkPlan.Step] = [nil, subject.projection].flatMap { projection in
      methods.filter { projection == nil ? hasExact($0) : $0.readsFeatures }.map { method in
        let cost = scoring(method, exact.on(projection))
        return step(
          "query (\(method.name)\(projection == nil ? "" : " on features"))", rows: 1,
          peak: cost.peakBytes, flops: cost.flops)
      }
    }
    return kernels + replays()
  }

  /// One query by every method that goes through the training again, with the states that are kept for
  /// it; none for weights that were not trained here.
  private func replays() -> [WorkPlan.Step] {
    guard let configuration = subject.configuration else { return [] }
    let states = ReplayPlan(configuration, network: subject.trained, examples: n)
    return subject.methods.methods.filter(\.replays).map { method in
      let cost = scoring(method, exact)
      return step(
        "query (\(method.name))", rows: 1,
        disk: planned(bytes: Double(subject.seeds) * states.diskBytes),
        peak: cost.peakBytes + planned(bytes: states.memoryBytes), flops: cost.flops)
    }
  }

  /// All scores by the default method.
  func scoring() -> WorkPlan.Step {
    let wished = isSequence ? Method.trak : .trajectory
    let choice = KernelChoice(
      kernel: .auto, exactLimit: subject.exactLimit, examples: n,
      exact: scoring(wished, exact), stored: nil)
    let collecting = CollectionCost(exact, subject.projection, .one)
    let usesFeatures =
      choice.usesFeatures
      || subject.exactLimit == nil
        && KernelChoice.paysToCollect(
          subject.projection, examples: n,
          flops: Double(subject.seeds) * collecting.flops(examples: n),
          insteadOf: scoring(wished, exact).flops)
    let method = usesFeatures ? Method.trak : wished
    let shape = exact.asking(m).on(usesFeatures ? subject.projection : nil)
    let cost = ScoringCost(
      method, shape, checkpoints: checkpoints(of: method), keeps: false,
      queriesAtATime: Ensemble.queriesAtATime(examples: n, isExact: !usesFeatures))
    return step(
      "score (\(method.name)\(usesFeatures ? " on features" : ""))", rows: m,
      disk: planned(bytes: 4 * Double(m) * Double(n)), peak: cost.peakBytes, flops: cost.flops)
  }

  /// Leave-one-out margins at the last checkpoint of each seed; nil for sequences.
  ///
  /// With the collecting of their features where the exact kernel is too large.
  func mislabeled() -> WorkPlan.Step? {
    if isSequence { return nil }
    let method = Method.ntkLeaveOneOut
    guard !hasExact(method) else {
      let cost = ScoringCost(
        method, exact.asking(0), checkpoints: subject.seeds, keeps: false)
      return step("mislabeled", rows: n, peak: cost.peakBytes, flops: cost.flops)
    }
    let projection = ProjectionChoice(kind: .landmarks, dimension: 2_048)
    let made = CollectionCost(exact, projection, .outputs)
    let cost = ScoringCost(
      method, exact.asking(0).on(projection), checkpoints: subject.seeds, keeps: false)
    let k = min(projection.dimension, n)
    return step(
      "mislabeled", rows: n, disk: subject.seeds * n * (4 * k + 20),
      peak: max(made.peakBytes(examples: n), cost.peakBytes),
      flops: Double(subject.seeds) * made.flops(examples: n) + cost.flops)
  }

  /// Whether a method can be had on the exact kernel.
  private func hasExact(_ method: Method) -> Bool {
    if !method.needsSolve { return true }
    if let limit = subject.exactLimit { return n <= limit }
    return KernelChoice.bytes(examples: n) <= KernelChoice.matrixBytes
  }

  private func scoring(_ method: Method, _ shape: WorkShape) -> ScoringCost {
    ScoringCost(method, shape, checkpoints: checkpoints(of: method))
  }

  /// The checkpoints that a method takes unless told otherwise.
  private func checkpoints(of method: Method) -> Int {
    guard method.checkpoints == .logSpaced else { return subject.seeds }
    let spaced = Set(CheckpointSelection.log.numbers(epochs: subject.epochs.max() ?? 1))
    return subject.seeds * max(1, subject.epochs.count { spaced.contains($0) })
  }
}
