// Letters: n training examples, p parameters.
import Datasets
import Evaluation
import Gradients
import Influence
import Networks
import Runs
import Storage
import Synchronization
import Tensors
import Training

/// The parts of a bank of decoys: part 2k is model k, its parameters and EL2N (p + n values), part
/// 2k + 1 what the regression says with it (margins and suggested classes, 2n values).
struct DecoyTraining {
  private let job: DecoyJob
  private let parts: PartFolder
  private let control: JobControl
  private let stage: JobStage
  private let network: Network
  private let configuration: TrainingConfiguration

  init(_ job: DecoyJob, _ parts: PartFolder, _ control: JobControl) throws {
    (self.job, self.parts, self.control) = (job, parts, control)
    stage = control.stage("training with decoys", unit: "models")
    network = try job.influence.run.networkToTrain()
    configuration = try job.influence.run.training()
  }

  /// Both rounds.
  func bank() throws -> DecoyBank {
    let first = try passes(job.design.firstDecoys(), from: 0)
    let second = try passes(job.design.secondDecoys(first), from: first.count)
    return DecoyBank(passes: first + second)
  }

  /// Models of some decoys, the first of which is model `start`.
  private func passes(_ decoys: [Decoys], from start: Int) throws -> [DecoyPass] {
    try train(decoys, from: start)
    return try decoys.enumerated().map { place, decoys in
      let model = start + place
      let (labels, n) = (decoys.labels, decoys.labels.count)
      let trained = try parts.read(2 * model, count: network.parameterCount + n)
      if !parts.has(2 * model + 1) {
        try control.check(isResumable: true)
        let found = try regression(
          model, Tensor(Array(trained[..<network.parameterCount]), shape: [network.parameterCount]),
          job.influence.data.train.relabelled(labels))
        try parts.write(found.margins + found.classes.map { Float($0) }, 2 * model + 1)
      }
      let scored = try parts.read(2 * model + 1, count: 2 * n)
      return DecoyPass(
        decoys: decoys, margins: Array(scored[..<n]),
        el2n: Array(trained[network.parameterCount...]), suggested: scored[n...].map { Int32($0) })
    }
  }

  /// Trains the models that have no part yet, as many side by side as memory has room for.
  private func train(_ decoys: [Decoys], from start: Int) throws {
    let room = try TrainingFootprint(
      network, configuration, examples: job.labels.count
    ).modelsAtATime()
    do {
      try parts.makeModels(
        decoys.indices.map { 2 * (start + $0) }, room: room,
        progress: { stage.update(start + $0, of: DecoyJob.models) }
      ) { part in
        try model(part / 2, decoys[part / 2 - start].labels)
      }
    } catch TrainingError.cancelled {
      throw JobCancelled(isResumable: (0..<DecoyJob.models).contains { parts.has(2 * $0) })
    }
  }

  /// The parameters at the end of a training, and the mean of EL2N over it.
  private func model(_ model: Int, _ labels: [Int32]) throws -> [Float] {
    let data = job.influence.data.train.relabelled(labels)
    // Seeds of their own: no model repeats the run's or a bank's.
    let trainer = try Trainer(
      network: network, configuration: configuration, data: data,
      seed: 3_000_000 + configuration.seed + UInt64(model))
    let sums = Mutex([Double](repeating: 0, count: data.count))
    let state = try trainer.train(
      hooks: TrainingHooks(
        afterEpoch: { report in
          guard let values = report.signals[.el2n] else { return }
          sums.withLock { sums in
            for (i, value) in values.enumerated() { sums[i] += Double(value) }
          }
        }, isCancelled: { [control] in control.isCancelled }))
    let epochs = Double(max(1, configuration.epochs))
    return state.parameters.elements + sums.withLock { $0.map { Float($0 / epochs) } }
  }

  /// The regression without each example at the end of a training.
  private func regression(
    _ model: Int, _ parameters: Tensor, _ data: Dataset
  ) throws -> LeaveOneOutPredictions {
    let name = "decoys-\(model)"
    let source = GradientSource(network: try job.influence.network, parameters: parameters)
    let checkpoint: any ScoredCheckpoint =
      job.scoring.usesFeatures
      ? try stored(name, source, data)
      : ExactCheckpoint(name: name, source: source, training: data)
    return try Ensemble(
      checkpoints: [checkpoint], training: data, options: job.scoring.options,
      exactLimit: job.scoring.exactLimit
    ).leaveOneOut()
  }

  /// The features of the trace kernel, collected beside the parts and deleted with them.
  private func stored(
    _ name: String, _ source: GradientSource, _ data: Dataset
  ) throws -> StoredCheckpoint {
    let bytes = source.parameters.elements.withUnsafeBytes { Array($0) }
    let projection = MislabelJob.standardFeatures
    let path = "\(parts.path)/\(name).h5"
    let stage = control.stage("collecting trace features", unit: "rows")
    try FeatureCollection(
      groups: [.init(name: name, source: source, modelHash: "\(SHA256.digest(of: bytes))")],
      target: .jacobian, projection: projection, training: data,
      identity: try job.influence.run.identity()
    ).collect(
      data, to: path,
      progress: { done, total in
        try control.check(isResumable: true)
        stage.update(done, of: total)
      })
    return StoredCheckpoint(
      group: name, source: source,
      features: [
        .init(
          store: try FeatureStoreReader(path), target: .jacobian,
          projector: try projection.projector(for: source, target: .jacobian, data))
      ], training: data)
  }
}
