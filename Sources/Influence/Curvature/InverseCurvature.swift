// Letters: n training examples, m queries, p parameters.
import Datasets
import Factors
import Gradients
import Tensors

/// Which second derivative an influence function goes by.
public enum Curvature: String, Sendable, CaseIterable, Codable {
  /// G = mean_i Jᵢᵀ (∂²ℓ/∂z²) Jᵢ, never negative.
  case gaussNewton
  /// H = mean_i ∇²ℓᵢ; it may have negative eigenvalues.
  case hessian
  /// F = mean_i E_ŷ[∇ℓ ∇ℓᵀ], one label ŷ an example (and position) drawn from the outputs, seeded:
  /// an unbiased estimate of G.
  case trueFisher
  /// mean_i ∇ℓᵢ ∇ℓᵢᵀ at the labels of the data.
  case empiricalFisher
}

/// The damped inverse of a training loss's curvature, ready to be multiplied with gradients.
///
///     v = (C + λ)⁻¹ g,   C over the *mean* loss of the training examples
protocol InverseCurvature: Sendable {
  /// λ, and what was known when it was chosen.
  var damping: DampingReport { get }
  /// What the user should know.
  var notes: [String] { get }
  /// Bytes it holds on to.
  var byteCount: Int { get }
  /// Training gradients as directions of this curvature are multiplied with them.
  func seen(_ gradients: ExampleGradients) -> ExampleGradients
  /// Directions of this curvature as directions of the parameters.
  func lifted(_ directions: GradientDirections) -> GradientDirections
  /// (C + λ)⁻¹ g of some gradients in factored form.
  func solve(_ gradients: ExampleGradients) throws -> GradientDirections
  /// (C + λ)⁻¹ g of some gradients that are written out.
  func solve(_ gradients: GradientDirections) throws -> GradientDirections
  /// gᵀ (C + λ)⁻¹ g of every gradient, and ‖(C + λ)⁻¹ g‖².
  func squares(_ gradients: ExampleGradients) throws -> (own: [Double], solved: [Double])
}

extension InverseCurvature {
  /// As they are.
  func seen(_ gradients: ExampleGradients) -> ExampleGradients { gradients }

  /// As they are.
  func lifted(_ directions: GradientDirections) -> GradientDirections { directions }

  /// Through the gradients written out.
  func solve(_ gradients: ExampleGradients) throws -> GradientDirections {
    try solve(GradientDirections(gradients))
  }

  /// Through the gradients written out.
  func squares(_ gradients: ExampleGradients) throws -> (own: [Double], solved: [Double]) {
    let written = GradientDirections(gradients)
    let solved = try solve(written)
    return (written.dots(solved), solved.dots(solved))
  }
}
