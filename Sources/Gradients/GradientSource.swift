// Letters: n examples, C outputs, B block of examples.
import Datasets
import Factors
import LinearAlgebra
import Networks
import Randomness
import Tensors

/// A network at one checkpoint: where per-example gradients come from.
public struct GradientSource: Sendable {
  /// Which function of the outputs is differentiated.
  public enum Target: Sendable, Hashable {
    /// An output function f.
    case output(OutputFunction)
    /// Every output at once, side by side (the trace kernel).
    case jacobian
  }

  /// The network.
  public let network: Network
  /// Its parameters, p values.
  public let parameters: Tensor

  /// Which of the trace kernel's functions a Jacobian is of; nil: all.
  private var traced: Range<Int>?

  /// A network at the given parameters.
  public init(network: Network, parameters: Tensor) {
    self.network = network
    self.parameters = parameters
  }

  /// The same network with some of the trace kernel's functions alone: kernels of all of them, taken
  /// in parts, sum to the whole.
  func tracing(_ functions: Range<Int>) -> GradientSource {
    var source = self
    source.traced = functions
    return source
  }

  /// Examples that go through the network at a time; memory beyond the result is theirs.
  public static let blockSize = 512

  /// Examples at a time where every position of an example has factors of its own.
  var standardBlock: Int {
    let positions = network.outputShape.count > 1 ? network.outputShape[0] : 1
    return max(1, GradientSource.blockSize / positions)
  }

  /// Examples that go through a projector at a time, a divisor of `FeatureCollection.blockSize`: as
  /// many as go through the network at a time.
  public var projectionBlock: Int {
    var block = FeatureCollection.blockSize
    while block > 1 && block > 2 * standardBlock { block /= 2 }
    return network.examplesAtATime(atMost: block, functions: 1)
  }

  /// Outputs up to which the trace kernel takes each one; above, that many random combinations.
  public static let traceLimit = 16

  /// The linear functions of the outputs whose kernels sum to the trace kernel, S × C: the outputs
  /// themselves, or seeded sign combinations over √S.
  var traceFunctions: Matrix<Float> {
    guard let traced else { return allTraceFunctions }
    return MatrixView(allTraceFunctions).rows(traced).matrix
  }

  private var allTraceFunctions: Matrix<Float> {
    let outputs = network.outputCount
    if outputs <= GradientSource.traceLimit {
      var functions = Matrix<Float>(repeating: 0, rows: outputs, columns: outputs)
      for c in 0..<outputs { functions[c, c] = 1 }
      return functions
    }
    let count = GradientSource.traceLimit
    let functions = Matrix<Float>(uninitialized: count, outputs)
    RandomStream(seed: 0, purpose: .probe).fillSigns(
      functions.storage.base, count: functions.count, scale: 1 / Float(count).squareRoot(),
      from: 0)
    return functions
  }

  /// How many functions of the outputs stand side by side in a Jacobian, S.
  public var traceFunctionCount: Int {
    traced?.count ?? min(network.outputCount, GradientSource.traceLimit)
  }

  /// Outputs of all of `data`, n × output shape, in evaluation mode.
  public func outputs(of data: Dataset) -> Tensor {
    let outputs = Tensor(uninitialized: [data.count] + network.outputShape)
    forEachOutputs(of: data) { range, block in
      (outputs.storage.base + range.lowerBound * network.outputSize).update(
        from: block.storage.base, count: block.count)
    }
    return outputs
  }

  /// −∂ℓ/∂f of every example, n values; outputs are held a block at a time.
  public func residuals(of data: Dataset, _ function: OutputFunction) -> [Float] {
    var residuals: [Float] = []
    forEachOutputs(of: data) { range, block in
      residuals += function.residuals(block, TargetValues(data.targets.subset(Array(range))))
    }
    return residuals
  }

  private func forEachOutputs(of data: Dataset, _ body: (Range<Int>, Tensor) -> Void) {
    forEachRange(of: data.count, functions: 0) { range in
      body(range, network.uncheckedOutputs(data.inputs.prefixSlice(range), parameters: parameters))
    }
  }

  /// Cuts examples into blocks that go through the network at a time.
  ///
  /// - Parameter functions: functions of the outputs whose factors are kept; 0: none is.
  func forEachRange(
    of count: Int, functions: Int, _ body: (Range<Int>) throws -> Void
  ) rethrows {
    let size = network.examplesAtATime(atMost: standardBlock, functions: functions)
    for range in (0..<count).blocks(of: size) { try body(range) }
  }

  /// Calls `body` with the factors and outputs of one block of examples after the other.
  ///
  /// Memory does not grow with n.
  public func forEachBlock(
    of data: Dataset, rows: Range<Int>?, blockSize: Int?, target: Target,
    _ body: (Range<Int>, ExampleGradients, Tensor) throws -> Void
  ) throws {
    try target.require(data)
    let functions = target == .jacobian ? traceFunctionCount : 1
    let blockSize = network.examplesAtATime(
      atMost: blockSize ?? standardBlock, functions: functions)
    let rows = rows ?? 0..<data.count
    for range in rows.blocks(of: blockSize) {
      let (gradients, outputs) = try block(range, of: data, target: target)
      try GradientProgress.add(range, of: rows)
      try body(range, gradients, outputs)
    }
  }

  private func block(
    _ range: Range<Int>, of data: Dataset, target: Target
  ) throws -> (ExampleGradients, Tensor) {
    let inputs = data.inputs.prefixSlice(range)
    let result: (gradients: ExampleGradients, outputs: Tensor)
    switch target {
    case .jacobian:
      result = try network.jacobianFactors(
        inputs, parameters: parameters, functions: traceFunctions)
    case .output(let function):
      let targets = TargetValues(data.targets.subset(Array(range)))
      result = try network.exampleGradients(inputs, parameters: parameters) {
        function.gradient($0, targets)
      }
    }
    if let position = result.outputs.firstNonFinite {
      let row = range.lowerBound + position / network.outputSize
      throw GradientError.nonFiniteOutput(example: "\(data.ids[row])")
    }
    return (result.gradients, result.outputs)
  }

}
