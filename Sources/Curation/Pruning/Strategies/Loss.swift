import Training

extension PruneStrategy {
  /// By the loss of the last epoch.
  static let loss = byHardness(
    "loss", of: "the loss of the last epoch", source: "Loshchilov & Hutter 2016 (arXiv:1511.06343)",
    needs: [.dynamics]
  ) { try $0.mean(.loss) { $0 - 1..<$0 } }
}
