import CKernels
import Factors
import Tensors
import TestSupport
import Testing

@testable import Networks

/// Convolutions to few channels, at every level of the kernels.
@Suite("Convolution to few channels")
struct NarrowConvolutionTests {
  typealias Shape = ConvolutionTests.Shape

  /// Windows where they lie: borders, strides, more than one band, every number of positions left.
  static let lines = [
    Shape(channels: 1, height: 9, width: 11, outputs: 16),
    Shape(channels: 1, height: 28, width: 28, outputs: 16),
    Shape(channels: 1, height: 1, width: 7, outputs: 48),
    Shape(channels: 3, height: 12, width: 10, outputs: 64, kernel: 5, stride: 2, padding: 2),
    Shape(channels: 16, height: 7, width: 8, outputs: 32, stride: 2),
    Shape(channels: 4, height: 8, width: 6, outputs: 16, kernel: 2, stride: 2, padding: 0),
    Shape(channels: 3, height: 6, width: 40, outputs: 32, padding: 0),
    Shape(channels: 2, height: 4, width: 4, outputs: 16, padding: 4),
  ]
  /// Tiles: whole ones, over both edges, every padding, more than one band, one input or output row.
  static let tiles = [
    Shape(channels: 16, height: 14, width: 14, outputs: 32),
    Shape(channels: 32, height: 6, width: 8, outputs: 16),
    Shape(channels: 16, height: 7, width: 5, outputs: 16, padding: 0),
    Shape(channels: 16, height: 5, width: 7, outputs: 48, padding: 2),
    Shape(channels: 16, height: 4, width: 70, outputs: 16),
  ]

  /// Calls `body` on this thread with kernels of a level.
  private func at<Result>(level: Int, _ body: () throws -> Result) rethrows -> Result {
    ascribe_limit_kernel_level(Int32(level))
    defer { ascribe_limit_kernel_level(4) }
    return try Execution.with(workers: 1) { try body() }
  }

