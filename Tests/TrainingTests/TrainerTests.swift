import Datasets
import Factors
import Foundation
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

/// A small classification problem: n points in the plane by quadrant.
func quadrants(_ n: Int) -> Dataset {
  var inputs = Tensor(uninitialized: [n, 2])
  var classes: [Int32] = []
  for i in 0..<n {
    let angle = Double(i) * 2.399963
    let radius = 0.5 + Double(i % 7) / 7
    inputs[i, 0] = Float(radius * cos(angle))
    inputs[i, 1] = Float(radius * sin(angle))
    classes.append((inputs[i, 0] > 0 ? 1 : 0) + (inputs[i, 1] > 0 ? 2 : 0))
  }
  return Dataset(inputs: inputs, targets: .classes(classes, names: ["a", "b", "c", "d"]))
}

@Suite("Trainer", .serialized)
struct TrainerTests {
  func trainer(
    _ data: Dataset, rows: [Int]? = nil, dropout: Float = 0, epochs: Int = 3, batch: Int = 8,
    optimizer: OptimizerConfiguration = .sgd(momentum: 0.9), rate: Double = 0.1, seed: UInt64 = 1
  ) throws -> Trainer {
    try Trainer(
      network: .multilayerPerceptron(
        inputShape: [2], hidden: [6], outputs: 4, activation: .tanh, dropout: dropout),
      configuration: TrainingConfiguration(
        optimizer: optimizer, rate: rate, batch: batch, epochs: epochs), data: data, rows: rows,
      seed: seed)
  }

  @Test("one step of linear regression is what a hand computes")
  func byHand() throws {
    let data = Dataset(
      inputs: Tensor([1, 3], shape: [2, 1]), targets: .values(Tensor([2, 4], shape: [2, 1])))
    let trainer = try Trainer(
      network: try ModelConfiguration.linear().network(inputShape: [1], outputs: 1),
      configuration: TrainingConfiguration(rate: 0.5, batch: 2, epochs: 1), data: data)
    var state = trainer.initialState()
    state.parameters = Tensor([1, 0], shape: [2])
    let signals = try trainer.runEpoch(&state)
    // Both errors are −1: the mean gradients are −2 for the weight and −1 for the bias.
    #expect(state.parameters.elements == [2, 0.5])
    #expect(signals[.loss] == [0.5, 0.5])
    #expect(signals[.el2n] == [1, 1])
    #expect(signals[.gradientNorm] == [Float(2).squareRoot(), Float(10).squareRoot()])
    #expect(signals[.margin] == nil && signals[.correct] == nil)
    #expect((state.epoch, state.step) == (1, 1))
  }

  @Test("signals are those of a plain fp64 loop at the parameters before the step")
  func signals() throws {
    let data = quadrants(12)
    let trainer = try trainer(data, batch: 12)
    var state = trainer.initialState()
    let start = state.parameters
    let signals = try trainer.runEpoch(&state)
    let logits = trainer.network.uncheckedOutputs(data.inputs, parameters: start)
    let (gradients, _) = try trainer.network.exampleGradients(data.inputs, parameters: start) {
      Loss.crossEntropy.gradient($0, TargetValues(data.targets))
    }
    let full = gradients.fullGradients(parameterCount: trainer.network.parameterCount)
    let classes = try #require(data.classes)
    for i in 0..<12 {
      let z = (0..<4).map { Double(logits[i, $0]) }
      let y = Int(classes[i])
      let total = z.reduce(0) { $0 + exp($1) }
      let p = z.map { exp($0) / total }
      let el2n = (0..<4).reduce(0.0) { $0 + pow(p[$1] - ($1 == y ? 1 : 0), 2) }.squareRoot()
      let norm = full.row(i).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let expected: [(ExampleSignal, Double)] = [
        (.loss, -log(p[y])), (.margin, log(p[y] / (1 - p[y]))), (.probability, p[y]),
        (.correct, z.max() == z[y] ? 1 : 0), (.el2n, el2n), (.gradientNorm, norm),
      ]
      for (signal, value) in expected {
        let found = Double(try #require(signals[signal])[i])
        #expect(abs(found - value) < 1e-5 * max(1, abs(value)), "\(signal) of \(i)")
      }
    }
  }

  @Test("training on rows is training on that subset, to the bit", arguments: [Float(0), 0.3])
  func subset(dropout: Float) throws {
    let data = quadrants(30)
    let rows = (0..<30).filter { $0 % 3 != 0 }
    let a = try trainer(data, rows: rows, dropout: dropout).train()
    let b = try trainer(data.subset(rows), dropout: dropout).train()
    #expect(a.parameters.elements == b.parameters.elements)
    #expect(
      a.parameters.elements != (try trainer(data, dropout: dropout).train()).parameters.elements)
  }

