import Networks
import Tensors
import Testing

/// Layers on a handful of whole numbers.
@Suite("Layers by hand")
struct HandTests {
  typealias Result = NormTests.Result

  /// 1 2 3 over 4 5 6.
  private static let image = ImageShape(channels: 1, height: 2, width: 3)
  private static let pixels = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 2, 3, 1])

  /// A layer whose windows fit.
  private func made(_ layer: (some Layer)?) -> any Layer {
    guard let layer else { preconditionFailure("a window that does not fit") }
    return layer
  }

  @Test("convolution: two windows of 2 × 2")
  func convolution() {
    // What reads the network's inputs does not propagate: two parameters stand before.
    let result = Result(
      Self.pixels, theta: [0, 0, 1, 10, 100, 1000, 7], dy: [1, 0], outputShape: [1, 1, 2, 1]
    ) { builder in
      _ = builder.linear("before", inputs: 1, outputs: 1)
      return made(builder.convolution("c", input: Self.image, outputs: 1, kernel: 2))
    }
    #expect(result.y == [5428, 6539])
    #expect(result.dx == [1, 10, 0, 100, 1000, 0])
    #expect(result.parameterGradient == [0, 0, 1, 2, 4, 5, 1])
  }

  @Test("pooling: the largest of each window takes all of its gradient, the mean a quarter each")
  func pooling() {
    let largest = Result(
      Self.pixels, theta: [], dy: [4, 8], outputShape: [1, 1, 2, 1]
    ) { made($0.maxPool(input: Self.image, kernel: 2, stride: 1)) }
    #expect(largest.y == [5, 6] && largest.dx == [0, 0, 0, 0, 4, 8])
    let mean = Result(
      Self.pixels, theta: [], dy: [4, 8], outputShape: [1, 1, 2, 1]
    ) { made($0.averagePool(input: Self.image, kernel: 2, stride: 1)) }
    #expect(mean.y == [3, 4] && mean.dx == [1, 3, 2, 1, 3, 2])
  }

  /// Queries of 0 see all keys alike: (q, k, v) is (0, 5, 2) and (0, −3, 4).
  @Test("attention: the mean of what is seen", arguments: [true, false])
  func attention(isCausal: Bool) {
    let result = Result(
      Tensor([0, 5, 2, 0, -3, 4], shape: [1, 2, 3]), theta: [], dy: [0, 1],
      outputShape: [1, 2, 1]
    ) { $0.attention(heads: 1, keyHeads: 1, headWidth: 1, isCausal: isCausal) }
    #expect(result.y == [isCausal ? 2 : 3, 3])
    // dq = Σ_s p_s (v_s − 3) k_s = ½ (−1) 5 + ½ 1 (−3).
    #expect(result.dx == [0, 0, 0.5, -4, 0, 0.5])
  }

  @Test("embedding: a token's vector and its position's")
  func embedding() {
    let result = Result(
      Tensor([1, 0], shape: [1, 2]), theta: [1, 2, 3, 4, 10, 20, 30, 40], dy: [1, 2, 3, 4],
      outputShape: [1, 2, 2]
    ) { builder in
      let tokens = builder.parameter(name: "e", shape: [2, 2], fanIn: 2)
      let positions = builder.parameter(name: "p", shape: [2, 2], fanIn: 2)
      return builder.embedding(tokens: tokens, positions: positions)
    }
    #expect(result.y == [13, 24, 31, 42] && result.dx.isEmpty)
    #expect(result.parameterGradient == [3, 4, 1, 2, 1, 2, 3, 4])
  }

  /// silu(0) = 0, silu′(0) = ½.
  @Test("gated product, mean over positions, and a way around a linear layer")
  func others() {
    let gated = Result(
      Tensor([0, 5], shape: [1, 2]), theta: [], dy: [2], outputShape: [1, 1]
    ) { $0.gatedProduct() }
    #expect(gated.y == [0] && gated.dx == [5, 0])
    let pooled = Result(
      Tensor([1, 2, 3, 6], shape: [1, 2, 2]), theta: [], dy: [2, 4], outputShape: [1, 2]
    ) { $0.meanPool() }
    #expect(pooled.y == [2, 4] && pooled.dx == [1, 2, 1, 2])
    let residual = Result(
      Tensor([2], shape: [1, 1]), theta: [0, 0, 3, 1], dy: [1], outputShape: [1, 1]
    ) { builder in
      _ = builder.linear("before", inputs: 1, outputs: 1)
      return Residual([builder.linear("l", inputs: 1, outputs: 1)])
    }
    #expect(residual.y == [9] && residual.dx == [4])
    #expect(residual.parameterGradient == [0, 0, 2, 1])
  }
}
