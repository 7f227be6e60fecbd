import Answers
import Datasets
import Gradients
import Influence
import Networks
import Projections
import Storage
import Tensors

/// Projected per-example gradients of a part of the data into a store.
public struct CollectJob: Sendable {
  /// The examples.
  public var part = DataPart.train
  /// The method that will read the store; nil: `trak`.
  public var method: String?
  /// The projector; nil: by counted flops.
  public var projector: ProjectorKind?
  /// Features k of an example; nil: by the projector (`ProjectionChoice.standardDimension`).
  public var dimension: Int?
  /// Seed of the projection.
  public var projectionSeed: UInt64 = 0
  /// How features are stored.
  public var featureType = FeatureType.float32
  /// The measurement whose gradient is projected; nil: the method's own.
  public var outputFunction: OutputFunction?
  /// The checkpoints.
  public var checkpoints = CheckpointChoice.standard
  /// The layers that gradients are over; nil: all that were trained.
  public var layers: LayerPatterns?
  /// The store; nil: `Projections/RUN/SPLIT.h5`.
  public var out: String?
  /// Whether a store that was made from something else is replaced.
  public var overwrites = false

  /// Training examples for `trak`.
  public init() {}

  /// Collects; stopped, the same job goes on where it was and leaves the same bytes.
  ///
  /// - Returns: the stores, one a target that the method reads.
  /// - Throws: errors of the request and of files; `JobCancelled`, resumable.
  public func run(in session: Session) throws -> [StoreDescription] {
    let influence = try session.influence(layers: layers)
    if let layers = influence.layersSentence { session.control.note(layers) }
    let data = try part.part(of: influence.data)
    let projection =
      try projector.map {
        .standard(
          $0, examples: influence.data.train.count, dimension: dimension, seed: projectionSeed)
      }
      ?? influence.standardProjection(dimension: dimension, seed: projectionSeed)
    let work = try influence.collecting(
      for: try MethodTable.standard.method(named: method ?? Method.trak.name),
      outputFunction: outputFunction, projection: projection, choice: checkpoints,
      split: part.rawValue, weighs: out == nil)
    if out != nil && work.parts.count > 1 {
      throw SessionError.severalStores(method: method ?? "", count: work.parts.count)
    }
    if projector == nil {
      session.control.note("projector: \(projection.kind.rawValue), by counted flops (‹projector›)")
    }
    let cost = try influence.cost(of: work, examples: data.count)
    session.control.announce(
      "\(projection.kind.rawValue) features of \(data.count) examples", flops: cost.flops,
      peakBytes: cost.peakBytes)
    return try work.parts.map { part in
      let path = out ?? part.path
      do {
        try collect(part.collection, data, to: path, session.control)
      } catch is JobCancelled {
        throw JobCancelled(
          isResumable: work.parts.contains { FeatureStoreWriter.hasBegun(out ?? $0.path) })
      }
      let count = work.references.count
      session.control.note(
        "wrote \(path): \(data.count) rows of \(projection.kind.rawValue) features of "
          + "\(part.target.name) at \(count) checkpoint\(count == 1 ? "" : "s")")
      let store = try StoreDescription(path)
      if let note = part.collection.identity.machine.note(on: store.fingerprint) {
        session.control.note("note: \(path) was \(note)")
      }
      return store
    }
  }

  private func collect(
    _ collection: FeatureCollection, _ data: Dataset, to path: String, _ control: JobControl
  ) throws {
    let stage = control.stage("collecting", unit: "rows")
    try collection.collect(
      data, to: path, dtype: featureType.storageType, overwrite: overwrites,
      progress: { done, total in
        try control.check()
        stage.update(done, of: total)
      })
  }
}
