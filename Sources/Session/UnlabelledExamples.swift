import Datasets

extension Session {
  /// Says that some test examples have no label, and how they are asked about.
  func sayUnlabelled(_ data: SplitData) {
    guard let unlabelled = data.unlabelled else { return }
    let n = unlabelled.count
    control.note(
      "note: \(n) test \(n == 1 ? "example has" : "examples have") no label and "
        + "\(n == 1 ? "is" : "are") left out; `query \(run.name) --test unlabelled` asks about "
        + "\(n == 1 ? "it" : "them")")
  }
}
