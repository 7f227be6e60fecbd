// Letters: p softmax of the outputs z, y the true class, t real targets.

/// What an example's outputs say beside their derivative.
///
/// Of a sequence, loss and margin are sums over its targets, probability and residual their means,
/// EL2N the norm over all of them; of numbers there are loss and EL2N alone.
package struct OutputSignals: Sendable {
  /// ℓ.
  package var loss = 0.0
  /// log(p_y/(1 − p_y)).
  package var margin = 0.0
  /// p_y.
  package var probability = 0.0
  /// −∂ℓ/∂f of the margin: 1 − p_y.
  package var residual = 0.0
  /// Whether the largest output is the true class's, the first of equal ones; false of sequences.
  package var isCorrect = false
  /// ‖∂ℓ/∂z‖: ‖p − e_y‖, or ‖z − t‖.
  package var el2n = 0.0
}
