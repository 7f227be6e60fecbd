/// The kinds of projector, METHODS.md section 3.
///
/// The raw value is the name in files and flags.
public enum ProjectorKind: String, Codable, Sendable, Hashable, CaseIterable {
  /// No projection: the full gradient.
  case identity
  /// A dense matrix of entries ±1/√k.
  case rademacher
  /// A dense matrix of entries N(0, 1/k).
  case gaussian
  /// A sparse matrix of s entries ±1/√s a coordinate.
  case sjlt
  /// P_in ⊗ P_out in every layer.
  case kronecker
  /// Sparse projections of both factors, then of their small product.
  case factoredSJLT
  /// k coordinates out of p.
  case mask
  /// Nyström features from the exact kernel to k landmarks.
  case landmarks
}
