// Letters: n training examples, s forgotten examples S, p parameters, C outputs.
import Datasets
import Foundation
import Influence
import Networks
import Randomness
import Runs
import Synchronization
import Tensors
import Training

/// The short trainings by which a network is to forget some of its training examples.
///
/// Each begins with the weights at the last checkpoint of a seed of the run. A function of run, examples,
/// epochs and seeds: the same bits for any thread count.
public struct UnlearnTraining: Sendable {
  /// Passes over the examples unless told otherwise.
  public static let standardEpochs = 5
  /// Fewest visits of an epoch of `matching`, where the training set has as many.
  static let leastVisits = 2_048
  /// Visits of an epoch of `matching` for each forgotten example, at the most.
  static let visitsOfForgotten = 20
  /// The share of those visits that is to forgotten examples.
  static let forgottenShare = 0.25
  /// The rate of `matching`, by Adam: outputs have curvatures of their own.
  static let matchingRate = 1e-3

  let influence: RunInfluence
  /// S, ascending.
  public let forgotten: [Int]
  /// The rows that stay, ascending.
  public let kept: [Int]
  let epochs: Int
  let seed: UInt64
  private let network: Network
  private let configuration: TrainingConfiguration
  private let matching: MatchingTargets

  /// What `matching` fine-tunes towards, made once for all seeds.
  private final class MatchingTargets: Sendable {
    /// Rows of the training set, forgotten ones first, and z* − z of each.
    struct Values {
      let rows: [Int]
      let changes: Tensor
    }

    let values = Mutex<Values?>(nil)
  }

  /// The unlearning of some rows of a run's training set.
  ///
  /// - Parameters:
  ///   - rows: S, from one to all but one.
  ///   - seed: of everything that is drawn.
  /// - Throws: `CurationError.notDefined` for sequences; `RunError.noTraining`, `.noNetwork`.
  public init(
    _ influence: RunInfluence, forgetting rows: [Int], epochs: Int = standardEpochs,
    seed: UInt64 = 0
  ) throws {
    let run = influence.run
    network = try run.networkToTrain()
    if influence.isSequence {
      throw CurationError.notDefined(
        what: "unlearning",
        reason: "outputs without examples are predicted by a regression on labels, and these are "
          + "sequences", run: run.name, remedy: "use a run whose examples have classes or numbers")
    }
    (self.influence, self.epochs, self.seed) = (influence, epochs, seed)
    forgotten = rows.sorted()
    let isGone = Set(rows)
    kept = (0..<influence.data.train.count).filter { !isGone.contains($0) }
    precondition(!rows.isEmpty && !kept.isEmpty, "\(rows.count) forgotten, \(kept.count) kept")
    configuration = try run.training()
    matching = MatchingTargets()
  }

  /// The weights at the last checkpoint of a seed of the run, p values.
  public func start(_ runSeed: UInt64) throws -> Tensor {
    try influence.parameters(of: try influence.run.checkpoint(seed: runSeed))
  }

  /// The weights at the end, p values.
  ///
  /// - Parameter start: the weights at the beginning.
  /// - Throws: `TrainingError.diverged`; errors of features that are collected; `JobCancelled`.
  public func parameters(
    by method: UnlearnMethod, from start: Tensor, control: JobControl = .silent
  ) throws -> Tensor {
    do {
      return switch method {
      case .matching: try matched(start, control)
      case .fineTuning: try fineTuned(start, control)
      case .ascent: try ascended(start, control)
      case .salun: try relabelled(start, control)
      }
    } catch TrainingError.cancelled {
      throw JobCancelled()
    }
  }

  private func draws(_ index: UInt64) -> RandomStream {
    RandomStream(seed: seed, purpose: .subset, index: 5 << 32 + index)
  }

  /// The trainings' own configuration at another length, falling to a rate of 0.
  private func shortened() -> TrainingConfiguration {
    var short = configuration
    short.epochs = epochs
    short.schedule = ScheduleConfiguration(.cosine(minimum: 0))
    return short
  }

  private func hooks(_ control: JobControl) -> TrainingHooks {
    TrainingHooks(isCancelled: { control.isCancelled })
  }

  // MARK: Matching

  /// ½‖z(x) − z*(x)‖² over forgotten examples and a sample of the others.
  private func matched(_ start: Tensor, _ control: JobControl) throws -> Tensor {
    let train = influence.data.train
    let found = try targets(control)
    let rows = found.rows
    let z = predictor(start).predictions(for: train, rows: rows).logits
    let target = Tensor(uninitialized: z.shape)
    for i in 0..<z.count {
      target.storage.base[i] = z.storage.base[i] + found.changes.storage.base[i]
    }
    let repeats = max(
      1, Int(UnlearnTraining.forgottenShare * Double(visits) / Double(forgotten.count)))
    let places =
      (0..<repeats).flatMap { _ in Array(forgotten.indices) }
      + Array(forgotten.count..<rows.count)
    var short = shortened()
    short.optimizer = .adam()
    short.rate = UnlearnTraining.matchingRate
    (short.loss, short.augmentation) = (nil, nil)
    let trainer = try Trainer(
      network: network, configuration: short,
      data: Dataset(
        inputs: train.inputs.gathered(places.map { rows[$0] }),
        targets: .values(target.gathered(places))), seed: seed)
    return try trainer.train(
      from: TrainingState(parameters: start, optimizer: short.optimizer), hooks: hooks(control)
    ).parameters
  }

  /// Visits of an epoch of `matching`.
  private var visits: Int {
    min(
      influence.data.train.count,
      max(UnlearnTraining.leastVisits, UnlearnTraining.visitsOfForgotten * forgotten.count))
  }

