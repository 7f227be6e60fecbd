import Gradients
import TestSupport
import Testing

/// What is said of gradients and factors that cannot be used, word for word.
@Suite("Words of gradient errors")
struct GradientErrorTests {
  static let words: [ErrorWords] = [
    ErrorWords(
      GradientError.nonFiniteOutput(example: "17"),
      """
      error: the network's outputs for example 17 are not finite numbers
        at:  example 17
        fix: the training diverged at this checkpoint: lower the rate, or name an earlier checkpoint
      """),
    ErrorWords(
      GradientError.outputFunction(name: "margin"),
      """
      error: output function margin is not defined for this data's targets
        at:  ‹outputFunction›
        fix: margin, hardMargin, logit, logProbability and loss need classes; prediction (one \
      output), negativeHalfSquaredError and loss need numbers
      """),
    ErrorWords(
      GradientError.needsNetwork(purpose: "a score by token"),
      """
      error: a score by token is made of passes through the network; these gradients come from \
      elsewhere
        at:  a score by token
        fix: train or import the network itself as a run
      """),
    ErrorWords(
      GradientError.noFactors(of: "loss", available: ["margin", "logit"], file: "f.h5"),
      """
      error: there are no factors of loss: the file has those of margin, logit
        at:  f.h5
        fix: write left sides of loss, or of trace (all outputs), from which any function follows; \
      or ask for what margin, logit gives
      """),
    ErrorWords(
      GradientError.noExample(id: "cat", file: "f.h5"),
      """
      error: there are no factors of example cat
        at:  f.h5
        fix: name an example of the file, or import the file that has it
      """),
    ErrorWords(
      GradientError.otherFactors(field: "layers", expected: "3", found: "2", file: "f.h5"), code: 4,
      """
      error: layers differ between the files: 3 in the first, 2 here
        at:  f.h5
        fix: write both files with the same model
      """),
    ErrorWords(
      GradientError.noFactorForm(layer: "embed.weight"),
      """
      error: the gradients of embed.weight have no right sides that all outputs share
        at:  embed.weight
        fix: leave the layer out, or take an output function instead of trace
      """),
    ErrorWords(
      GradientError.missingDataset(name: "labels", purpose: "the class of each", file: "f.h5"),
      """
      error: there is no dataset labels, the class of each
        at:  f.h5
        fix: write it; Projections/README.md has the layout
      """),
    ErrorWords(
      GradientError.factorShape(
        dataset: "0/left", expected: "n × T × 3", found: [4, 2], file: "f.h5"),
      """
      error: 0/left has shape [4, 2], expected n × T × 3
        at:  f.h5:0/left
        fix: write it in this shape; Projections/README.md has the layout
      """),
    ErrorWords(
      GradientError.factorNotFinite(dataset: "0/right", example: "7", file: "f.h5"),
      """
      error: 0/right is not a finite number at example 7
        at:  f.h5:0/right
        fix: find the example that gives it, and leave it out
      """),
    ErrorWords(
      GradientError.unknownTarget(name: "margn", known: ["margin", "loss"], file: "f.h5"),
      """
      error: `left/margn` names no function that is differentiated
        at:  f.h5
        fix: name one of margin, loss
      """),
    ErrorWords(
      GradientError.labelRange(label: -1, classes: 3, example: "7", file: "f.h5"),
      """
      error: the label of example 7 is -1; there are 3 classes
        at:  f.h5:labels
        fix: number the classes from 0, and give as many outputs or names as there are
      """),
    ErrorWords(
      GradientError.repeated(name: "7", dataset: "ids", file: "f.h5"),
      """
      error: 7 is there twice
        at:  f.h5:ids
        fix: give each a name of its own
      """),
    ErrorWords(
      GradientError.storedProjector(
        problem: "no seed", text: String(repeating: "x", count: 90), file: "s.h5"), code: 4,
      """
      error: the store's projector cannot be made again: no seed, in \
      "\(String(repeating: "x", count: 80))"
        at:  s.h5
        fix: use the version of Ascribe that made the store, or make it again
      """),
    ErrorWords(
      GradientError.notOfSteps(path: "s.h5"),
      """
      error: the store holds gradients at checkpoints, not at a training's steps
        at:  s.h5
        fix: name the store of a run trained with `save: {…, at: steps}`
      """),
    ErrorWords(
      GradientError.stepsHaveNoCheckpoint(method: "trak", path: "s.h5"),
      """
      error: trak needs every example at one checkpoint; the store holds gradients of a training's \
      steps, each at other weights
        at:  s.h5
        fix: use graddot or tracin, or a store of checkpoints (ascribe collect, or `save: {…, at: \
      checkpoints}`)
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
