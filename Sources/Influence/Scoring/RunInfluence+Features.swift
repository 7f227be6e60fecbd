import Datasets
import Foundation
import Gradients
import Networks
import Projections
import Runs
import Storage

extension RunInfluence {
  /// The run's store of a split's features: of an output function, or of all outputs.
  public func storePath(
    _ split: String = "train", target: GradientSource.Target = .output(.margin)
  ) -> String {
    "\(run.projectionsFolder)/\(split)\(target == .jacobian ? "-trace" : "").h5"
  }

  /// The stores that a method reads, each target once: features of the loss are those of any f.
  func storeTargets(_ options: ScoringOptions) -> [GradientSource.Target] {
    let function = options.outputFunction.ofKernel(data.train.targets)
    var targets = options.method.targets(function).reduce(into: [GradientSource.Target]()) {
      let wanted = $1.storeTarget ?? .output(function)
      if !$0.contains(wanted) { $0.append(wanted) }
    }
    // The weight is of the trace kernel, whatever the method's own.
    if options.exampleWeight.source == .leaveOneOut, !targets.contains(.jacobian) {
      targets.append(.jacobian)
    }
    return targets
  }

  /// The checkpoints of the run's stores that a scoring takes.
  func storedCheckpoints(
    _ scoring: ResolvedScoring
  ) throws -> ([any ScoredCheckpoint], [CheckpointReference]) {
    let targets = storeTargets(scoring.options)
    for target in targets {
      let path = storePath(target: target)
      guard try AtomicFile.isThere(path) else {
        if target == .jacobian, !scoring.options.method.reads(.jacobian) {
          throw InfluenceError.noTraceStore(
            path: path, run: run.name, weight: "\(scoring.options.exampleWeight)")
        }
        throw InfluenceError.noStore(
          path: path, run: run.name, method: scoring.options.method.name)
      }
    }
    let stores = try targets.map {
      try openStore(storePath(target: $0), target: $0, isOfLoss: scoring.options.method.isOfLoss)
    }
    // Every checkpoint of the stores, unless some are asked for.
    let isOpen = scoring.choice == .standard && scoring.seeds == nil
    let wanted = try (scoring.choice == .standard ? CheckpointChoice.all : scoring.choice)
      .references(of: run, seeds: scoring.seeds, method: scoring.options.method)
    let has = { (reference: CheckpointReference) in
      stores.allSatisfy { $0.reader.groups.contains(reference.groupName) }
    }
    let inPart = wanted.filter { reference in
      !has(reference) && stores.contains { $0.reader.groups.contains(reference.groupName) }
    }
    let absent = wanted.filter { !has($0) }
    let chosen = wanted.filter(has)
    guard !chosen.isEmpty, isOpen || scoring.choice == .standard || absent.isEmpty else {
      let groups = stores.map { $0.reader.groups.joined(separator: ", ") }
      throw InfluenceError.noCheckpoints(
        selection: absent.map(\.groupName).joined(separator: ", "),
        available: "features of \(groups.joined(separator: "; "))")
    }
    let passedOver = inPart.isEmpty ? [] : [passedOver(inPart, stores)]
    let checkpoints = try zip(chosen, run.places(of: chosen)).map { reference, place in
      let source = try source(reference)
      return StoredCheckpoint(
        group: reference.groupName, place: place, source: source,
        features: try stores.map {
          try $0.features(
            at: source, data.train, group: reference.groupName,
            said: reference == chosen[0] ? passedOver : [])
        },
        training: data.train)
    }
    return (checkpoints, chosen)
  }

  /// What to say of checkpoints that are in some of the stores that a method reads.
  private func passedOver(_ references: [CheckpointReference], _ stores: [OpenStore]) -> String {
    let lines = references.map { reference in
      let without = stores.filter { !$0.reader.groups.contains(reference.groupName) }
      return "\(reference.groupName), not in "
        + without.map { ($0.reader.path as NSString).lastPathComponent }.joined(separator: ", ")
    }
    return "checkpoints that are not in every store that is read are passed over: "
      + lines.joined(separator: "; ")
  }

  /// A store of this run's training features, checked against what the run is now.
  ///
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `InfluenceError.noCheckpoints`.
  package func store(
    _ path: String, target: GradientSource.Target
  ) throws -> FeatureStoreReader { try openStore(path, target: target).reader }

