/// What `backward` sends through the layers that are not linear.
package enum BackwardRule: Sendable {
  /// Gradients.
  case gradient
  /// Coefficients of layer-wise relevance propagation: x ∘ (what arrives at x), summed, is the same
  /// at every place of a network without biases.
  ///
  ///     activation      dx = f(x)/x ∘ dy                        the identity rule
  ///     norm            s a constant: dx = s (γ ∘ dy, centred)  as frozen
  ///     attention       P a constant: dv = P̃ᵀ do, dq = dk = 0   as frozen
  ///     gated product   dg = ½ silu(g)/g ∘ u ∘ dy, du = ½ silu(g) ∘ dy     half each
  ///
  /// What is linear, and maxima, as gradients: biases take what they give (the 0 rule). Of an
  /// evaluation without parameter gradients or tangents.
  ///
  /// - Source: Bach et al. 2015 for the 0 rule; Ali et al. 2022 (arXiv:2202.07304) for norms and
  ///   attention.
  case relevance
}
