// Letters: n training examples.
import Influence

/// Which labels are changed in two rounds, each of two models: to any others, and on examples that are
/// hard; then, twice, as the suspects of the first round are.
struct DecoyDesign {
  /// Pseudo-suspects with any other label beside those of the first round.
  static let prior = 10.0

  /// Of the training set, n values.
  let labels: [Int32]
  /// Classes there are.
  let classes: Int
  /// What the regression says of the labels as they are.
  let first: LeaveOneOutPredictions
  /// What suspicion is; one of `DecoyPass.signals`.
  let signal: MislabelRanking.Signal
  /// Of all draws.
  let seed: UInt64

  /// The decoys of the first round.
  func firstDecoys() -> [Decoys] {
    let second = first.second(to: labels)
    return [
      .uniform(labels, classes: classes, seed: seed),
      .hard(labels, margins: first.margins, second: second, seed: seed &+ 1),
    ]
  }

  /// The decoys of the second round: as the suspects of the first of whom three of four are wrong, and
  /// of examples other than those of whom half are.
  func secondDecoys(_ first: [DecoyPass]) -> [Decoys] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    let uniform = first.filter { $0.decoys.kind == .uniform }
    let curve = DecoyCurve(uniform, signal)
    func suspects(_ precision: Double) -> [Int] {
      let threshold = curve.threshold(precision: precision) ?? .infinity
      return uniform.flatMap { pass in
        let (suspicion, isDecoy) = (pass.suspicion(signal), pass.decoys.isDecoy)
        return labels.indices.filter { !isDecoy[$0] && suspicion[$0] >= threshold }
      }
    }
    let transitions = LabelTransitions(
      of: suspects(0.75), labels: labels, suggested: uniform.first?.suggested ?? labels,
      counts: counts, prior: DecoyDesign.prior)
    let likely = suspects(0.5)
    return [2, 3].map { .adaptive(labels, transitions, without: likely, seed: seed &+ $0) }
  }
}

extension LeaveOneOutPredictions {
  /// The best class but the label, n values.
  func second(to labels: [Int32]) -> [Int32] {
    labels.enumerated().map { i, label in
      let others = (0..<predictions.rows).filter { $0 != Int(label) }
      return Int32(others.reduce(others[0]) { predictions[$1, i] > predictions[$0, i] ? $1 : $0 })
    }
  }
}
