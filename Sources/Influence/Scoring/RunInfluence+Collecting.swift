import Datasets
import Gradients
import Networks
import Projections
import Runs
import Storage

extension RunInfluence {
  /// The stores that a method reads, to be collected for it.
  public struct Collecting: Sendable {
    /// A store of one target.
    public struct Part: Sendable {
      /// What is differentiated.
      public let target: GradientSource.Target
      /// The work.
      public let collection: FeatureCollection
      /// Where it goes unless told otherwise.
      public let path: String
    }

    /// One a target.
    public let parts: [Part]
    /// The checkpoints whose features are collected.
    public let references: [CheckpointReference]
    /// How they were chosen.
    public let choice: CheckpointChoice
  }

  /// The work of collecting what a method reads on features.
  ///
  /// - Parameters:
  ///   - method: whose targets and checkpoints are collected.
  ///   - outputFunction: f; nil: the method's own.
  ///   - choice: the checkpoints; `standard`: the method's own.
  ///   - split: `train`, or `test` for query features.
  ///   - weighs: whether the features that the standard example weight reads are collected too:
  ///     those of the trace kernel, for weights that were not trained here.
  /// - Throws: `InfluenceError.notDefined` for features that the method could not read,
  ///   `InfluenceError.noCheckpoints`.
  public func collecting(
    for method: Method, outputFunction: OutputFunction? = nil, projection: ProjectionChoice,
    choice: CheckpointChoice = .standard, seeds: [UInt64]? = nil, split: String = "train",
    weighs: Bool = true
  ) throws -> Collecting {
    let references = try choice.references(of: run, seeds: seeds, method: method)
    let function =
      (outputFunction
      // One store for all methods, where the loss is a function of its f.
      ?? (method.isOfLoss && !isSequence ? Method.trak : method)
      .standardOutputFunction(classification: isClassification)).ofKernel(data.train.targets)
    guard method.readsFeatures else {
      throw InfluenceError.notDefined(
        name: "\(method.name) on features",
        reason: method.replays
          ? "it goes through the training itself"
          : "it takes gradients as they are, layer by layer, and features are projections",
        option: "‹method›")
    }
    if method.needs.contains(.labels) { try data.train.targets.requireLabels(method.name) }
    if method.parts.contains(where: { $0.gradients == .loss }) {
      try function.requireLoss(of: data.train.targets)
    }
    var targets = method.targets(function).map { $0.storeTarget ?? .output(function) }
    // Written out, the gradients of all outputs are wider than that of one.
    if weighs, method.weighs, split == "train", projection.kind != .identity,
      standsInForDynamics(references)
    {
      targets.append(.jacobian)
    }
    targets = targets.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    let groups = try groups(references)
    let identity = try run.identity()
    return Collecting(
      parts: targets.map { target in
        Collecting.Part(
          target: target,
          collection: FeatureCollection(
            groups: groups, target: target, projection: projection, training: data.train,
            identity: identity),
          path: storePath(split, target: target))
      }, references: references, choice: choice)
  }

  /// The features that a question with an open method is better answered on, where they are not there
  /// yet and the exact kernel costs much more than to collect them; nil for others.
  ///
  /// Of all layers and seeds only: a store is one of the run's.
  ///
  /// - Parameter exact: what the request is without them.
  /// - Throws: `InfluenceError.noCheckpoints`; errors of the run's files.
  public func collectingFirst(
    _ request: ScoringRequest, insteadOf exact: ResolvedScoring, methods: MethodTable = .standard
  ) throws -> Collecting? {
    let asked = request.completed(by: try ScoringRequest(defaultsOf: run, methods: methods))
    guard factors == nil, selectionText == nil, !exact.usesFeatures, !exact.usesSteps,
      asked.method == nil, asked.kernel ?? .auto == .auto, asked.exactLimit == nil,
      asked.seeds == nil
    else { return nil }
    let (projection, count, method) = (
      try standardProjection, data.train.count, exact.options.method
    )
    let exactFlops = cost(
      method, nil, 1, checkpointCount(exact.choice, exact.seeds, method), of: try network
    ).flops
    func pays(_ flops: Double) -> Bool {
      KernelChoice.paysToCollect(
        projection, examples: count, flops: flops, insteadOf: exactFlops)
    }
    // Most questions end here, before checkpoints are read for the work's identity.
    guard pays(0) else { return nil }
    let work = try collecting(
      for: standardMethod(asked.outputFunction, onFeatures: true).method,
      outputFunction: asked.outputFunction, projection: projection,
      choice: asked.checkpoints ?? .standard)
    guard try work.parts.allSatisfy({ try !AtomicFile.isThere($0.path) }) else { return nil }
    return pays(try cost(of: work, examples: count).flops) ? work : nil
  }
}
