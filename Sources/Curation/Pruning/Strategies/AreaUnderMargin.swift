import Training

extension PruneStrategy {
  /// By the mean margin over the training (AUM), a low one being hard.
  static let areaUnderMargin = byHardness(
    "aum", of: "the mean margin over the training (AUM)",
    source: "Pleiss et al. 2020 (arXiv:2001.10528)", needs: [.dynamics]
  ) { try $0.areaUnderMargin().map { -$0 } }
}

extension PruneContext {
  /// The mean margin over all epochs and seeds, n values.
  func areaUnderMargin() throws -> [Float] { try mean(.margin) { 0..<$0 } }
}
