import Datasets
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Steps", .serialized)
struct StepTests {
  private func trainer(
    _ optimizer: OptimizerConfiguration = .sgd(momentum: 0.9), batch: Int = 8, epochs: Int = 3,
    examples: Int = 21, seed: UInt64 = 1, schedule: ScheduleConfiguration.Kind = .constant,
    microBatch: Int? = nil, dropout: Float = 0.3
  ) throws -> Trainer {
    var configuration = TrainingConfiguration(
      optimizer: optimizer, rate: 0.1, schedule: ScheduleConfiguration(schedule), batch: batch,
      epochs: epochs)
    configuration.microBatch = microBatch
    return try Trainer(
      network: .multilayerPerceptron(
        inputShape: [2], hidden: [6], outputs: 4, activation: .tanh, dropout: dropout),
      configuration: configuration, data: quadrants(examples), seed: seed)
  }

  private func expectEqual(_ a: TrainingState, _ b: TrainingState) {
    #expect(a.parameters == b.parameters && a.optimizer.buffers.count == b.optimizer.buffers.count)
    for (x, y) in zip(a.optimizer.buffers, b.optimizer.buffers) { #expect(x.value == y.value) }
    #expect((a.epoch, a.step) == (b.epoch, b.step))
  }

  @Test("steps one by one are the training, with batches at hand or found")
  func oneByOne() throws {
    let trainer = try trainer(schedule: .cosine(minimum: 0.01), microBatch: 3)
    let whole = try trainer.train()
    var (found, given) = (trainer.initialState(), trainer.initialState())
    while found.epoch < 3 { try trainer.step(&found) }
    for epoch in 1...3 {
      for batch in trainer.batches(epoch: epoch) { try trainer.step(&given, batch) }
    }
    expectEqual(found, whole)
    expectEqual(given, whole)
    #expect((whole.epoch, whole.step) == (3, 9))
  }

  @Test("an epoch goes on in its middle, and what is behind has no signals")
  func middle() throws {
    let trainer = try trainer()
    var (whole, half) = (trainer.initialState(), trainer.initialState())
    let all = try trainer.runEpoch(&whole)
    let first = try trainer.step(&half)
    #expect((half.epoch, half.step) == (0, 1))
    let rest = try trainer.runEpoch(&half)
    expectEqual(half, whole)
    let (losses, left) = (try #require(all[.loss]), try #require(rest[.loss]))
    for row in 0..<21 {
      #expect(first.rows.contains(row) ? left[row].isNaN : left[row] == losses[row])
    }
    #expect(first.rows.map { losses[$0] } == first.losses)
  }

  @Test("batches have the order's rows, the schedule's rates and whole parts")
  func batches() throws {
    let trainer = try trainer(batch: 8, schedule: .step(every: 2, factor: 0.5), microBatch: 3)
    for epoch in 1...3 {
      let batches = trainer.batches(epoch: epoch)
      #expect(batches.map(\.rows) == trainer.order.batches(epoch: epoch))
      for (index, batch) in batches.enumerated() {
        #expect(batch.epoch == epoch && batch.step == (epoch - 1) * 3 + index && batch.seed == 1)
        #expect(batch.rate == (epoch < 3 ? 0.1 : 0.05))
        #expect(batch.parts == [index < 2 ? [0..<3, 3..<6, 6..<8] : [0..<3, 3..<5]])
        #expect(trainer.batch(at: batch.step) == batch)
        let draws = batch.dropout(from: 3)
        #expect((draws.seed, draws.step, draws.firstExample) == (1, UInt64(batch.step), 3))
      }
    }
    var walked: [Int] = []
    trainer.forEachBatch(in: 2..<7) { walked.append($0.step) }
    #expect(walked == [2, 3, 4, 5, 6])
    trainer.forEachBatch(in: 4..<4) { walked.append($0.step) }
    #expect(walked.count == 5)
  }

  @Test("a record has the losses before the step, their mean, and the report's gradient")
  func record() throws {
    let trainer = try trainer(dropout: 0)
    let reports = Mutex<[StepReport]>([])
    _ = try trainer.train(
      hooks: TrainingHooks(afterStep: { report in reports.withLock { $0.append(report) } }))
    var state = trainer.initialState()
    let data = quadrants(21)
    for report in reports.withLock({ $0 }) {
      let batch = trainer.batch(at: state.step)
      #expect(try trainer.gradient(state, batch) == report.gradient)
      #expect(
        trainer.inputs(of: batch, places: 1..<3)
          == data.inputs.gathered(Array(batch.rows[1..<3])))
      let predicted = Predictor(
        network: trainer.network, parameters: state.parameters, loss: .crossEntropy
      ).predictions(for: data, rows: batch.rows)
      let record = try trainer.step(&state, batch)
      #expect(record == report.record && report.rows == batch.rows && report.rate == batch.rate)
      #expect(relativeDifference(record.losses, predicted.losses) < 1e-5)
      #expect(abs(record.loss - predicted.meanLoss) < 1e-5)
    }
    #expect(state.step == 9)
  }

  @Test("images and targets are those of the step's passes")
  func inputs() throws {
    let inputs = Tensor(uninitialized: [5, 4, 4])
    for i in 0..<inputs.count { inputs.storage.base[i] = Float(i % 13) }
    var configuration = TrainingConfiguration(rate: 0.1, batch: 3, epochs: 2)
    configuration.augmentation = Augmentation(flips: true, crop: 1)
    let trainer = try Trainer(
      network: .multilayerPerceptron(inputShape: [4, 4], hidden: [2], outputs: 2),
      configuration: configuration,
      data: Dataset(inputs: inputs, targets: .classes([0, 1, 0, 1, 1], names: ["a", "b"])),
      rows: [4, 2, 0, 1], seed: 3)
    let batch = trainer.batch(at: 3)
    let rows = batch.rows.map { [4, 2, 0, 1][$0] }
    #expect(batch.epoch == 2 && rows.count == 1)
    #expect(
      trainer.inputs(of: batch, places: 0..<1)
        == Augmentation(flips: true, crop: 1).applied(
          to: inputs.gathered(rows), examples: batch.rows, epoch: 2, seed: 3))
    guard case .classes(let classes) = trainer.targets(of: batch, places: 0..<1) else {
      Issue.record("no classes")
      return
    }
    #expect(classes == [[0, 1, 0, 1, 1][rows[0]]])
  }