  @Test("the kernels are chosen by sizes: few channels, no groups, no dilation")
  func choice() throws {
    func isNarrow(_ s: Shape) throws -> Bool {
      let geometry = try #require(
        WindowGeometry(
          input: s.image, kernel: (s.kernel, s.kernel), stride: s.stride, padding: s.padding,
          dilation: s.dilation))
      return NarrowConvolution(geometry, outputs: s.outputs, groups: s.groups) != nil
    }
    for s in Self.lines + Self.tiles {
      let found = try isNarrow(s)
      #expect(found, "\(s.testDescription)")
    }
    for s in [
      Shape(outputs: 24), Shape(outputs: 80), Shape(channels: 128, outputs: 64),
      Shape(outputs: 16, padding: 2, dilation: 2),
      Shape(channels: 16, outputs: 16, kernel: 1, padding: 0),
      Shape(channels: 16, outputs: 16, groups: 2),
    ] {
      let found = try isNarrow(s)
      #expect(!found, "\(s.testDescription)")
    }
  }

  @Test(
    "outputs and both gradients are those of plain loops, on every processor",
    arguments: lines + tiles, [4, 3, 0])
  func loops(_ s: Shape, level: Int) throws {
    let (network, output) = try ConvolutionTests.network(s)
    for batch in [1, 3] {
      let theta = gaussian([network.parameterCount], seed: 1, index: 0)
      let x = gaussian([batch] + network.inputShape, seed: 1, index: 1)
      let dy = gaussian([batch, output.count], seed: 1, index: 2)
      let (y, gradient, dx) = at(level: level) {
        let pass = network.pass(theta, batch: batch, for: [.gradient, .inputGradient])
        let y = network.root.forward(x, pass)
        let dx = network.root.backward(dy, pass)
        return (y.elements, pass.gradient?.elements ?? [], dx?.elements ?? [])
      }
      let plain = ConvolutionTests.plain(x, theta, s, output, dy: dy)
      #expect(relativeDifference(y, plain.y) < 1e-6, "batch \(batch)")
      #expect(relativeDifference(gradient, plain.gradient) < 1e-6, "batch \(batch)")
      #expect(
        relativeDifference(dx, plainInputGradient(dy, theta, s, output, batch: batch)) < 1e-6,
        "batch \(batch)")
    }
  }

  /// dx[b, c, h, w] = Σ dy[b, o, y, x] W[o, c, i, j] over what reads the pixel.
  private func plainInputGradient(
    _ dy: Tensor, _ theta: Tensor, _ s: Shape, _ output: ImageShape, batch: Int
  ) -> [Double] {
    var dx = [Double](repeating: 0, count: batch * s.image.count)
    for b in 0..<batch {
      for o in 0..<s.outputs {
        for (row, column) in (0..<output.positions).map({
          ($0 / output.width, $0 % output.width)
        }) {
          let slope = Double(
            dy.storage.base[((b * s.outputs + o) * output.height + row) * output.width + column])
          for c in 0..<s.channels {
            for i in 0..<s.kernel {
              for j in 0..<s.kernel {
                let (h, w) = (row * s.stride - s.padding + i, column * s.stride - s.padding + j)
                guard h >= 0, h < s.height, w >= 0, w < s.width else { continue }
                dx[((b * s.channels + c) * s.height + h) * s.width + w] +=
                  slope
                  * Double(
                    theta.storage.base[((o * s.channels + c) * s.kernel + i) * s.kernel + j])
              }
            }
          }
        }
      }
    }
    return dx
  }

  @Test(
    "AVX-512 and AVX2 give the same bits",
    .enabled(if: Processor.level >= 3), arguments: [lines[1], lines[3], tiles[0], tiles[3]])
  func levels(_ s: Shape) throws {
    let bits = try [4, 3].map { level in try at(level: level) { try allBits(s, batch: 3) } }
    #expect(bits[0] == bits[1])
  }

  @Test("the same bits for one worker and two", arguments: [lines[1], tiles[0]])
  func workers(_ s: Shape) throws {
    let bits = try [1, 2].map { workers in
      try Execution.with(workers: workers) { try allBits(s, batch: 40) }
    }
    #expect(bits[0] == bits[1])
  }

  /// Outputs and gradients.
  private func allBits(_ s: Shape, batch: Int) throws -> [UInt32] {
    let (network, output) = try ConvolutionTests.network(s)
    let theta = gaussian([network.parameterCount], seed: 2, index: 0)
    let x = gaussian([batch] + network.inputShape, seed: 2, index: 1)
    let dy = gaussian([batch, output.count], seed: 2, index: 2)
    let pass = network.pass(theta, batch: batch, for: [.gradient, .inputGradient])
    let y = network.root.forward(x, pass)
    let dx = network.root.backward(dy, pass)
    return (y.elements + (pass.gradient?.elements ?? []) + (dx?.elements ?? []))
      .map(\.bitPattern)
  }

  @Test("an image's outputs are the same bits alone and in a batch", arguments: lines + tiles)
  func alone(_ s: Shape) throws {
    let (network, _) = try ConvolutionTests.network(s)
    let theta = gaussian([network.parameterCount], seed: 3, index: 0)
    let x = gaussian([5] + network.inputShape, seed: 3, index: 1)
    let together = network.uncheckedOutputs(x, parameters: theta)
    for row in 0..<5 {
      let alone = network.uncheckedOutputs(x.prefixSlice(row..<row + 1), parameters: theta)
      #expect(alone.elements == together.prefixSlice(row..<row + 1).elements)
    }
  }

  @Test("an empty batch has no outputs and no gradient", arguments: [lines[0], tiles[0]])
  func empty(_ s: Shape) throws {
    let (network, output) = try ConvolutionTests.network(s)
    let theta = gaussian([network.parameterCount], seed: 4, index: 0)
    let pass = network.pass(theta, batch: 0, for: [.gradient, .inputGradient])
    let y = network.root.forward(Tensor(uninitialized: [0] + network.inputShape), pass)
    #expect(y.count == 0)
    let dx = network.root.backward(Tensor(uninitialized: [0, output.count]), pass)
    #expect(dx?.count == 0)
    #expect(pass.gradient?.elements.allSatisfy { $0 == 0 } == true)
  }
}
