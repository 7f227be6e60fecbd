import Evaluation
import Session
import TestSupport
import Testing

/// What is said of questions that a run does not suit, word for word.
@Suite("Words of session and evaluation errors")
struct SessionErrorTests {
  static let session: [ErrorWords] = [
    ErrorWords(
      SessionError.severalStores(method: "trajectory", count: 2), code: 2,
      """
      error: one store is named, and trajectory reads 2.
        at:  ‹out›
        fix: leave it out: each store then has its own place.
      """),
    ErrorWords(
      SessionError.noExample(field: "‹test›"), code: 2,
      """
      error: ‹test› names no example.
        at:  ‹test›
        fix: write ids such as 17 or 3,5.
      """),
    ErrorWords(
      SessionError.noClasses(reason: "the run predicts numbers"), code: 2,
      """
      error: ‹class› asks about a class: the run predicts numbers.
        at:  ‹class›
        fix: leave ‹class› out.
      """),
    ErrorWords(
      SessionError.unknownClass("sevn", classes: ["six", "seven"]), code: 2,
      """
      error: the run has no class `sevn`; did you mean `seven`?
        at:  ‹class›
        fix: choose one of six, seven.
      """),
    ErrorWords(
      SessionError.unknownClass("?", classes: (0..<14).map { "class \($0)" }), code: 2,
      """
      error: the run has no class `?`.
        at:  ‹class›
        fix: choose one of class 0, class 1, class 2, class 3, class 4, class 5, class 6, class 7, \
      class 8, class 9, class 10, class 11, … (14 in all).
      """),
    ErrorWords(
      SessionError.labelled("3"), code: 2,
      """
      error: ‹class› is not for test examples with labels (3), which are asked about their label.
        at:  ‹class›
        fix: leave ‹class› out.
      """),
    ErrorWords(
      SessionError.noUnlabelled, code: 2,
      """
      error: the run has no test examples without a label.
        at:  ‹test›
        fix: give ids, or a file of other examples by ‹input›.
      """),
    ErrorWords(
      SessionError.mixedQueries(unlabelled: .row(4)), code: 2,
      """
      error: 4 has no label; others that are asked about have, or are no test examples.
        at:  ‹test›
        fix: ask about them one after the other.
      """),
    ErrorWords(
      SessionError.fileThere("a.yaml"), code: 2,
      """
      error: a.yaml is there already, and nothing is replaced.
        at:  a.yaml
        fix: give another name (‹out›), or remove it.
      """),
    ErrorWords(
      SessionError.needsLabel(file: "a.csv", outputs: 1),
      """
      error: a.csv has no label, without which a prediction of 1 number has no error.
        at:  a.csv
        fix: add the label, or ask about the prediction (‹outputFunction: prediction›).
      """),
    ErrorWords(
      SessionError.needsLabel(file: "a.csv", outputs: 3),
      """
      error: a.csv has no label, without which a prediction of 3 numbers has no error.
        at:  a.csv
        fix: add the labels.
      """),
    ErrorWords(
      SessionError.unfitInput(file: "a.png", problem: "the picture is too small"),
      """
      error: the picture is too small
        at:  a.png
        fix: give inputs like those of the run's own files.
      """),
    ErrorWords(
      SessionError.notForInput(field: "‹scores›", reason: "such a file has others"), code: 2,
      """
      error: ‹scores› is not for ‹input›: such a file has others.
        at:  ‹scores›
        fix: leave ‹scores› out.
      """),
  ]

  static let evaluation: [ErrorWords] = [
    ErrorWords(
      EvaluationError.noBankOfDesign(
        design: "leave-one-out", path: "b", command: "ascribe retrain d ‹leaveOut: all›"),
      """
      error: there is no bank of the design leave-one-out
        at:  b
        fix: make one: ascribe retrain d ‹leaveOut: all›
      """),
    ErrorWords(
      EvaluationError.otherDesign(
        found: "random", wanted: "removal", path: "b", command: "ascribe retrain d ‹remove›"),
      """
      error: the bank's design is random, and this needs removal
        at:  b
        fix: name another bank with ‹bank›, or make one: ascribe retrain d ‹remove›
      """),
    ErrorWords(
      EvaluationError.subsetDesign(problem: "0 subsets are none"),
      """
      error: 0 subsets are none
        at:  ‹subsets›, ‹fraction›
        fix: for instance ‹subsets: 50› ‹fraction: 0.5›
      """),
    ErrorWords(
      EvaluationError.subsetFile(problem: "no example has the id x", place: "s.txt, line 2"),
      """
      error: no example has the id x
        at:  s.txt, line 2
        fix: write one subset a line: ids of training examples, `all`, or `all but` and ids
      """),
    ErrorWords(
      EvaluationError.notDefined(
        kind: "a ROC curve", reason: "nothing was planted", run: "d", remedy: "plant something"),
      """
      error: a ROC curve is not defined here: nothing was planted
        at:  d
        fix: plant something
      """),
    ErrorWords(
      EvaluationError.request(problem: "0 is no size", field: "‹top›", remedy: "ask for 1"),
      code: 2,
      """
      error: 0 is no size
        at:  ‹top›
        fix: ask for 1
      """),
    ErrorWords(
      EvaluationError.calibrationChanged(problem: "its seal is broken", file: "c.json"), code: 4,
      """
      error: the calibration cannot be used: its seal is broken
        at:  c.json
        fix: calibrate again (or delete the file)
      """),
    ErrorWords(
      EvaluationError.noTokenOutputs(file: "b.h5"),
      """
      error: the bank keeps outputs of whole sequences, not of their tokens
        at:  b.h5
        fix: make it again: ascribe retrain RUN ‹tokenOutputs› ‹overwrites›
      """),
    ErrorWords(
      EvaluationError.fittedToTruth(problem: "the same subsets", bank: "x", run: "d"),
      """
      error: the scores would be tested on what they were fitted to: the same subsets
        at:  ‹fusedWith: x›
        fix: fuse with a bank of other subsets: ascribe retrain d ‹bank: fuse› ‹subsetSeed: 1› \
      ‹subsets: 100› ‹seeds: 1›
      """),
  ]

  @Test("errors of questions say what, where and how to go on", arguments: session)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }

  @Test("errors of evaluations say what, where and how to go on", arguments: evaluation)
  func printedOfEvaluations(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