  @Test("a batch that is not the state's next, or of another training, is refused by what differs")
  func refused() throws {
    let own = try trainer()
    let start = own.initialState()
    func field(_ batch: TrainingBatch, _ state: TrainingState? = nil) -> String? {
      var after = state ?? start
      let error = diagnosed { try own.step(&after, batch) }
      #expect(after.parameters == (state ?? start).parameters && after.step == start.step)
      guard case .otherStep(let field, _, _)? = error as? ReplayError else { return nil }
      return field
    }
    #expect(field(own.batch(at: 1)) == "the step")
    #expect(field(try trainer(seed: 2).batch(at: 0)) == "the seed")
    #expect(field(try trainer(batch: 7).batch(at: 0)) == "the batch size")
    #expect(field(try trainer(examples: 20).batch(at: 0)) == "the number of examples")
    let next = own.batch(at: 0)
    #expect(field(next, try trainer(.sgd()).initialState()) == "the optimizer")
    let other = TrainingState(
      parameters: Tensor(repeating: 0, shape: [3]), optimizer: .sgd(momentum: 0.9))
    #expect(field(next, other) == "the number of parameters")
    #expect(
      diagnosed { _ = try own.gradient(start, own.batch(at: 4)) }?.description == """
        error: the step does not fit: 0 expected, 4 given.
          at:  a training's step
          fix: take the state and the batches of one training, in their order: batches(epoch:) \
        has them.
        """)
  }
}
