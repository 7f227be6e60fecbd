import Datasets
import Factors
import Networks
import Tensors
import TestSupport
import Testing

@testable import Gradients

/// Kernels of gradients that are held and of those that are made again.
@Suite("Kernel gradients") struct KernelGradientsTests {
  static let image = ImageShape(channels: 1, height: 8, width: 8)

  /// A convolutional network at random parameters, whose gradients are partly written out.
  static func source() throws -> GradientSource {
    let network = try #require(
      Network.convolutional(image: image, channels: [3, 4], hidden: [6], outputs: 3))
    return GradientSource(network: network, parameters: network.initialParameters(seed: 4))
  }

  static func data(_ count: Int, from first: Int = 0) -> Dataset {
    let inputs = Tensor(uninitialized: [count, 8, 8])
    for i in 0..<inputs.count {
      let place = i + first * 64
      inputs.storage.base[i] = Float((place * place + place / 5) % 17) / 8 - 1
    }
    return Dataset(
      inputs: inputs,
      targets: .classes((0..<count).map { Int32(($0 + first) % 3) }, names: ["a", "b", "c"]))
  }

  @Test(
    "without room for all gradients kernel, rows, norms and outputs are the same",
    arguments: [GradientSource.Target.output(.margin), .jacobian], [2, 5, 6, 20])
  func streamed(target: GradientSource.Target, blocks: Int) throws {
    let (source, data) = (try Self.source(), Self.data(23))
    let whole = try KernelGradients(of: data, source: source, target: target, compacts: true)
    #expect(whole.isHeld && whole.byteCount > 0)
    let bytes = try source.gradients(of: data, target: target).gradients.byteCount / 23
    let streamed = try KernelGradients(
      of: data, source: source, target: target, compacts: true, budget: 2 * blocks * bytes)
    #expect(!streamed.isHeld || blocks == 20)
    #expect(streamed.byteCount == 0 || blocks == 20)
    #expect(streamed.blockSize == blocks)
    #expect(streamed.outputs == whole.outputs)
    #expect(relativeDifference(streamed.squaredNorms, whole.squaredNorms) < 1e-5)
    let (kernel, expected) = (try streamed.kernel(), try whole.kernel())
    #expect(relativeDifference(kernel.elements, expected.elements) < 1e-5)
    for i in 0..<23 { for j in 0..<i { #expect(kernel[i, j] == kernel[j, i]) } }
    let queries = Self.data(7, from: 100)
    func rows(_ gradients: KernelGradients) throws -> [Float] {
      var rows: [Float] = []
      var seen = 0
      try gradients.forEachRows(of: queries, target: target, atMost: 4) { block in
        #expect(block.range.lowerBound == seen && block.range.count <= min(4, gradients.blockSize))
        #expect(block.queries.ids == Array(queries.ids[block.range]))
        seen = block.range.upperBound
        rows += block.kernel.elements
      }
      #expect(seen == 7)
      return rows
    }
    #expect(relativeDifference(try rows(streamed), try rows(whole)) < 1e-5)
  }

  @Test(
    "the kernel is that of gradients written out, by a plain loop",
    arguments: [GradientSource.Target.output(.margin), .jacobian], [1, 1 << 30])
  func plain(target: GradientSource.Target, budget: Int) throws {
    let (source, data) = (try Self.source(), Self.data(9))
    let network = source.network
    // A Jacobian's kernel is the mean of those of its outputs.
    let full =
      target == .jacobian
      ? try (0..<3).map { output in
        try network.exampleGradients(data.inputs, parameters: source.parameters) { outputs in
          let unit = Tensor(repeating: 0, shape: outputs.shape)
          for row in 0..<9 { unit.storage.base[row * 3 + output] = 1 }
          return unit
        }.gradients.fullGradients(parameterCount: network.parameterCount)
      }
      : [
        try source.gradients(of: data, target: target).gradients
          .fullGradients(parameterCount: network.parameterCount)
      ]
    let gradients = try KernelGradients(of: data, source: source, target: target, budget: budget)
    #expect(gradients.isHeld == (budget > 1))
    let kernel = try gradients.kernel()
    let lower = try gradients.lowerKernel()
    for i in 0..<9 { #expect(lower.row(i)[...i] == kernel.row(i)[...i], "row \(i)") }
    var worst = 0.0
    for i in 0..<9 {
      for j in 0..<9 {
        let expected =
          full.reduce(0.0) { sum, g in
            (0..<g.columns).reduce(sum) { $0 + Double(g[i, $1]) * Double(g[j, $1]) }
          } / Double(full.count)
        worst = max(worst, abs(Double(kernel[i, j]) - expected) / Double(kernel[i, i]))
      }
    }
    #expect(worst < 1e-5)
  }
}
