import CKernels
import Tensors
import TestSupport
import Testing

@testable import Networks

/// Convolution, ReLU, masks and pooling in one go against the layers one after another.
@Suite("Convolution with its pooling")
struct PooledConvolutionTests {
  /// Odd sizes, so that a row and a column of pixels are in no window.
  private static let image = ImageShape(channels: 1, height: 15, width: 13)
  private static let batch = Family.batch

  private func problem() throws -> (network: Network, theta: Tensor, x: Tensor) {
    let network = try #require(
      Network.convolutional(image: Self.image, channels: [16, 32], hidden: [8], outputs: 3))
    return (
      network, gaussian([network.parameterCount], seed: 1, index: 0),
      gaussian([Self.batch, 15, 13], seed: 1, index: 1)
    )
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.elements.map(\.bitPattern) }

  @Test("masked outputs are those of the layers, bit for bit", arguments: AblationCase.all)
  func masked(_ c: AblationCase) throws {
    let (network, theta, x) = try problem()
    let observing = network.pass(theta, batch: Self.batch, for: .activations)
    _ = network.root.forward(x, observing)
    let groups = network.components
    for chosen in [groups, groups.filter { $0.kind == .filter }, [groups[1]], []] {
      let masks = c.masks(chosen, activations: observing.observed.activations)
      let together = network.uncheckedOutputs(x, parameters: theta, ablation: masks)
      // A pass that keeps its activations goes layer by layer.
      let pass = network.pass(theta, batch: Self.batch, for: .gradient, ablation: masks)
      #expect(bits(together) == bits(network.root.forward(x, pass)), "\(chosen)")
    }
  }

  @Test("a row with a mask of its own is that of the row alone, bit for bit")
  func rows() throws {
    var stack = ImageStack(NetworkBuilder(), Self.image)
    for (name, channels) in [("0", 16), ("3", 32)] {
      let isConvolved = stack.convolve(name, to: channels, kernel: 3, padding: 1)
      stack.activate(name)
      let isPooled = stack.maxPool(2)
      try #require(isConvolved && isPooled)
    }
    stack.layers.append(stack.builder.flatten(stack.shape))
    let network = Network(
      Sequential(stack.layers), builder: stack.builder, inputShape: [15, 13],
      outputCount: stack.shape.count)
    let theta = gaussian([network.parameterCount], seed: 1, index: 0)
    let x = gaussian([Self.batch, 15, 13], seed: 1, index: 1)
    let masks = AblationCase(value: .rows, mask: .fractional).masks(
      network.components, activations: [:])
    let together = network.uncheckedOutputs(x, parameters: theta, ablation: masks)
    for row in 0..<Self.batch {
      let own = masks.mapValues { mask -> AblationMask in
        guard case .rows(let values) = mask.value else { return mask }
        return AblationMask(
          mask: mask.mask.prefixSlice(row..<row + 1),
          value: .rows(values.prefixSlice(row..<row + 1)))
      }
      let alone = network.uncheckedOutputs(
        x.prefixSlice(row..<row + 1), parameters: theta, ablation: own)
      #expect(bits(alone) == bits(together.prefixSlice(row..<row + 1)), "row \(row)")
    }
  }

  @Test("what is observed is there, and outputs stay the same", arguments: [4, 3, 0])
  func observed(level: Int) throws {
    ascribe_limit_kernel_level(Int32(level))
    defer { ascribe_limit_kernel_level(4) }
    try Execution.with(workers: 1) {
      let (network, theta, x) = try problem()
      let pass = network.pass(theta, batch: Self.batch, for: .activations)
      let observed = network.root.forward(x, pass)
      #expect(pass.observed.activations.count == network.components.count)
      #expect(bits(observed) == bits(network.uncheckedOutputs(x, parameters: theta)))
    }
  }

  @Test("a pixel that is not a number goes where it goes layer by layer")
  func notANumber() throws {
    let (network, theta, x) = try problem()
    var broken = x
    broken[20] = .nan
    broken[Self.image.count + 40] = .infinity
    let pass = network.pass(theta, batch: Self.batch, for: .gradient)
    let layered = network.root.forward(broken, pass)
    let together = network.uncheckedOutputs(broken, parameters: theta)
    #expect(together.elements.map(\.isNaN) == layered.elements.map(\.isNaN))
    #expect(together.elements.prefix(3).filter(\.isNaN).count == 3)
    #expect(bits(together.prefixSlice(2..<3)) == bits(layered.prefixSlice(2..<3)))
  }

  @Test("a prefix that stops within goes on with the same bits")
  func prefixes() throws {
    let (network, theta, x) = try problem()
    let whole = network.uncheckedOutputs(x, parameters: theta)
    for prefix in try network.prefixes(x, before: Array(network.places), parameters: theta) {
      #expect(
        bits(try network.outputs(from: prefix, parameters: theta)) == bits(whole),
        "place \(prefix.place)")
    }
  }
}

