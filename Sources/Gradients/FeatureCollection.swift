// Letters: n examples, k features.
import Datasets
import Factors
import Networks
import Projections
import Storage
import Tensors

/// The work of one feature store: a data set's projected output gradients at some checkpoints.
///
/// Streams blocks of examples through network and projector into the store; memory does not grow
/// with n. Finished shards are passed over, so that a killed collection continues.
public struct FeatureCollection: Sendable {
  /// One checkpoint of the store.
  public struct Group: Sendable {
    /// Name of the group, such as `seed-0/epoch-010`.
    public let name: String
    /// Where gradients at that checkpoint come from.
    public let source: any GradientProvider
    /// The checkpoint's `modelHash`.
    public let modelHash: String

    /// A checkpoint with its name and hash.
    public init(name: String, source: any GradientProvider, modelHash: String) {
      self.name = name
      self.source = source
      self.modelHash = modelHash
    }
  }

  /// What is recorded of every example beside its features.
  public static let outputColumns = ["output", "loss", "margin", "probability", "residual"]

  /// Examples that go through the projector at a time; shards hold whole multiples of it.
  public static let blockSize = 1_024

  /// The checkpoints.
  public let groups: [Group]
  /// What is differentiated: an output function, or all outputs side by side (the trace kernel).
  public let target: GradientSource.Target
  /// The projector's kind, dimension and seed.
  public let projection: ProjectionChoice
  /// The training set: landmarks are drawn from it.
  public let training: Dataset
  /// Model, training data and machine; weights, rows and layers are those of the other properties.
  public let identity: RunIdentity

  /// Examples that go through the projector at a time: `blockSize` unless a test wants them small.
  var block = FeatureCollection.blockSize
  /// Bytes of features in a shard, rounded down to whole blocks.
  var shardBytes = 128 << 20

  /// The work of a store.
  public init(
    groups: [Group], outputFunction: OutputFunction, projection: ProjectionChoice,
    training: Dataset, identity: RunIdentity
  ) {
    self.init(
      groups: groups, target: .output(outputFunction), projection: projection, training: training,
      identity: identity)
  }

  /// The work of a store of the features of some target.
  public init(
    groups: [Group], target: GradientSource.Target, projection: ProjectionChoice,
    training: Dataset, identity: RunIdentity
  ) {
    self.groups = groups
    self.target = target
    self.projection = projection
    self.training = training
    self.identity = identity
  }

  /// Collects `data` into the store at `path`; returns when it is finished and sealed.
  ///
  /// - Parameters:
  ///   - dtype: how features are stored.
  ///   - overwrite: whether a store of another fingerprint is replaced; else it is refused.
  ///   - part: the store of one group alone, made before from the same; its rows are taken over to
  ///     the bit. Nil, damaged or of something else: they are made here.
  ///   - progress: called with (rows done, rows in all) over all groups; throwing stops cleanly.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `GradientError`,
  ///   `ProjectionError`.
  public func collect(
    _ data: Dataset, to path: String, dtype: StorageType = .float32, overwrite: Bool = false,
    progress: (Int, Int) throws -> Void = { _, _ in },
    part: (Group) -> String? = { _ in nil }
  ) throws {
    guard let first = groups.first else { return }
    let projector = try projection.projector(for: first.source, target: target, training)
    let width = projector.dimension
    try Memory.require(
      projection.leastBytes(
        examples: min(data.count, block), width: width,
        parameters: first.source.parameterCount),
      for: "projecting to \(width) features", remedy: "choose fewer features (‹dimension›).")
    let rowBytes = max(1, width * dtype.byteCount)
    let rowsPerShard = max(1, shardBytes / rowBytes / block) * block
    let writer = try FeatureStoreWriter(
      path: path, rows: data.count, columns: width, dtype: dtype, groups: groups.map(\.name),
      outputColumns: FeatureCollection.outputColumns,
      fingerprint: fingerprint(of: data, projector: projector.identity, dtype: dtype),
      rowsPerShard: rowsPerShard, overwrite: overwrite)
    let total = data.count * groups.count
    var done = 0
    for (index, group) in groups.enumerated() {
      let missing = writer.missingRows(group: group.name)
      done += data.count - missing.reduce(0) { $0 + $1.count }
      try progress(done, total)
      guard !missing.isEmpty else { continue }
      if let part = whole(part(group), group, of: data, projector.identity, dtype) {
        for range in missing.flatMap({ $0.blocks(of: rowsPerShard) }) {
          try writer.write(
            group: group.name, rows: range,
            features: try part.readRows(group: group.name, range),
            outputs: try part.outputs(group: group.name, range))
          done += range.count
          try progress(done, total)
        }
        continue
      }
      let projector =
        index == 0
        ? projector : try projection.projector(for: group.source, target: target, training)
      for range in missing {
        var columns: [Float] = []
        try group.source.forEachFeatures(
          of: data, rows: range, atMost: block, projector: projector, target: target,
          seen: { columns += outputs($1, data.targets.subset(Array($0))).elements }
        ) { rows, features in
          try writer.write(
            group: group.name, rows: rows, features: features,
            outputs: Matrix(
              columns, rows: rows.count, columns: FeatureCollection.outputColumns.count))
          columns = []
          done += rows.count
          try progress(done, total)
        }
      }
    }
    try writer.finish(ids: data.storedIDs, labels: data.storedLabels)
  }