  @Test("with signals or without, the parameters have the same bits", arguments: [Float(0), 0.3])
  func silent(dropout: Float) throws {
    let trainer = try trainer(quadrants(30), dropout: dropout)
    var state = trainer.initialState()
    for _ in 0..<3 { _ = try trainer.runEpoch(&state) }
    let plain = try trainer.train()
    #expect(plain.parameters.elements == state.parameters.elements)
    #expect(plain.optimizer.buffers[0].value == state.optimizer.buffers[0].value)
    #expect((plain.epoch, plain.step) == (state.epoch, state.step))
    let factored = try trainer.train(hooks: TrainingHooks(afterStep: { _ in }))
    #expect(factored.parameters.elements == state.parameters.elements)
  }

  @Test("wide inputs: one and two workers, in company or alone, give the same bits")
  func wideInputs() throws {
    var inputs = Tensor(uninitialized: [70, 272])
    for i in 0..<inputs.count { inputs[i] = Float((i * 7919) % 2003) / 1001 - 1 }
    let data = Dataset(
      inputs: inputs, targets: .classes((0..<70).map { Int32($0 % 3) }, names: ["a", "b", "c"]))
    let trainers = try (0..<3).map { seed in
      try Trainer(
        network: .multilayerPerceptron(
          inputShape: [272], hidden: [130], outputs: 3, dropout: 0.2),
        configuration: TrainingConfiguration(
          optimizer: .sgd(momentum: 0.9), rate: 0.05, batch: 32, epochs: 2), data: data,
        rows: Array(0..<35 + seed), seed: UInt64(seed))
    }
    let alone = try Execution.with(workers: 1) {
      try trainers.map { try $0.train().parameters.elements }
    }
    let two = try Execution.with(workers: 2) {
      try trainers.map { try $0.train().parameters.elements }
    }
    #expect(two == alone)
    let together = Mutex<[Int: [Float]]>([:])
    Workers.run(slices: 3) { index in
      let found = try? trainers[index].train().parameters.elements
      together.withLock { $0[index] = found }
    }
    #expect(together.withLock { found in (0..<3).map { found[$0] } } == alone)
  }

  @Test(
    "one and two workers give the same bits",
    arguments: [
      OptimizerConfiguration.sgd(momentum: 0.9, nesterov: true), .adamw(),
    ])
  func workers(optimizer: OptimizerConfiguration) throws {
    let data = quadrants(200)
    let results = try [1, 2].map { count in
      try Execution.with(workers: count) {
        let trainer = try Trainer(
          network: .multilayerPerceptron(
            inputShape: [2], hidden: [64, 600], outputs: 4, dropout: 0.2),
          configuration: TrainingConfiguration(
            optimizer: optimizer, rate: 0.01, batch: 150, epochs: 2), data: data)
        var state = trainer.initialState()
        let signals = [try trainer.runEpoch(&state), try trainer.runEpoch(&state)]
        return (state.parameters.elements, signals.map(\.values.elements))
      }
    }
    #expect(results[0].0 == results[1].0)
    #expect(results[0].1 == results[1].1)
  }

