import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// A convolution against its definition, written as loops in fp64.
@Suite("Convolution")
struct ConvolutionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var (channels, height, width, outputs) = (2, 5, 4, 3)
    var (kernel, stride, padding, dilation, groups) = (3, 1, 1, 1, 1)
    var testDescription: String {
      "\(channels)×\(height)×\(width) to \(outputs), kernel \(kernel), stride \(stride), "
        + "padding \(padding), dilation \(dilation), groups \(groups)"
    }
    static let all = [
      Shape(), Shape(stride: 2), Shape(kernel: 1, padding: 0), Shape(padding: 2, dilation: 2),
      Shape(padding: 0), Shape(channels: 4, outputs: 6, stride: 2, groups: 2),
      Shape(kernel: 5, stride: 3, padding: 4), Shape(kernel: 2, stride: 2, padding: 0),
      Shape(channels: 1, height: 1, width: 7),
    ]
    /// Whose products are those of `Winograd`: whole tiles, tiles over the edge, every padding.
    static let manyChannels = [
      Shape(channels: 32, height: 4, width: 8, outputs: 48),
      Shape(channels: 48, height: 7, width: 6, outputs: 32, padding: 0),
      Shape(channels: 32, height: 5, width: 5, outputs: 32, padding: 2),
    ]
    init(
      channels: Int = 2, height: Int = 5, width: Int = 4, outputs: Int = 3, kernel: Int = 3,
      stride: Int = 1, padding: Int = 1, dilation: Int = 1, groups: Int = 1
    ) {
      (self.channels, self.height, self.width, self.outputs) = (channels, height, width, outputs)
      (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
      (self.dilation, self.groups) = (dilation, groups)
    }
    var image: ImageShape { ImageShape(channels: channels, height: height, width: width) }
  }

  /// A lone convolution on images as data has them, with rows as outputs.
  static func network(_ s: Shape) throws -> (network: Network, output: ImageShape) {
    var builder = NetworkBuilder()
    let made = builder.convolution(
      "c", input: s.image, outputs: s.outputs, kernel: s.kernel, stride: s.stride,
      padding: s.padding, dilation: s.dilation, groups: s.groups)
    let layer = try #require(made)
    let network = Network(
      Sequential([builder.channelsLast(s.image), layer, builder.flatten(layer.output)]),
      builder: builder, inputShape: [s.channels, s.height, s.width],
      outputCount: layer.output.count)
    return (network, layer.output)
  }

  /// y[b, o, y, x] and, for given dy, Σ dy y's derivative along the weights.
  static func plain(
    _ x: Tensor, _ theta: Tensor, _ s: Shape, _ output: ImageShape, dy: Tensor? = nil
  ) -> (y: [Double], gradient: [Double]) {
    let (inner, outer) = (s.channels / s.groups, s.outputs / s.groups)
    let weights = s.outputs * inner * s.kernel * s.kernel
    var y: [Double] = []
    var gradient = [Double](repeating: 0, count: theta.count)
    for b in 0..<x.shape[0] {
      for o in 0..<s.outputs {
        for row in 0..<output.height {
          for column in 0..<output.width {
            let slope = Double(dy?.elements[y.count] ?? 0)
            var sum = Double(theta[weights + o])
            gradient[weights + o] += slope
            for c in 0..<inner {
              for i in 0..<s.kernel {
                for j in 0..<s.kernel {
                  let h = row * s.stride - s.padding + i * s.dilation
                  let w = column * s.stride - s.padding + j * s.dilation
                  guard h >= 0, h < s.height, w >= 0, w < s.width else { continue }
                  let channel = o / outer * inner + c
                  let value = Double(
                    x[((b * s.channels + channel) * s.height + h) * s.width + w])
                  let place = ((o * inner + c) * s.kernel + i) * s.kernel + j
                  sum += Double(theta[place]) * value
                  gradient[place] += slope * value
                }
              }
            }
            y.append(sum)
          }
        }
      }
    }
    return (y, gradient)
  }

  @Test("outputs and weight gradients are those of plain loops", arguments: Shape.all, [1, 2])
  func loops(_ s: Shape, seed: UInt64) throws { try compare(s, seed: seed, tolerance: 1e-6) }

  @Test("many channels: the same to 5e-6", arguments: Shape.manyChannels)
  func winograd(_ s: Shape) throws { try compare(s, seed: 1, tolerance: 5e-6) }

  private func compare(_ s: Shape, seed: UInt64, tolerance: Double) throws {
    let (network, output) = try Self.network(s)
    let theta = gaussian([network.parameterCount], seed: seed, index: 0)
    let x = gaussian([3] + network.inputShape, seed: seed, index: 1)
    let dy = gaussian([3, output.count], seed: seed, index: 2)
    let pass = network.pass(theta, batch: 3, for: .gradient)
    let y = network.root.forward(x, pass)
    _ = network.root.backward(dy, pass)
    let expected = Self.plain(x, theta, s, output, dy: dy)
    #expect(relativeDifference(y.elements, expected.y) < tolerance, "seed \(seed)")
    #expect(
      relativeDifference(pass.gradient?.elements ?? [], expected.gradient) < tolerance,
      "seed \(seed)")
  }

  @Test("many channels: the same bits for one worker and two")
  func workers() throws {
    let s = Shape(channels: 32, height: 8, width: 9, outputs: 32)
    let (network, output) = try Self.network(s)
    let theta = gaussian([network.parameterCount], seed: 5, index: 0)
    let x = gaussian([30] + network.inputShape, seed: 5, index: 1)
    let dy = gaussian([30, output.count], seed: 5, index: 2)
    let bits = [1, 2].map { workers in
      Execution.with(workers: workers) {
        let pass = network.pass(theta, batch: 30, for: .gradient)
        let y = network.root.forward(x, pass)
        _ = network.root.backward(dy, pass)
        return (y.elements + (pass.gradient?.elements ?? [])).map(\.bitPattern)
      }
    }
    #expect(bits[0] == bits[1])
  }

  @Test("norms without factors are those of the factors", arguments: Shape.all)
  func norms(_ s: Shape) throws {
    let (network, output) = try Self.network(s)
    for patterns in [["c"], ["c.weight"], ["c.bias"]] {
      let chosen = try network.selecting(LayerPatterns(patterns), place: "p")
      let theta = gaussian([network.parameterCount], seed: 3, index: 0)
      let x = gaussian([3] + network.inputShape, seed: 3, index: 1)
      let dy = gaussian([3, output.count], seed: 3, index: 2)
      func pass(for purpose: Pass.Purpose) -> Pass {
        let pass = chosen.pass(theta, batch: 3, for: purpose)
        _ = chosen.root.forward(x, pass)
        _ = chosen.root.backward(dy, pass)
        return pass
      }
      let expected = pass(for: .factors).squaredNorms.map { Double($0) }
      let normed = pass(for: .norms)
      #expect(relativeDifference(normed.squaredNorms, expected) < 1e-6, "\(patterns)")
      #expect(normed.takeFactors().blocks.isEmpty)
    }
  }

  @Test(
    "gradients of inputs are the transpose: ⟨W ∗ x, dy⟩ = ⟨x, dx⟩",
    arguments: Shape.all + Shape.manyChannels)
  func adjoint(_ s: Shape) throws {
    var builder = NetworkBuilder()
    let made = builder.convolution(
      "c", input: s.image, outputs: s.outputs, kernel: s.kernel, stride: s.stride,
      padding: s.padding, dilation: s.dilation, groups: s.groups, bias: false)
    let layer = try #require(made)
    let network = Network(
      layer, builder: builder, inputShape: [s.height, s.width, s.channels],
      outputCount: layer.output.count)
    let theta = gaussian([network.parameterCount], seed: 4, index: 0)
    let x = gaussian([2] + network.inputShape, seed: 4, index: 1)
    let pass = network.pass(theta, batch: 2, for: .inputGradient)
    let y = layer.forward(x, pass)
    let dy = gaussian(y.shape, seed: 4, index: 2)
    let dx = try #require(layer.backward(dy, pass))
    let size = (Double(x.squaredNorm()) * Double(dx.squaredNorm())).squareRoot()
    #expect(abs(Double(y.dot(dy)) - Double(x.dot(dx))) < 1e-6 * size)
  }

  @Test("a channel that is ablated is the value everywhere in the image, for its example alone")
  func ablation() throws {
    let image = ImageShape(channels: 1, height: 4, width: 4)
    let network = try #require(Network.convolutional(image: image, channels: [2], outputs: 3))
    #expect(network.components.map(\.units) == [2, 1])
    let theta = gaussian([network.parameterCount], seed: 6, index: 0)
    let x = gaussian([2, 4, 4], seed: 6, index: 1)
    let point = try #require(network.components.first).point
    let masked = network.uncheckedOutputs(
      x, parameters: theta,
      ablation: [point: AblationMask(mask: Tensor([1, 1, 0, 0], shape: [2, 2]))])
    let whole = network.uncheckedOutputs(x, parameters: theta)
    #expect(masked.prefixSlice(0..<1) == whole.prefixSlice(0..<1))
    // Nothing is left of the second image but the last layer's bias.
    #expect(masked.prefixSlice(1..<2).elements == Array(theta.elements.suffix(3)))
  }

  @Test("images may come without a channel, with one, or as rows")
  func forms() throws {
    let image = ImageShape(channels: 1, height: 4, width: 6)
    let network = try #require(
      Network.convolutional(image: image, inputShape: [24], channels: [2], outputs: 3))
    let theta = gaussian([network.parameterCount], seed: 7, index: 0)
    let x = gaussian([2, 24], seed: 7, index: 1)
    let rows = network.uncheckedOutputs(x, parameters: theta)
    for shape in [[2, 4, 6], [2, 1, 4, 6]] {
      #expect(network.uncheckedOutputs(x.reshaped(shape), parameters: theta) == rows)
    }
  }

  @Test("images too small for a model make none")
  func tooSmall() {
    func image(_ size: Int) -> ImageShape { ImageShape(channels: 1, height: size, width: size) }
    #expect(Network.convolutional(image: image(3), channels: [2, 2], outputs: 2) == nil)
    #expect(Network.convolutional(image: image(4), channels: [2, 2], outputs: 2) != nil)
    #expect(Network.resnet9(image: image(10), width: 1, outputs: 2) == nil)
    #expect(Network.resnet9(image: image(11), width: 1, outputs: 2) != nil)
    #expect(Network.resnet(image: image(1), blocks: 1, width: 1, outputs: 2) != nil)
  }

  @Test("resnet9 has the 2.3 million parameters of the published one")
  func size() throws {
    let image = ImageShape(channels: 3, height: 32, width: 32)
    let network = try #require(Network.resnet9(image: image, outputs: 10))
    let buffers = network.buffers.reduce(0) { $0 + $1.count }
    #expect(network.parameterCount - buffers == 2_274_880)
    // Activations and factors of a thousand images are cut to what fits.
    #expect(network.examplesAtATime(atMost: 1024) < 1024)
    #expect(network.examplesAtATime(atMost: 4) == 4)
  }
}