/// Max pooling at every level of the kernels against its definition.
@Suite("Max pooling")
struct MaxPoolTests {
  struct Window: Sendable, CustomTestStringConvertible {
    let kernel: Int, stride: Int, padding: Int
    var testDescription: String { "kernel \(kernel), stride \(stride), padding \(padding)" }
  }

  @Test(
    "values and gradients are those of plain loops",
    arguments: [
      Window(kernel: 2, stride: 2, padding: 0), Window(kernel: 3, stride: 2, padding: 1),
      Window(kernel: 2, stride: 3, padding: 0), Window(kernel: 3, stride: 1, padding: 0),
    ], [4, 3, 0])
  func loops(_ w: Window, level: Int) throws {
    // 16 channels at a time, and those left; many equal values.
    let image = ImageShape(channels: 21, height: 8, width: 6)
    var builder = NetworkBuilder()
    let made = builder.maxPool(
      input: image, kernel: w.kernel, stride: w.stride, padding: w.padding)
    let layer = try #require(made)
    let network = Network(
      layer, builder: builder, inputShape: [8, 6, 21], outputCount: layer.output.count)
    let x = Tensor(
      gaussian([2, 8, 6, 21], seed: 1, index: 0).elements.map { ($0 * 2).rounded() },
      shape: [2, 8, 6, 21])
    let output = layer.output
    let dy = gaussian([2, output.height, output.width, 21], seed: 1, index: 1)
    var (y, dx) = ([Float](), [Float](repeating: 0, count: x.count))
    for b in 0..<2 {
      for (row, column) in (0..<output.positions).map({ ($0 / output.width, $0 % output.width) }) {
        for c in 0..<21 {
          var best: (value: Float, place: Int)?
          for i in 0..<w.kernel {
            for j in 0..<w.kernel {
              let (h, v) = (row * w.stride - w.padding + i, column * w.stride - w.padding + j)
              guard h >= 0, h < 8, v >= 0, v < 6 else { continue }
              let place = ((b * 8 + h) * 6 + v) * 21 + c
              if best.map({ x.storage.base[place] > $0.value }) ?? true {
                best = (x.storage.base[place], place)
              }
            }
          }
          let won = try #require(best)
          dx[won.place] += dy.storage.base[y.count]
          y.append(won.value)
        }
      }
    }
    ascribe_limit_kernel_level(Int32(level))
    defer { ascribe_limit_kernel_level(4) }
    try Execution.with(workers: 1) {
      let pass = network.pass(Tensor([], shape: [0]), batch: 2, for: .inputGradient)
      #expect(layer.forward(x, pass).elements == y)
      let gradient = try #require(layer.backward(dy, pass))
      #expect(gradient.elements == dx)
      let alone = network.uncheckedOutputs(x, parameters: Tensor([], shape: [0]))
      #expect(alone.elements == y)
    }
  }
}