  /// A store with the choice of projector that made it.
  struct OpenStore {
    let reader: FeatureStoreReader
    let target: GradientSource.Target
    /// Its groups hold the checkpoints' parameters, which are not read again.
    let collection: FeatureCollection
    let queries: QueryFeatures?

    /// The first group's projector, which the fingerprint was compared by.
    let first: (group: String, projector: any Projector, notes: [String])

    func features(
      at source: any GradientProvider, _ training: Dataset, group: String, said: [String] = []
    ) throws -> StoredCheckpoint.Features {
      let (projector, notes) = try projector(at: source, training, group)
      return StoredCheckpoint.Features(
        store: reader, target: target, projector: projector, queries: queries, keeps: true,
        notes: said + notes)
    }

    private func projector(
      at source: any GradientProvider, _ training: Dataset, _ group: String
    ) throws -> (any Projector, notes: [String]) {
      if group == first.group { return (first.projector, first.notes) }
      var notes: [String] = []
      let projector = try collection.projection.projector(
        for: source, target: target, training, beside: reader, group: group,
        note: { notes.append($0) })
      return (projector, notes)
    }
  }

  /// Opens a store of this run's training features.
  ///
  /// - Parameter isOfLoss: whether features of any output function will do.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field when the store was made from
  ///   another model, data set, projector or output function; `InfluenceError.noCheckpoints`.
  func openStore(
    _ path: String, target: GradientSource.Target, isOfLoss: Bool = false
  ) throws -> OpenStore {
    let reader = try FeatureStoreReader(path)
    var target = target
    if isOfLoss, let name = reader.fingerprint["outputFunction"],
      let function = OutputFunction(rawValue: name)
    {
      target = .output(function)
    }
    let projection = try ProjectionChoice(
      stored: reader.fingerprint["projector"], file: path)
    let references = run.checkpoints.filter { reader.groups.contains($0.groupName) }
    guard let first = references.first else {
      throw InfluenceError.noCheckpoints(
        selection: "the store's groups \(reader.groups.joined(separator: ", "))",
        available: run.checkpoints.map(\.groupName).joined(separator: ", "))
    }
    let collection = FeatureCollection(
      groups: try groups(references), target: target,
      projection: projection, training: data.train, identity: try run.identity())
    // All but the projector first: what is kept beside the store is of the run that made it.
    try Fingerprint.requireEqual(
      expected: collection.fingerprint(
        of: data.train, projectorText: reader.fingerprint["projector"] ?? "",
        dtype: reader.layout.dtype),
      found: reader.fingerprint, file: path)
    // Landmarks have the same identity at every checkpoint: their rows.
    var notes: [String] = []
    let projector = try collection.projection.projector(
      for: try source(first), target: target, data.train, beside: reader,
      group: first.groupName, note: { notes.append($0) })
    try Fingerprint.requireEqual(
      expected: collection.fingerprint(
        of: data.train, projector: projector.identity, dtype: reader.layout.dtype),
      found: reader.fingerprint, file: path)
    return OpenStore(
      reader: reader, target: target, collection: collection,
      queries: try queryFeatures(like: reader, collection, projector: projector, path),
      first: (first.groupName, projector, notes))
  }

  /// The test split's store beside a store of training features, where it was made alike.
  ///
  /// One that was made otherwise says nothing about these features: queries go through the network.
  private func queryFeatures(
    like training: FeatureStoreReader, _ collection: FeatureCollection,
    projector: any Projector, _ path: String
  ) throws -> QueryFeatures? {
    let beside = storePath("test", target: collection.target)
    guard path == storePath(target: collection.target),
      FileManager.default.fileExists(atPath: beside)
    else { return nil }
    let reader = try FeatureStoreReader(beside)
    let references = run.checkpoints.filter { reader.groups.contains($0.groupName) }
    let wanted = FeatureCollection(
      groups: try groups(references), target: collection.target,
      projection: collection.projection, training: data.train, identity: collection.identity
    ).fingerprint(of: data.test, projector: projector.identity, dtype: reader.layout.dtype)
    guard wanted.differences(from: reader.fingerprint, for: .reading).isEmpty,
      reader.deletedRows.isEmpty
    else { return nil }
    return QueryFeatures(reader, of: data.test)
  }
}

extension Method {
  /// Whether its kernels are of a target.
  func reads(_ target: KernelTarget) -> Bool { targets(.margin).contains(target) }

  /// Whether it takes training gradients of the loss alone.
  var isOfLoss: Bool { parts.allSatisfy { $0.gradients == .loss } }
}
