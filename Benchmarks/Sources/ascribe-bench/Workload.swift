// Letters: n examples.
import Datasets
import Gradients
import Networks
import Randomness
import Tensors
import Training

/// The network and data of the benchmarks: 784-128-64-10 on images made from random numbers.
enum Workload {
  /// The network.
  static let network = Network.multilayerPerceptron(
    inputShape: [784], hidden: [128, 64], outputs: 10)
  /// Coordinates of a gradient.
  static let parameterCount = Double(network.parameterCount)
  /// Σ (I + O) of its layers: flops of a kernel entry, over two.
  static let kernelWidth = 1_178.0
  /// Σ (I + C·O): the same of the trace kernel.
  static let traceKernelWidth = 2_996.0

  /// A matrix of numbers in [0, 1).
  static func noise(rows: Int, columns: Int, index: UInt64) -> Matrix<Float> {
    let matrix = Matrix<Float>(uninitialized: rows, columns)
    let stream = RandomStream(seed: 11, purpose: .probe, index: index)
    Workers.run(over: matrix.count, grain: 1 << 16) { range in
      stream.fillUniform(
        matrix.storage.base + range.lowerBound, count: range.count, from: UInt64(range.lowerBound))
    }
    return matrix
  }

  /// n images of ten classes, about a fifth of the pixels above 0: a pattern a class, and noise.
  static func images(_ n: Int, index: UInt64 = 3) -> Dataset {
    let inputs = Tensor(noise(rows: n, columns: 784, index: index))
    let patterns = noise(rows: 10, columns: 784, index: 4)
    let stream = RandomStream(seed: 11, purpose: .probe, index: index + 1_000)
    let classes = (0..<n).map { Int32(stream.integer(below: 10, at: UInt64($0))) }
    Workers.run(over: n, grain: 256) { rows in
      for row in rows {
        let x = inputs.storage.base + row * 784
        let pattern = patterns.storage.base + Int(classes[row]) * 784
        for i in 0..<784 { x[i] = max(0, 0.7 * x[i] + 0.6 * pattern[i] - 0.9) }
      }
    }
    return Dataset(inputs: inputs, targets: .classes(classes, names: (0..<10).map { "\($0)" }))
  }

  /// Training as the benchmarks do it.
  static func configuration(batch: Int, epochs: Int) -> TrainingConfiguration {
    TrainingConfiguration(
      optimizer: .sgd(momentum: 0.9), rate: 0.01, batch: batch, epochs: epochs)
  }

  /// The network after two epochs on some images.
  static func trained(on data: Dataset) throws -> GradientSource {
    let trainer = try Trainer(
      network: network, configuration: configuration(batch: 64, epochs: 2), data: data)
    return GradientSource(network: network, parameters: try trainer.train().parameters)
  }
}
