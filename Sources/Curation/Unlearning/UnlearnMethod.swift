/// A way to make a trained network forget examples without training it again.
public enum UnlearnMethod: String, Sendable, Codable, CaseIterable {
  /// A short fine-tuning towards the outputs that are predicted of a network that never saw them.
  ///
  /// Source: Georgiev et al. 2024, datamodel matching (arXiv:2410.23232); the datamodel is the exact
  /// deletion from kernel ridge regression.
  case matching
  /// Training goes on without them.
  case fineTuning = "fine-tuning"
  /// Steps up their loss, until it is that of test examples.
  ///
  /// Source: Golatkar et al. 2020 (arXiv:1911.04933), NegGrad.
  case ascent
  /// Random labels of them among the rest, which move only the half of the parameters that their loss
  /// depends on most.
  ///
  /// Source: Fan et al. 2024, SalUn (arXiv:2310.12508).
  case salun
}
