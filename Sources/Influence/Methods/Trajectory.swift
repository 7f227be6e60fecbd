extension Method {
  /// The mean of `trak` and `ntk-loo` over a run's checkpoints, each at unit spread.
  public static let trajectory = Method.combined(
    [.trak, .ntkLeaveOneOut], name: "trajectory",
    title: "mean of trak and ntk-loo over a run's log-spaced checkpoints, each at unit spread",
    source: "METHODS.md section 4", checkpoints: .logSpaced)
}
