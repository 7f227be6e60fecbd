import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Output functions and losses")
struct OutputFunctionTests {
  static let classification: [OutputFunction] = [
    .margin, .hardMargin, .loss, .logit, .logProbability,
  ]

  @Test("margins of three logits by hand")
  func byHand() {
    let z = Tensor([0, Float(log(2.0)), Float(log(3.0))], shape: [1, 3])
    func value(_ f: OutputFunction, _ y: Int32) -> Float { f.values(z, .classes([y]))[0] }
    // p = 1/6, 2/6, 3/6.
    #expect(abs(value(.margin, 2)) < 1e-6)
    #expect(abs(value(.margin, 0) - Float(log(1.0 / 5))) < 1e-6)
    #expect(abs(value(.hardMargin, 2) - Float(log(1.5))) < 1e-6)
    #expect(abs(value(.logProbability, 1) - Float(log(1.0 / 3))) < 1e-6)
    #expect(abs(value(.loss, 1) - Float(log(1.0 / 3))) < 1e-6)
    #expect(value(.logit, 1) == Float(log(2.0)))
    #expect(abs(Loss.crossEntropy.values(z, .classes([0]))[0] - Float(log(6.0))) < 1e-6)
  }

  @Test("gradient and curvature are differences of the value", arguments: classification)
  func differences(_ function: OutputFunction) {
    let z: [Double] = [0.5, -1.25, 0.75, 0.125]
    let u: [Float] = [1, -0.5, 0.25, 2]
    for y in 0..<4 {
      let targets = TargetValues.classes([Int32(y)])
      let gradient = { (z: [Double]) in
        function.gradient(Tensor(z.map { Float($0) }, shape: [1, 4]), targets).elements
      }
      // Values rounded to fp32 at h = 2⁻⁸: rounding 2⁻²⁴/h ~ 2e-5, truncation h² ~ 2e-5.
      let h = 0x1p-8
      func moved(_ k: Int, _ step: Double) -> Tensor {
        var moved = z
        moved[k] += step
        return Tensor(moved.map { Float($0) }, shape: [1, 4])
      }
      let slopes = (0..<4).map { k in
        (Double(function.values(moved(k, h), targets)[0])
          - Double(function.values(moved(k, -h), targets)[0])) / (2 * h)
      }
      let exact = gradient(z)
      for k in 0..<4 { #expect(abs(Double(exact[k]) - slopes[k]) < 1e-4, "class \(y)") }
      let step = zip(z, u).map { $0 + h * Double($1) }
      let back = zip(z, u).map { $0 - h * Double($1) }
      let bends = zip(gradient(step), gradient(back)).map { (Double($0) - Double($1)) / (2 * h) }
      let curvature = function.curvature(
        Tensor(z.map { Float($0) }, shape: [1, 4]), targets, times: Tensor(u, shape: [1, 4]))
      for k in 0..<4 { #expect(abs(Double(curvature[k]) - bends[k]) < 2e-4, "class \(y)") }
    }
  }

  @Test("a margin keeps its digits where the probability rounds to 1")
  func certainty() {
    let z = Tensor([40, 0, 0, 80, 0, 0], shape: [2, 3])
    let targets = TargetValues.classes([0, 0])
    let expected = [40 - log(2.0), 80 - log(2.0)]
    #expect(relativeDifference(OutputFunction.margin.values(z, targets), expected) < 1e-7)
    let losses = Loss.crossEntropy.values(z, targets)
    #expect(relativeDifference(losses, [2 * exp(-40.0), 2 * exp(-80.0)]) < 1e-6)
    // 1 − p, which p − 1 in floats would round to 0.
    let slopes = OutputFunction.logProbability.gradient(z, targets)
    #expect(relativeDifference([slopes[0, 0]], [2 * exp(-40.0)]) < 1e-6)
    let gradient = Loss.crossEntropy.gradient(z, targets)
    #expect(relativeDifference([gradient[0, 0]], [-2 * exp(-40.0)]) < 1e-5)
    let u = Tensor([1, 0, 0, 1, 0, 0], shape: [2, 3])
    let bend = Loss.crossEntropy.curvature(z, targets, times: u)
    #expect(relativeDifference([bend[0, 0]], [2 * exp(-40.0)]) < 1e-5)
    let concave = OutputFunction.logProbability.curvature(z, targets, times: u)
    #expect(relativeDifference([concave[0, 0]], [-2 * exp(-40.0)]) < 1e-6)
  }

  @Test("logits of ±10,000 give finite values, gradients and curvature", arguments: classification)
  func largeLogits(_ function: OutputFunction) {
    let z = Tensor([1e4, -1e4, 0, -1e4, 1e4, 1e4, 1e4, 1e4, 1e4], shape: [3, 3])
    let u = Tensor(repeating: 1e4, shape: [3, 3])
    for y in 0..<3 {
      let targets = TargetValues.classes([Int32](repeating: Int32(y), count: 3))
      #expect(function.values(z, targets).allSatisfy { $0.isFinite })
      #expect(!function.gradient(z, targets).containsNonFinite)
      #expect(!function.curvature(z, targets, times: u).containsNonFinite)
      let losses = Loss.crossEntropy.values(z, targets)
      #expect(losses.allSatisfy { $0.isFinite && $0 >= 0 })
      #expect(abs(losses[2] - Float(log(3.0))) < 1e-6)
      #expect(!Loss.crossEntropy.gradient(z, targets).containsNonFinite)
      #expect(!Loss.crossEntropy.curvature(z, targets, times: u).containsNonFinite)
    }
    #expect(OutputFunction.margin.values(z, .classes([0, 0, 0]))[0] == 1e4)
  }

  @Test("a NaN anywhere among the logits is in values and loss", arguments: 0..<3, 0..<3)
  func notANumber(at place: Int, y: Int) {
    var row: [Float] = [1, 2, 3]
    row[place] = .nan
    let z = Tensor([0, 0, 0] + row, shape: [2, 3])
    let targets = TargetValues.classes([0, Int32(y)])
    for function in [OutputFunction.margin, .hardMargin, .loss, .logProbability] {
      let values = function.values(z, targets)
      #expect(values[0].isFinite && values[1].isNaN, "\(function)")
    }
    #expect(OutputFunction.logit.values(z, targets)[1].isNaN == (place == y))
    #expect(Loss.crossEntropy.values(z, targets)[1].isNaN)
    #expect(Loss.crossEntropy.gradient(z, targets).containsNonFinite)
    // The margin's slope does not depend on its own logit.
    #expect(OutputFunction.margin.gradient(z, targets).containsNonFinite == (place != y))
    let real = TargetValues.values(Tensor(repeating: 0, shape: [2, 3]))
    #expect(Loss.squaredError.values(z, real)[1].isNaN)
    #expect(OutputFunction.negativeHalfSquaredError.values(z, real)[1].isNaN)
  }

  @Test("with one class there is nothing to tell apart: all finite, no gradient")
  func oneClass() {
    let z = Tensor([3, -7], shape: [2, 1])
    let targets = TargetValues.classes([0, 0])
    for function in [OutputFunction.margin, .hardMargin, .loss, .logProbability] {
      #expect(function.values(z, targets) == [0, 0], "\(function)")
      #expect(function.gradient(z, targets).elements == [0, 0], "\(function)")
      #expect(function.curvature(z, targets, times: z).elements == [0, 0], "\(function)")
    }
    #expect(OutputFunction.logit.values(z, targets) == [3, -7])
    #expect(Loss.crossEntropy.values(z, targets) == [0, 0])
    #expect(Loss.crossEntropy.gradient(z, targets).elements == [0, 0])
    #expect(Loss.crossEntropy.curvature(z, targets, times: z).elements == [0, 0])
  }

  @Test("no examples: no values, empty gradients")
  func none() {
    let z = Tensor(uninitialized: [0, 3])
    for function in Self.classification {
      #expect(function.values(z, .classes([])).isEmpty)
      #expect(function.gradient(z, .classes([])).shape == [0, 3])
      #expect(function.curvature(z, .classes([]), times: z).shape == [0, 3])
    }
    #expect(Loss.crossEntropy.values(z, .classes([])).isEmpty)
    #expect(Loss.crossEntropy.gradient(z, .classes([])).shape == [0, 3])
    #expect(Loss.squaredError.values(z, .values(z)).isEmpty)
  }

  @Test("functions are defined for the targets they make sense for")
  func acceptance() {
    let one = TargetValues.values(Tensor([1], shape: [1, 1]))
    let two = TargetValues.values(Tensor([1, 2], shape: [1, 2]))
    let classes = TargetValues.classes([0])
    let accepted = { (t: TargetValues) in OutputFunction.allCases.filter { $0.accepts(t) } }
    #expect(accepted(classes) == Self.classification)
    #expect(accepted(one) == [.loss, .prediction, .negativeHalfSquaredError])
    #expect(accepted(two) == [.loss, .negativeHalfSquaredError])
    let z = Tensor([3], shape: [1, 1])
    #expect(OutputFunction.prediction.values(z, one) == [3])
    #expect(OutputFunction.prediction.gradient(z, one).elements == [1])
    #expect(OutputFunction.prediction.curvature(z, one, times: z).elements == [0])
    #expect(OutputFunction.loss.values(z, one) == [-2])
  }

  @Test("values are the same bits with one worker and with two")
  func workers() {
    let count = Workers.count
    defer { Workers.count = count }
    let z = gaussian([3000, 7], seed: 1, index: 0)
    let targets = TargetValues.classes((0..<3000).map { Int32($0 % 7) })
    Workers.count = 1
    let one = OutputFunction.margin.values(z, targets)
    let slopes = OutputFunction.margin.gradient(z, targets)
    Workers.count = 2
    #expect(OutputFunction.margin.values(z, targets) == one)
    #expect(OutputFunction.margin.gradient(z, targets) == slopes)
  }
}