  /// What is matched: all forgotten examples and as many others as an epoch has room for.
  private func targets(_ control: JobControl) throws -> MatchingTargets.Values {
    if let known = matching.values.withLock({ $0 }) { return known }
    let gone = Int(UnlearnTraining.forgottenShare * Double(visits))
    let others = min(kept.count, max(1, visits - max(gone, forgotten.count)))
    let rows = forgotten + draws(0).sample(others, of: kept.count).sorted().map { kept[$0] }
    let stage = control.stage("collecting features", unit: "rows")
    var search = MislabelJob(influence, seeds: Array(influence.run.seeds.prefix(1)))
    search.collecting = { done, total in
      try control.check()
      stage.update(done, of: total)
    }
    let made = MatchingTargets.Values(
      rows: rows,
      changes: try UnlearnTargets(influence, forgetting: forgotten, collecting: search)
        .changes(rows))
    matching.values.withLock { $0 = made }
    return made
  }

  // MARK: What it is compared with

  private func fineTuned(_ start: Tensor, _ control: JobControl) throws -> Tensor {
    let trainer = try Trainer(
      network: network, configuration: shortened(), data: influence.data.train, rows: kept,
      seed: seed)
    return try trainer.train(
      from: TrainingState(parameters: start, optimizer: configuration.optimizer),
      hooks: hooks(control)
    ).parameters
  }

  /// Up the forgotten examples' loss, to the mean loss of the test set, or that of guessing.
  private func ascended(_ start: Tensor, _ control: JobControl) throws -> Tensor {
    let (train, test) = (influence.data.train, influence.data.test)
    let gone = train.subset(forgotten)
    let limit: Double
    if test.count > 0 {
      limit = predictor(start).predictions(for: test).meanLoss
    } else {
      limit = Loss.guessing(gone.targets)
    }
    var rising = configuration
    (rising.rate, rising.epochs) = (-configuration.rate, 1_000_000)
    rising.schedule = ScheduleConfiguration()
    rising.batch = min(configuration.batch, forgotten.count)
    let trainer = try Trainer(network: network, configuration: rising, data: gone, seed: seed)
    var state = TrainingState(parameters: start, optimizer: rising.optimizer)
    let steps = epochs * ((train.count + configuration.batch - 1) / configuration.batch)
    while state.step < steps,
      predictor(state.parameters).predictions(for: gone).meanLoss < limit
    {
      try control.check()
      try trainer.step(&state)
    }
    return state.parameters
  }

  /// Fine-tuning on all examples, the forgotten ones with random targets, of the parameters that the
  /// forgotten ones' loss depends on most.
  private func relabelled(_ start: Tensor, _ control: JobControl) throws -> Tensor {
    let train = influence.data.train
    let gone = train.subset(forgotten)
    var whole = configuration
    (whole.batch, whole.epochs) = (forgotten.count, 1)
    let steepness = try Trainer(network: network, configuration: whole, data: gone, seed: seed)
    let gradient = try steepness.gradient(
      TrainingState(parameters: start, optimizer: whole.optimizer), steepness.batch(at: 0))
    let sizes = gradient.elements.map { abs($0) }
    // Of those that it depends on at all: frozen parameters and dead units have no part in it.
    let moving = sizes.filter { $0 > 0 }.sorted()
    let middle = moving.isEmpty ? 0 : moving[moving.count / 2]
    let stays = sizes.map { $0 < middle || $0 == 0 }
    let short = shortened()
    let trainer = try Trainer(
      network: network, configuration: short, data: try misled(train), seed: seed)
    var state = TrainingState(parameters: start, optimizer: short.optimizer)
    while state.epoch < epochs {
      for batch in trainer.batches(epoch: state.epoch + 1) {
        try control.check()
        try trainer.step(&state, batch)
        let values = state.parameters.writableStorage()
        for i in stays.indices where stays[i] { values.base[i] = start.storage.base[i] }
      }
    }
    return state.parameters
  }

  /// The training set with other targets of the forgotten examples: another class, or the numbers of an
  /// example that stays.
  private func misled(_ train: Dataset) throws -> Dataset {
    let stream = draws(1)
    switch train.targets {
    case .classes(var classes, let names):
      for (place, row) in forgotten.enumerated() {
        let other = Int32(stream.integer(below: max(1, names.count - 1), at: UInt64(place)))
        classes[row] = other < classes[row] ? other : (other + 1) % Int32(names.count)
      }
      return train.relabelled(classes)
    case .values(let values):
      var rows = Array(0..<train.count)
      for (place, row) in forgotten.enumerated() {
        rows[row] = kept[stream.integer(below: kept.count, at: UInt64(place))]
      }
      return Dataset(
        ids: train.ids, inputs: train.inputs, targets: .values(values.gathered(rows)),
        weights: train.weights)
    case .tokens: preconditionFailure("sequences are refused before")
    }
  }

  /// A predictor of the run at some weights.
  public func predictor(_ parameters: Tensor) -> Predictor {
    Predictor(network: network, parameters: parameters, loss: influence.run.loss)
  }
}

extension Loss {
  /// The mean loss of who knows nothing but the frequencies: log C of classes, half the variance of
  /// numbers.
  fileprivate static func guessing(_ targets: Targets) -> Double {
    switch targets {
    case .classes(_, let names): return log(Double(names.count))
    case .values(let values):
      let (n, width) = (values.rowCount, values.rowLength)
      var sum = 0.0
      for c in 0..<width {
        let column = (0..<n).map { Double(values.storage.base[$0 * width + c]) }
        let mean = column.reduce(0, +) / Double(max(1, n))
        sum += column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, n))
      }
      return sum / 2
    case .tokens: preconditionFailure("sequences are refused before")
    }
  }
}
