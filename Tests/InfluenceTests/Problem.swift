import Datasets
import Gradients
import Networks
import Projections
import Randomness
import Runs
import Storage
import Tensors

@testable import Influence

/// Small networks and data, drawn from a seed.
enum Problem {
  static func values(_ shape: [Int], seed: UInt64, index: UInt64 = 0) -> Tensor {
    let result = Tensor(uninitialized: shape)
    RandomStream(seed: seed, purpose: .probe, index: index)
      .fillGaussian(result.storage.base, count: result.count)
    return result
  }

  static func classes(_ n: Int, features: Int = 4, classes: Int = 3, seed: UInt64) -> Dataset {
    let stream = RandomStream(seed: seed, purpose: .probe, index: 77)
    let labels = (0..<n).map { Int32(stream.integer(below: classes, at: UInt64($0))) }
    return Dataset(
      inputs: values([n, features], seed: seed),
      targets: .classes(labels, names: (0..<classes).map { "c\($0)" }))
  }

  static func numbers(_ n: Int, features: Int = 4, outputs: Int = 1, seed: UInt64) -> Dataset {
    Dataset(
      inputs: values([n, features], seed: seed),
      targets: .values(values([n, outputs], seed: seed, index: 5)))
  }

  static func source(
    features: Int = 4, hidden: [Int] = [5], outputs: Int = 3, seed: UInt64
  ) -> GradientSource {
    let network = Network.multilayerPerceptron(
      inputShape: [features], hidden: hidden, outputs: outputs, activation: .tanh)
    return GradientSource(network: network, parameters: network.initialParameters(seed: seed))
  }

  static func model(
    _ sources: [GradientSource], _ data: Dataset, _ method: Influence.Method,
    function: OutputFunction? = nil, weight: ExampleWeight? = nil,
    damping: DampingRule = .standard, profile: DampingProfile = .uniform,
    trajectory: [Float]? = nil, budget: Int = 6 << 30
  ) throws -> Ensemble {
    try Ensemble(
      checkpoints: exact(sources, data, method), training: data,
      options: ScoringOptions(
        method: method, classification: data.classes != nil, outputFunction: function,
        exampleWeight: weight, damping: damping, dampingProfile: profile),
      trajectoryResiduals: trajectory, memoryBudget: budget)
  }

  /// Places of one seed with the rates 0.1, 0.2, ….
  static func places(_ count: Int) -> [TrainingPlace] {
    (0..<count).map { TrainingPlace(seed: 0, rate: 0.1 * Double($0 + 1)) }
  }

  /// Checkpoints `c0`, `c1`, … with exact kernels.
  static func exact(
    _ sources: [any GradientProvider], _ data: Dataset, _ method: Influence.Method = .trak
  ) -> [ExactCheckpoint] {
    ExactCheckpoint.sharing(
      sources.enumerated().map { (name: "c\($0)", source: $1) },
      places: places(sources.count), training: data, method: method)
  }

  /// A method on a store's group for each source, with features of the given targets.
  static func features(
    _ sources: [any GradientProvider], _ data: Dataset, _ options: ScoringOptions,
    in folder: String,
    projection: ProjectionChoice = ProjectionChoice(kind: .identity, dimension: 1),
    residuals: [Float]? = nil
  ) throws -> Ensemble {
    let function = options.outputFunction.ofKernel(data.targets)
    let targets = options.method.targets(function).map { $0.storeTarget ?? .output(function) }
    let stores = try targets.map { target in
      let path = "\(folder)/\(target.name).h5"
      let collection = FeatureCollection(
        groups: sources.enumerated().map {
          .init(name: "c\($0)", source: $1, modelHash: "\($0)")
        }, target: target, projection: projection, training: data,
        identity: .sample)
      try collection.collect(data, to: path)
      return (target, try FeatureStoreReader(path))
    }
    return try Ensemble(
      checkpoints: try sources.enumerated().map { index, source in
        StoredCheckpoint(
          group: "c\(index)", place: places(sources.count)[index], source: source,
          features: try stores.map { target, store in
            StoredCheckpoint.Features(
              store: store, target: target,
              projector: try projection.projector(for: source, target: target, data))
          }, training: data)
      }, training: data, options: options, trajectoryResiduals: residuals)
  }
}

extension Dataset {
  /// The same inputs with other classes.
  func labelled(_ classes: [Int32]) -> Dataset {
    Dataset(ids: ids, inputs: inputs, targets: .classes(classes, names: classNames))
  }
}

extension GradientSource {
  /// ∇f of every example in double, n × p.
  func full(_ data: Dataset, _ function: OutputFunction) throws -> [[Double]] {
    let rows = try gradients(of: data, target: .output(function)).gradients
      .fullGradients(parameterCount: network.parameterCount)
    return (0..<rows.rows).map { rows.row($0).map(Double.init) }
  }

  /// ∇z_c of every example, C × n × p.
  func jacobian(_ data: Dataset) throws -> [[[Double]]] {
    if data.classes == nil { return [try full(data, .prediction)] }
    return try (0..<network.outputCount).map { c in
      try full(data.labelled([Int32](repeating: Int32(c), count: data.count)), .logit)
    }
  }
}
