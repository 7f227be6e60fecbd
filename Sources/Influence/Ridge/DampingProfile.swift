// Letters: n training examples.

/// How damping is spread over the training examples: K + λ·diag(s).
///
/// A ridge model takes every example for an observation of the same noise. A classifier's examples
/// are not: the Fisher information of one is about its residual 1 − p, so what the network knows
/// without being told says little about the others. `residual` damps such an example more:
///
///     s_i = D̄ / D_i,   D_i the residual 1 − p_i, floored at D̄/1000,   D̄ its mean over the examples
///
/// Both `trak` and `ntk-loo` take it; the leave-one-out identities hold for any diagonal.
///
/// - Source: the weights of iteratively reweighted least squares (GLM ridge), with 1 − p in place of
///   p(1 − p), which would silence the hardest examples as well; measured in Documentation/STUDY.md.
public enum DampingProfile: String, Sendable, CaseIterable, Codable {
  /// s = 1.
  case uniform
  /// s_i = D̄/D_i.
  case residual

  /// s of every example; nil for s = 1.
  ///
  /// - Parameter residuals: D, n values; those that are not positive count as the floor.
  func scales(_ residuals: @autoclosure () throws -> [Float]) rethrows -> [Double]? {
    guard self == .residual else { return nil }
    let values = try residuals().map { $0.isFinite ? max(0, Double($0)) : 0 }
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    guard mean > 0 else { return nil }
    return values.map { mean / max($0, mean / 1000) }
  }
}
