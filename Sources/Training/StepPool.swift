import Factors
import Networks
import Projections
import Synchronization
import Tensors

/// Gradients of several steps that wait to be projected together: a dense projector makes its matrix
/// anew at every call, which costs far more than the few examples of a step.
final class StepPool: Sendable {
  /// The gradients of one pass.
  struct Piece: Sendable {
    /// The row of its first example.
    let row: Int
    /// Of the mean loss of a step, ∇ℓ/B.
    let gradients: ExampleGradients
    /// B.
    let scale: Float
  }

  private let pieces = Mutex<[Piece]>([])

  /// Adds a pass; parts of a batch do so side by side.
  func add(_ piece: Piece) { pieces.withLock { $0.append(piece) } }

  /// Takes everything out, in the order of the rows.
  func take() -> [Piece] {
    pieces.withLock { all in
      defer { all = [] }
      return all.sorted { $0.row < $1.row }
    }
  }

  /// How many visits of a training wait for each other.
  ///
  /// - Returns: 1 where the projector's cost is that of the examples; else as many as fit into
  ///   `Memory.standardBlockBytes`, up to 1,024, whatever the machine.
  static func size(_ kind: ProjectorKind, in network: Network) -> Int {
    switch kind {
    case .rademacher, .gaussian:
      max(1, min(1_024, Memory.standardBlockBytes / max(1, network.footprint.bytes(functions: 1))))
    case .identity, .kronecker, .mask, .sjlt, .factoredSJLT, .landmarks: 1
    }
  }
}
