import Checkpoints
import Networks
import Tensors

/// Components that are to be taken away from a network, as a file: sealed JSON.
public struct ComponentEdit: Sendable, Codable, Equatable {
  /// The version of the file's fields.
  public let version: Int
  /// The run, its checkpoint, and the hash of the weights that the edit was found for.
  public let run, checkpoint, model: String
  /// What is in the place of what is taken away.
  public let ablation: String
  /// Names of the components.
  public let removed: [String]

  /// An edit of a checkpoint.
  public init(
    run: String, checkpoint: String, model: String, ablation: Ablation, removed: [String]
  ) {
    (version, self.run, self.checkpoint, self.model) = (1, run, checkpoint, model)
    (self.ablation, self.removed) = (ablation.description, removed)
  }

  /// What is taken away, in a line.
  public var description: String { "\(ablation): \(removed.joined(separator: " "))" }

  /// Reads an edit and checks every byte.
  ///
  /// - Parameter model: the hash of the weights that it is for; nil takes any.
  /// - Throws: `CheckpointError` for a file that was changed; `ComponentError.notAnEdit`.
  public init(reading path: String, for model: String? = nil) throws {
    let found = try SealedJSON.read(ComponentEdit.self, from: path)
    guard found.version == 1 else {
      throw ComponentError.notAnEdit(problem: "its version is \(found.version), not 1", file: path)
    }
    if let model, model != found.model {
      throw ComponentError.notAnEdit(
        problem: "it is for other weights, those of \(found.run), \(found.checkpoint)", file: path)
    }
    self = found
  }

  /// Writes it, whole or not at all.
  public func write(to path: String) throws { try SealedJSON.write(self, to: path) }
}
