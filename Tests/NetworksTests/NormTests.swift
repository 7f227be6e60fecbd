import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Norms on values whose mean and variance are whole numbers.
@Suite("Norms by hand")
struct NormTests {
  /// What a layer makes of x, and of a gradient of its outputs.
  struct Result {
    let y, dx, parameterGradient: [Float]
    let bufferUpdates: [Int: Tensor]

    /// - Parameters:
    ///   - theta: of a norm: scale, shift and, in batch norm, the running statistics.
    ///   - outputShape: of y; that of x when nil.
    init(
      _ x: Tensor, theta: [Float], dy: [Float], trains: Bool = false, outputShape: [Int]? = nil,
      _ make: (inout NetworkBuilder) -> any Layer
    ) {
      var builder = NetworkBuilder()
      let layer = make(&builder)
      let network = Network(
        layer, builder: builder, inputShape: Array(x.shape.dropFirst()), outputCount: 1)
      let pass = network.pass(
        Tensor(theta, shape: [theta.count]), batch: x.shape[0], for: [.gradient, .inputGradient],
        dropout: trains ? DropoutDraws(seed: 0, step: 0) : nil)
      y = layer.forward(x, pass).elements
      dx = layer.backward(Tensor(dy, shape: outputShape ?? x.shape), pass)?.elements ?? []
      parameterGradient = pass.gradient?.elements ?? []
      bufferUpdates = pass.bufferUpdates
    }
  }

  private func isNear(_ found: [Float], _ expected: [Double]) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }
  }

  /// Mean 2, variance 1: x̂ = (−1, −1, 1, 1).
  @Test("layer norm: dx = s (u − mean u − x̂ mean(x̂ u))")
  func layer() {
    let result = Result(
      Tensor([1, 1, 3, 3], shape: [1, 4]), theta: [1, 2, 3, 4, 10, 20, 30, 40], dy: [4, 0, 0, 0]
    ) { $0.layerNorm("n", width: 4, epsilon: 0) }
    #expect(isNear(result.y, [9, 18, 33, 44]))
    // u = (4, 0, 0, 0): mean 1, along x̂ −1.
    #expect(isNear(result.dx, [2, -2, 0, 0]))
    #expect(isNear(result.parameterGradient, [-4, 0, 0, 0, 4, 0, 0, 0]))
  }

  /// Root mean square 2: x̂ = (1, 1, −1, −1).
  @Test("RMS norm: dx = s (u − x̂ mean(x̂ u))")
  func rootMeanSquare() {
    let result = Result(
      Tensor([2, 2, -2, -2], shape: [1, 4]), theta: [1, 2, 3, 4], dy: [0, 4, 0, 0]
    ) { $0.rootMeanSquareNorm("n", width: 4, epsilon: 0) }
    #expect(isNear(result.y, [1, 2, -3, -4]))
    // u = (0, 8, 0, 0): along x̂ 2.
    #expect(isNear(result.dx, [-1, 3, 1, 1]))
    #expect(isNear(result.parameterGradient, [0, 4, 0, 0]))
  }

  /// Two pixels of four channels: (1, 1, 3, 3) in one group, (2, 2, −2, −2) in the other.
  @Test("group norm: each group by itself")
  func group() {
    let result = Result(
      Tensor([1, 1, 2, 2, 3, 3, -2, -2], shape: [1, 2, 1, 4]),
      theta: [1, 2, 3, 4, 10, 20, 30, 40], dy: [4, 0, 0, 0, 0, 0, 0, 1]
    ) { $0.groupNorm("n", groups: 2, channels: 4, epsilon: 0) }
    #expect(isNear(result.y, [9, 18, 33, 44, 11, 22, 27, 36]))
    // The groups' u are (4, 0, 0, 0) and (0, 0, 0, 4): means 1 and 1, along x̂ −1 and −1.
    #expect(isNear(result.dx, [2, -2, 0, 0, 0, 0, -1, 1]))
    #expect(isNear(result.parameterGradient, [-4, 0, 0, -1, 4, 0, 0, 1]))
  }

  /// One channel, two examples of two pixels: mean 2, variance 1, unbiased 4/3.
  @Test("batch norm in training: by the batch, which moves the running statistics")
  func batch() {
    let result = Result(
      Tensor([1, 1, 3, 3], shape: [2, 2, 1, 1]), theta: [2, 5, 7, 9], dy: [2, 0, 0, 0],
      trains: true
    ) { $0.batchNorm("n", channels: 1, epsilon: 0, momentum: 0.25) }
    #expect(isNear(result.y, [3, 3, 7, 7]))
    #expect(isNear(result.dx, [2, -2, 0, 0]))
    #expect(isNear(result.parameterGradient, [-2, 2, 0, 0]))
    // 7 + (2 − 7) / 4 and 9 + (4/3 − 9) / 4.
    let (mean, variance) = (5.75, 7 + 1.0 / 12)
    #expect(isNear(result.bufferUpdates[2]?.elements ?? [], [mean]))
    #expect(isNear(result.bufferUpdates[3]?.elements ?? [], [variance]))
  }

  /// Mean 7 and variance 9 are constants.
  @Test("batch norm in evaluation: a line")
  func frozen() {
    let result = Result(
      Tensor([1, 1, 4, 7], shape: [2, 2, 1, 1]), theta: [3, 5, 7, 9], dy: [2, 0, 0, 1]
    ) { $0.batchNorm("n", channels: 1, epsilon: 0) }
    #expect(isNear(result.y, [-1, -1, 2, 5]))
    #expect(isNear(result.dx, [2, 0, 0, 1]))
    #expect(isNear(result.parameterGradient, [-4, 3, 0, 0]))
    #expect(result.bufferUpdates.isEmpty)
  }
}
