import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Gradients

@Suite("Gradients of a checkpoint")
struct GradientTests {
  static let classes = Dataset(
    inputs: Tensor([1, 2, -1, 0.5, 0, 3], shape: [3, 2]),
    targets: .classes([0, 1, 1], names: ["a", "b"]))

  static func source(_ parameters: [Float]? = nil, outputs: Int = 2) -> GradientSource {
    let network = Network.multilayerPerceptron(inputShape: [2], hidden: [], outputs: outputs)
    return GradientSource(
      network: network,
      parameters: parameters.map { Tensor($0, shape: [$0.count]) }
        ?? network.initialParameters(seed: 1))
  }

  @Test("a logistic margin's gradient is ± the input, by hand")
  func byHand() throws {
    // Two classes: f = z_y − z_other, ∇ = input at y's row, minus input at the other's.
    let rows = try Self.source().gradients(of: Self.classes, target: .output(.margin))
      .gradients.fullGradients(parameterCount: 6)
    #expect(rows.row(0) == [1, 2, -1, -2, 1, -1])
    #expect(rows.row(1) == [1, -0.5, -1, 0.5, -1, 1])
  }

  @Test("a regression's residual is t − z")
  func residualSign() {
    let outputs = Tensor([1, -2], shape: [2, 1])
    let targets = TargetValues.values(Tensor([3, -5], shape: [2, 1]))
    #expect(OutputFunction.prediction.residuals(outputs, targets) == [2, -3])
    #expect(OutputFunction.loss.residuals(outputs, targets) == [1, 1])
    #expect(OutputFunction.negativeHalfSquaredError.residuals(outputs, targets) == [1, 1])
  }

  @Test("a class's residual is 1 − p for margins, 1 for f = −ℓ, with digits where p is next to 1")
  func classResiduals() {
    let outputs = Tensor([0, 0, 30, 0], shape: [2, 2])
    let targets = TargetValues.classes([0, 0])
    let residuals = OutputFunction.margin.residuals(outputs, targets)
    #expect(residuals[0] == 0.5)
    #expect(abs(Double(residuals[1]) / 9.357622968840175e-14 - 1) < 1e-5)
    #expect(OutputFunction.loss.residuals(outputs, targets) == [1, 1])
  }

  @Test("residuals are the factor from ∇f to −∇ℓ", arguments: [OutputFunction.margin, .loss])
  func residualFactor(function: OutputFunction) throws {
    let source = Self.source()
    let f = try source.gradients(of: Self.classes, target: .output(function))
    let loss = try source.gradients(of: Self.classes, target: .output(.loss))
    let residuals = function.residuals(f.outputs, TargetValues(Self.classes.targets))
    let (a, b) = (
      f.gradients.fullGradients(parameterCount: 6),
      loss.gradients.fullGradients(parameterCount: 6)
    )
    for i in 0..<3 {
      #expect(relativeDifference(a.row(i).map { $0 * residuals[i] }, b.row(i)) < 1e-6)
    }
  }

