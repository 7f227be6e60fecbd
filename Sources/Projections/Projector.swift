import Factors
import Tensors

/// A map from the gradients of examples to k features each.
///
///     φ_i = Pᵀ g_i        scaled so that E⟨Pᵀu, Pᵀv⟩ = ⟨u, v⟩, over all layers together
///
/// `landmarks` alone is no random projection: a lower bound of the exact kernel (Nyström).
/// A projector reads factors; only `identity` writes full gradients.
public protocol Projector: Sendable {
  /// What the matrix P is made from: the same identity gives the same matrix.
  var identity: ProjectorIdentity { get }

  /// Number of features k.
  var dimension: Int { get }

  /// Whether a call costs much beside the examples in it, so that many of them should share it.
  var prefersManyExamples: Bool { get }

  /// The features of every example.
  ///
  /// - Parameter gradients: of the layers in `identity`, one output at a time.
  /// - Returns: n × k.
  /// - Throws: `ProjectionError.shapeMismatch` for gradients of other layers,
  ///   `ProjectionError.nonFinite` when a factor has a NaN or an infinity.
  /// - Precision: fp32; same bits for any thread count.
  func project(_ gradients: ExampleGradients) throws -> Matrix<Float>
}

extension Projector {
  /// Number of features k.
  public var dimension: Int { identity.dimension }

  /// No: the cost is that of the examples.
  public var prefersManyExamples: Bool { false }

  /// Checks that gradients are of this projector's layers, and finite.
  func check(_ gradients: ExampleGradients) throws(ProjectionError) {
    try gradients.requireShapes(identity.layers)
    try gradients.requireFinite()
  }
}
