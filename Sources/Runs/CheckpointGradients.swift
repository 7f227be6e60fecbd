import Datasets
import Gradients
import Networks
import Storage
import Training

/// The gradients of a run's kept checkpoints, taken within its training.
///
/// A store's identity names all its checkpoints, so that its first row can be written when the last
/// of them is known. Until then each kept epoch has a store of its own, made when its weights are
/// written; after the last epoch their rows are taken over, to the bit, and they are deleted. The
/// last epoch of all, and what is missing after an interruption, is made then: the store is the one
/// that `collect --checkpoints all` makes, byte for byte, however it came about.
///
/// - Complexity: features of all kept epochs but the last are written twice and read once; they
///   take their room on disk twice while the store is put together.
struct CheckpointGradients: Sendable {
  let saving: GradientSaving
  let run: Run
  let data: Dataset
  /// The store.
  let path: String
  let overwrites: Bool
  /// Hears of rows done of rows in all; throwing stops cleanly.
  let progress: @Sendable (Int, Int) throws -> Void

  /// The run may be unfinished; its record is there.
  init(
    _ saving: GradientSaving, of run: Run, data: Dataset, path: String, overwrites: Bool,
    progress: @escaping @Sendable (Int, Int) throws -> Void
  ) {
    (self.saving, self.run, self.data, self.path) = (saving, run, data, path)
    (self.overwrites, self.progress) = (overwrites, progress)
  }

  /// Takes the gradients at the kept epochs of a seed through `epoch` that are not taken yet.
  ///
  /// - Throws: as `FeatureCollection.collect`.
  func take(seed: UInt64, through epoch: Int, before last: Int) throws {
    guard overwrites || !fileExists(path) else { return }
    for reference in run.checkpoints
    where reference.seed == seed && reference.epoch <= epoch && reference.epoch < last {
      let part = part(reference.groupName)
      guard !fileExists(part) else { continue }
      try makeFolder(RunFolder(path: run.folder).gradients(seed: seed))
      let collection = try collection([reference])
      try collection.collect(
        data, to: part, dtype: saving.dtype, overwrite: true, progress: progress)
    }
  }

  /// Puts the store together.
  ///
  /// - Throws: as `FeatureCollection.collect`.
  func finish() throws {
    try collection(run.checkpoints).collect(
      data, to: path, dtype: saving.dtype, overwrite: overwrites, progress: progress,
      part: { part($0.name) })
    let files = RunFolder(path: run.folder)
    for seed in run.seeds { try removeIfPresent(files.gradients(seed: seed)) }
  }

  private func part(_ group: String) -> String {
    let name = group.split(separator: "/")
    let (seed, epoch) = (name.first ?? "", name.last ?? "")
    return "\(run.folder)/\(seed)/\(RunFolder.gradients)/\(epoch).h5"
  }

  private func collection(_ references: [CheckpointReference]) throws -> FeatureCollection {
    let network = try run.network
    return FeatureCollection(
      groups: try references.map {
        FeatureCollection.Group(
          name: $0.groupName,
          source: GradientSource(network: network, parameters: try run.parameters(of: $0)),
          modelHash: "\(try run.modelHash(of: $0))")
      }, outputFunction: saving.function(for: data), projection: saving.choice,
      training: data, identity: try run.identity())
  }
}
