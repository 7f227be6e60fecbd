import Datasets
import Factors
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

extension ProjectionChoice {
  /// The projector that a store's group was made with, for queries: landmarks' factor is read from
  /// beside the store, else made and kept there.
  ///
  /// The landmarks' gradients are made each time: k gradients, where the factor is k² of their inner
  /// products and k³/3 flops in double.
  ///
  /// - Parameters:
  ///   - store: features that were made with this choice at that checkpoint and from `training`:
  ///     the caller compares its fingerprint.
  ///   - isKept: whether files are read and written.
  ///   - note: called with a line for the user where a file cannot be used or written.
  /// - Throws: as `projector(for:target:_:)`; never because of the file.
  public func projector(
    for source: any GradientProvider, target: GradientSource.Target, _ training: Dataset,
    beside store: FeatureStoreReader, group: String, isKept: Bool = true, note: (String) -> Void
  ) throws -> any Projector {
    guard kind == .landmarks, isKept else {
      return try projector(for: source, target: target, training)
    }
    let file = try ProjectionChoice.file(store, group)
    let (landmarks, rows) = try landmarks(at: source, target, training)
    switch file.read() {
    case .absent: break
    case .unusable(let error): note("\(file.path) is not used and made again: \(error.what)")
    case .found(let contents):
      if let factor = contents.singleLower["factor"], factor.rows == rows.count,
        let jitter = contents.values["jitter"]?.first
      {
        return try LandmarkProjector(
          landmarks: landmarks, rows: rows, population: training.count, seed: seed,
          factor: factor, jitter: jitter)
      }
      note("\(file.path) is not used and made again: it is not complete.")
    }
    let made = try LandmarkProjector(
      landmarks: landmarks, rows: rows, population: training.count, seed: seed)
    var contents = PreconditionerFile.Contents()
    contents.singleLower["factor"] = made.factor
    contents.values["jitter"] = [made.jitter]
    do throws(StorageError) {
      try file.write(contents)
    } catch {
      note(KeepingNote.text(file.path, reason: error.what))
    }
    return made
  }

  /// Where the factor is kept: everything the store was made from names the landmarks.
  static func file(_ store: FeatureStoreReader, _ group: String) throws -> PreconditionerFile {
    var fingerprint = Fingerprint([
      "store": "\(try store.contentDigest(group: group))", "group": group,
      "blas": BLAS.coreName, "processor": "\(Processor.level)", "by": Engine.version,
    ])
    for field in store.fingerprint.fields where fingerprint[field.name] == nil {
      fingerprint.append(field.name, field.value)
    }
    return PreconditionerFile(
      store: store, group: group, kind: "landmarks", fingerprint: fingerprint)
  }
}
