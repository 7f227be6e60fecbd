import Foundation

/// What an edit counts of an example's output.
///
///     ℓ(f) = log(1 + exp(−f))
///
/// Of hard margins f: what is right by far counts nothing, what is at risk or wrong counts by how much.
/// So many small changes of one direction add up where it matters, and changes of what is safe are free.
enum EditLoss {
  /// ℓ(f), in units of f.
  static func logistic(_ f: Double) -> Double {
    f > 0 ? log1p(exp(-f)) : log1p(exp(f)) - f
  }
}