  /// The work of one group alone.
  public func part(_ group: Group) -> FeatureCollection {
    var part = FeatureCollection(
      groups: [group], target: target, projection: projection, training: training,
      identity: identity)
    (part.block, part.shardBytes) = (block, shardBytes)
    return part
  }

  /// The store of a group alone, every byte as it was written on a machine like this one.
  private func whole(
    _ path: String?, _ group: Group, of data: Dataset, _ projector: ProjectorIdentity,
    _ dtype: StorageType
  ) -> FeatureStoreReader? {
    guard let path, (try? Verification.verify(path)) != nil,
      let store = try? FeatureStoreReader(path),
      store.rows == data.count, store.groups == [group.name]
    else { return nil }
    let wanted = part(group).fingerprint(of: data, projector: projector, dtype: dtype)
    return wanted.differences(from: store.fingerprint, for: .goingOn).isEmpty ? store : nil
  }

  /// What a store of `data` is made from, field by field.
  public func fingerprint(
    of data: Dataset, projector: ProjectorIdentity, dtype: StorageType
  ) -> Fingerprint {
    fingerprint(of: data, projectorText: projector.canonicalText, dtype: dtype)
  }

  /// The same with a projector's identity as text, before the projector is made.
  public func fingerprint(
    of data: Dataset, projectorText: String, dtype: StorageType
  ) -> Fingerprint {
    var identity = identity
    identity.weights = groups.map { .init(checkpoint: $0.name, hash: $0.modelHash) }
    identity.layers = groups.first?.source.selectionText
    identity.examples = "\(data.contentHash)"
    if projection.kind != .landmarks || identity.trainingData == identity.examples {
      identity.trainingData = nil
    }
    var fingerprint = identity.fingerprint(of: .featureStore)
    fingerprint.append("outputFunction", target.name)
    fingerprint.append("projector", projectorText)
    fingerprint.append("dtype", "\(dtype)")
    return fingerprint
  }

  private func outputs(_ logits: Tensor, _ targets: Targets) -> Matrix<Float> {
    let values = TargetValues(targets)
    let outputFunction = target.measurement(of: values)
    let measured = outputFunction.values(logits, values)
    var columns = [measured, [], [], [], outputFunction.residuals(logits, values)]
    if case .classes = values {
      columns[1] = Loss.crossEntropy.values(logits, values)
      columns[2] = OutputFunction.margin.values(logits, values)
      columns[3] = OutputFunction.margin.residuals(logits, values).map { 1 - $0 }
    } else if case .tokens = values {
      // Sums over the targets; the probability is their mean.
      columns[1] = Loss.nextToken.values(logits, values)
      columns[2] = OutputFunction.margin.values(logits, values)
      columns[3] = OutputFunction.margin.residuals(logits, values).map { 1 - $0 }
    } else {
      columns[1] = Loss.squaredError.values(logits, values)
      columns[2] = columns[1].map { _ in 0 }
      columns[3] = columns[2]
    }
    let result = Matrix<Float>(uninitialized: measured.count, columns.count)
    for (c, column) in columns.enumerated() {
      for (row, value) in column.enumerated() {
        result.storage.base[row * columns.count + c] = value
      }
    }
    return result
  }
}

extension GradientSource.Target {
  /// How stores name it: the output function, or `trace`.
  public var name: String {
    switch self {
    case .output(let function): function.rawValue
    case .jacobian: "trace"
    }
  }

  /// What is recorded of every example beside the features: f, or of a Jacobian the margin of the
  /// class, or the prediction.
  func measurement(of targets: TargetValues) -> OutputFunction {
    switch (self, targets) {
    case (.output(let function), _): function
    case (.jacobian, .values(let values)):
      values.rowLength == 1 ? .prediction : .negativeHalfSquaredError
    case (.jacobian, _): .margin
    }
  }
}

extension Dataset {
  /// The ids as a store keeps them.
  public var storedIDs: RowIDs {
    let rows = ids.compactMap { id -> Int64? in
      if case .row(let row) = id { Int64(row) } else { nil }
    }
    return rows.count == count ? .integers(rows) : .texts(ids.map(\.description))
  }

  /// The labels as a store keeps them.
  public var storedLabels: RowLabels {
    switch targets {
    case .classes(let classes, _): .classes(classes.map { Int64($0) })
    case .values(let values): .values(Matrix(values))
    case .tokens(let tokens, _): .values(Matrix(tokens))
    }
  }
}