  @Test("every epoch visits every example once, each epoch and seed in its own order")
  func order() {
    for (count, batch) in [(10, 3), (1, 5), (8, 4)] {
      let order = BatchOrder(count: count, batch: batch, seed: 9)
      let batches = order.batches(epoch: 1)
      #expect(batches.count == order.stepsPerEpoch)
      #expect(batches.dropLast().allSatisfy { $0.count == batch })
      #expect(batches.flatMap { $0 }.sorted() == Array(0..<count))
    }
    let order = BatchOrder(count: 100, batch: 10, seed: 9)
    #expect(order.permutation(epoch: 1) != order.permutation(epoch: 2))
    #expect(
      order.permutation(epoch: 1)
        != BatchOrder(count: 100, batch: 10, seed: 8).permutation(epoch: 1))
    #expect(order.permutation(epoch: 2) == order.permutation(epoch: 2))
  }

  @Test("a run can be replayed from its hooks: every step from before to after")
  func hooks() throws {
    let data = quadrants(20)
    let trainer = try trainer(data)
    let reports = Mutex<[StepReport]>([])
    let epochs = Mutex<[EpochReport]>([])
    let state = try trainer.train(
      hooks: TrainingHooks(
        afterStep: { report in reports.withLock { $0.append(report) } },
        afterEpoch: { report in epochs.withLock { $0.append(report) } }))
    let steps = reports.withLock { $0 }
    #expect(steps.map(\.step) == Array(0..<9))
    #expect(steps.map(\.rows) == (1...3).flatMap { trainer.order.batches(epoch: $0) })
    #expect(steps[0].before == trainer.initialState().parameters)
    #expect(steps[8].after == state.parameters)
    var optimizer = Optimizer(.sgd(momentum: 0.9), parameterCount: steps[0].before.count)
    for (step, report) in steps.enumerated() {
      var parameters = report.before
      optimizer.update(&parameters, gradient: report.gradient, rate: report.rate, step: step)
      #expect(parameters == report.after, "step \(step)")
      if step > 0 { #expect(report.before == steps[step - 1].after, "step \(step)") }
      let full = report.factors.fullGradients(parameterCount: report.before.count)
      for k in 0..<report.before.count {
        let sum = (0..<full.rows).reduce(Float(0)) { $0 + full[$1, k] }
        #expect(abs(sum - report.gradient[k]) < 1e-6, "step \(step), parameter \(k)")
      }
    }
    let reported = epochs.withLock { $0 }
    #expect(reported.map(\.epoch) == [1, 2, 3])
    #expect(reported[2].parameters == state.parameters)
    #expect(reported[0].loss > reported[2].loss)
  }

  @Test("a diverging training stops with the step, and does not go on with NaN")
  func diverged() throws {
    let data = Dataset(
      inputs: Tensor([1e3, -2e3], shape: [2, 1]), targets: .values(Tensor([2, 4], shape: [2, 1])))
    let trainer = try Trainer(
      network: try ModelConfiguration.linear().network(inputShape: [1], outputs: 1),
      configuration: TrainingConfiguration(rate: 1, batch: 2, epochs: 50), data: data, seed: 3)
    let error = diagnosed { _ = try trainer.train() }
    let text = try #require(error?.description)
    #expect(text.contains("the training diverged: the loss is "))
    #expect(text.contains("fix: train with a smaller rate, or add a warm-up (schedule.warmup)."))
    #expect(error?.location.hasPrefix("seed 3, epoch ") == true && error?.exitCode == 1)
  }

  @Test("a cancelled training stops before its next step")
  func cancelled() throws {
    let count = Atomic<Int>(0)
    let hooks = TrainingHooks(isCancelled: {
      count.wrappingAdd(1, ordering: .relaxed).newValue > 4
    })
    let steps = Atomic<Int>(0)
    var counting = hooks
    counting.afterStep = { _ in steps.wrappingAdd(1, ordering: .relaxed) }
    #expect(throws: TrainingError.cancelled(run: "seed 1", resumable: false)) {
      try trainer(quadrants(20)).train(hooks: counting)
    }
    #expect(steps.load(ordering: .relaxed) == 4)
  }

  @Test("predictions by blocks are the network's outputs, with accuracy and mean loss")
  func predictions() throws {
    let data = quadrants(Predictor.blockSize + 3)
    let trainer = try trainer(data, epochs: 6, batch: 64)
    let predictor = Predictor(
      network: trainer.network, parameters: try trainer.train().parameters, loss: .crossEntropy)
    let all = predictor.predictions(for: data)
    #expect(all.logits.shape == [data.count, 4])
    let tail = data.count - 3..<data.count
    #expect(
      all.logits.prefixSlice(tail)
        == trainer.network.uncheckedOutputs(
          data.inputs.prefixSlice(tail), parameters: predictor.parameters))
    let classes = try #require(data.classes)
    #expect(all.correct == zip(all.predicted, classes).map { $0 == $1 })
    #expect(try #require(all.accuracy) > 0.9)
    #expect(
      abs(all.meanLoss - all.losses.reduce(0.0) { $0 + Double($1) } / Double(data.count)) < 1e-12)
    #expect(zip(all.probabilities, all.losses).allSatisfy { abs(log($0) + $1) < 1e-4 })
    let some = predictor.predictions(for: data, rows: [5, 1])
    #expect(some.predicted == [all.predicted[5], all.predicted[1]])
  }
}