  @Test(
    "parameters that are not numbers are an error that names the example",
    arguments: [Float.nan, .infinity])
  func notFinite(value: Float) {
    let source = Self.source([0, value, 0, 0, 0, 0])
    // The third example alone has a second input beside 0 that makes the output overflow or NaN.
    let error = diagnosed {
      _ = try source.gradients(of: Self.classes.subset([2]), target: .output(.margin))
    }
    #expect(error as? GradientError == .nonFiniteOutput(example: "2"))
    #expect(error?.what == "the network's outputs for example 2 are not finite numbers")
    #expect(error?.location == "example 2")
    #expect(
      error?.remedy
        == "the training diverged at this checkpoint: lower the rate, or name an earlier checkpoint"
    )
  }

  @Test(
    "a hidden layer that is not a number is noticed too, through any activation",
    arguments: [Activation.Kind.relu, .tanh, .gelu])
  func hiddenNaN(kind: Activation.Kind) {
    let network = Network.multilayerPerceptron(
      inputShape: [2], hidden: [3], outputs: 2, activation: kind)
    var parameters = network.initialParameters(seed: 0)
    parameters[0] = .nan
    let source = GradientSource(network: network, parameters: parameters)
    let error = diagnosed {
      _ = try source.gradients(of: Self.classes, target: .output(.margin))
    }
    #expect(error as? GradientError == .nonFiniteOutput(example: "0"))
  }

  @Test("an output function that the targets do not have is refused")
  func outputFunction() {
    let numbers = Dataset(
      inputs: Tensor([1, 2], shape: [1, 2]), targets: .values(Tensor([1], shape: [1, 1])))
    let error = diagnosed {
      _ = try Self.source(outputs: 1).gradients(of: numbers, target: .output(.margin))
    }
    #expect(error as? GradientError == .outputFunction(name: "margin"))
    #expect(error?.what == "output function margin is not defined for this data's targets")
    #expect(error?.location == "‹outputFunction›")
    #expect(
      error?.remedy == "margin, hardMargin, logit, logProbability and loss need classes; "
        + "prediction (one output), negativeHalfSquaredError and loss need numbers")
  }

  @Test("blocks end at absolute multiples, whatever row they begin at")
  func blocks() throws {
    let data = Dataset(
      inputs: Tensor(repeating: 1, shape: [20, 2]),
      targets: .classes([Int32](repeating: 0, count: 20), names: ["a", "b"]))
    var seen: [Range<Int>] = []
    try Self.source().forEachBlock(of: data, rows: 5..<18, blockSize: 8, target: .jacobian) {
      rows, gradients, outputs in
      seen.append(rows)
      #expect(gradients.count == rows.count && outputs.rowCount == rows.count)
    }
    #expect(seen == [5..<8, 8..<16, 16..<18])
  }

  @Test("many outputs: the sign combinations keep the trace kernel's mean")
  func manyOutputs() throws {
    let source = Self.source(outputs: 40)
    let functions = source.traceFunctions
    #expect(functions.rows == GradientSource.traceLimit && functions.columns == 40)
    // Each column has norm 1 exactly: the trace is unbiased, and on the diagonal exact.
    for c in 0..<40 {
      let norm = (0..<functions.rows).reduce(Float(0)) { $0 + functions[$1, c] * functions[$1, c] }
      #expect(abs(norm - 1) < 1e-6)
    }
  }

  @Test(
    "an identity's text gives the choice back",
    arguments: [
      "sjlt version=1 k=8 seed=7 nonzeros=4 layers=0.weight:2x3",
      "kronecker version=1 k=6 seed=7 requested=8 layers=0.weight:2x3",
    ])
  func canonicalText(text: String) {
    let choice = ProjectionChoice(canonicalText: text)
    #expect(choice?.dimension == 8 && choice?.seed == 7)
    #expect(choice.map { text.hasPrefix($0.kind.rawValue) } == true)
  }

  @Test(
    "nonsense is no identity",
    arguments: ["", "nonsense k=1 seed=0", "sjlt k=0 seed=1", "sjlt k=4"])
  func noChoice(text: String) { #expect(ProjectionChoice(canonicalText: text) == nil) }

  @Test(
    "a store's projector that cannot be made again is refused by what is unknown",
    arguments: [
      (nil, "it is not recorded"), ("", "it is not recorded"),
      ("fourier version=1 k=8 seed=7", "there is no kind fourier"),
      ("sjlt version=2 k=8 seed=7 nonzeros=4", "version 2 of sjlt is unknown"),
      ("sjlt k=8 seed=7", "version none of sjlt is unknown"),
      ("sjlt version=1 k=0 seed=7", "it has no dimension"),
      ("sjlt version=1 k=8", "it has no seed"), ("mask version=1 k=8 seed=-1", "it has no seed"),
    ] as [(String?, String)])
  func refusedProjector(text: String?, problem: String) {
    let error = diagnosed { _ = try ProjectionChoice(stored: text, file: "train.h5") }
    #expect(
      error as? GradientError
        == .storedProjector(problem: problem, text: text ?? "", file: "train.h5"))
    #expect(
      error?.what == "the store's projector cannot be made again: \(problem), in \"\(text ?? "")\"")
    #expect(error?.location == "train.h5")
    #expect(error?.remedy == "use the version of Ascribe that made the store, or make it again")
    #expect(error?.exitCode == 4)
  }
}
