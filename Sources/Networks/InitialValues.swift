/// How the values of a parameter begin.
package enum InitialValues: Sendable, Hashable {
  /// U(−1/√fan-in, 1/√fan-in), as PyTorch's `nn.Linear`.
  case uniform(fanIn: Int)
  /// N(0, deviation²), as the transformers of Hugging Face.
  case normal(deviation: Float)
  /// One value throughout.
  case constant(Float)
}
