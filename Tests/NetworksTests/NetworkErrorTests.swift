import Networks
import TestSupport
import Testing

/// What is said of masks, layers and derivatives that do not fit, word for word.
@Suite("Words of network errors")
struct NetworkErrorTests {
  static let words: [ErrorWords] = [
    ErrorWords(
      AblationError.unknownPoint(point: 4, points: 3),
      """
      error: there is no ablation point 4
        at:  masks
        fix: use `point` of the network's components, 0 to 2
      """),
    ErrorWords(
      AblationError.unknownPoint(point: 0, points: 0),
      """
      error: there is no ablation point 0
        at:  masks
        fix: the network has none
      """),
    ErrorWords(
      SelectionError.unmatched(
        pattern: "attention", names: ["h.0.attn.weight", "h.0.mlp.weight"], place: "‹layers›"),
      """
      error: no layer is called `attention`
        at:  ‹layers›
        fix: the parameters here are h.0.attn.weight, h.0.mlp.weight
      """),
    ErrorWords(
      SelectionError.unmatched(
        pattern: "!h.0.mpl", names: ["h.0.attn.weight", "h.0.mlp.weight"], place: "‹layers›"),
      """
      error: no layer is called `!h.0.mpl`; did you mean `h.0.mlp`?
        at:  ‹layers›
        fix: the parameters here are h.0.attn.weight, h.0.mlp.weight
      """),
    ErrorWords(
      SelectionError.empty(
        patterns: "!*", names: (0..<13).map { "\($0).weight" }, place: "training.layers"),
      """
      error: `!*` leaves no parameter
        at:  training.layers
        fix: the parameters here are 0.weight, 1.weight, 2.weight, 3.weight, 4.weight, 5.weight, \
      6.weight, 7.weight, 8.weight, 9.weight, 10.weight, 11.weight, … (13 in all; `ascribe \
      inspect` lists them)
      """),
    ErrorWords(
      DerivativeError.place(-1),
      """
      error: a batch has no place -1
        at:  dropout
        fix: the first example's place in its step's batch is 0 or more
      """),
    ErrorWords(
      DerivativeError.statistics(offset: 3, count: 2, known: ["bn.mean (4 values at 0)"]),
      """
      error: an adjoint of 2 values is of no running statistic at offset 3
        at:  adjoints of the running statistics
        fix: the running statistics are bn.mean (4 values at 0)
      """),
    ErrorWords(
      DerivativeError.inputs(found: [2, 5], expected: [1, 8, 8]),
      """
      error: inputs are 2 × 5, the network reads B × 1 × 8 × 8
        at:  inputs
        fix: give a batch of examples of the network's shape
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
