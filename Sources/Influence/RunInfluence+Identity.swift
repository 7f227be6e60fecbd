import Datasets
import Storage
import Training

extension RunInfluence {
  /// What scores at some checkpoints follow from.
  ///
  /// - Parameters:
  ///   - names: the checkpoints; one that the run does not have has no weights in it.
  ///   - examples: the queries, or the test set.
  /// - Throws: as `Run.identity(checkpoints:layers:examples:)`.
  public func identity(checkpoints names: [String], examples: Dataset) throws -> RunIdentity {
    let known = Dictionary(run.checkpoints.map { ($0.name, $0) }) { first, _ in first }
    return try run.identity(
      checkpoints: names.compactMap { known[$0] }, layers: selectionText,
      examples: examples.contentHash)
  }
}
