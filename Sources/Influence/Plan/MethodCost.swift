// Letters: n training examples, m queries, k features.
import Gradients
import Networks

/// What a method takes at one checkpoint, in the units that a plan adds up.
public struct MethodCost: Sendable, Equatable {
  /// Floating-point operations.
  public var flops = 0.0
  /// Largest memory at a time, beside data and parameters.
  public var peakBytes = 0

  /// Nothing.
  public init() {}

  /// Some work.
  public init(flops: Double, peakBytes: Int) {
    (self.flops, self.peakBytes) = (flops, peakBytes)
  }

  /// This work, then another: flops add up, memory is given back in between.
  public func followed(by other: MethodCost) -> MethodCost {
    MethodCost(flops: flops + other.flops, peakBytes: max(peakBytes, other.peakBytes))
  }
}

/// The sizes of a scoring, with what kernels of that size take.
public struct WorkShape: Sendable {
  /// Functions of the outputs whose gradients stand side by side.
  public enum Functions: Sendable {
    /// One: an output function, or the loss.
    case one
    /// All outputs: the trace kernel.
    case outputs
  }

  /// n.
  public let examples: Int
  /// m.
  public let queries: Int
  /// k; nil on the exact kernel.
  public let features: Int?
  /// The factors of one example.
  let footprint: ExampleFootprint
  /// Flops of one example's pass forward and back, by layer kinds.
  let pass: Double
  let network: Network
  let isSequence: Bool
  /// Bytes that gradients may take to be held.
  let budget: Int

  /// Queries against the training examples as they are, without a solve.
  public func kernel(_ functions: Functions) -> MethodCost {
    if let features {
      return MethodCost(
        flops: passes(functions, of: queries)
          + 2 * Double(examples) * Double(queries) * Double(features),
        peakBytes: scanBytes(features))
    }
    let count = self.count(functions)
    return MethodCost(
      flops: gradients(count) + footprint.pairFlops(functions: count) * Double(examples)
        * Double(queries), peakBytes: peak(count, hasMatrix: false))
  }

  /// A ridge model on the kernel, and queries solved with it.
  ///
  /// - Parameter leavesOneOut: whether every example's leverage is needed as well.
  public func ridge(_ functions: Functions, leavesOneOut: Bool = false) -> MethodCost {
    let (n, m) = (Double(examples), Double(queries))
    let factorisations = leavesOneOut ? 2.0 : 1.0
    if let features {
      let k = Double(features)
      return MethodCost(
        flops: passes(functions, of: queries) + n * k * k * factorisations + k * k * k / 3
          + 2 * m * k * k + 2 * n * m * k,
        peakBytes: scanBytes(features) + 16 * features * features)
    }
    let count = self.count(functions)
    return MethodCost(
      flops: gradients(count) + footprint.pairFlops(functions: count) * (n * n / 2 + n * m)
        + factorisations * (n * n * n / 3 + 2 * n * n * m),
      peakBytes: peak(count, hasMatrix: true))
  }

  /// The same with other queries.
  func asking(_ queries: Int) -> WorkShape {
    WorkShape(
      examples: examples, queries: queries, features: features, footprint: footprint, pass: pass,
      network: network, isSequence: isSequence, budget: budget)
  }

  private func count(_ functions: Functions) -> Int {
    functions == .one ? 1 : min(network.outputCount, GradientSource.traceLimit)
  }

  /// Rounds of all examples through the network: one where the gradients of all fit, else as many
  /// blocks as each block has before it.
  private func rounds(_ functions: Int) -> Double {
    let all = Double(examples) * Double(footprint.keptBytes(functions: functions))
    return all <= Double(budget) ? 1 : 1 + all / Double(budget)
  }

  private func passes(_ functions: Functions, of count: Int) -> Double {
    pass * Double(count) * Double(self.count(functions))
  }

  private func gradients(_ functions: Int) -> Double {
    (pass * Double(functions) + footprint.gradientFlops(functions: functions))
      * Double(examples + queries) * rounds(functions)
  }

  private func scanBytes(_ features: Int) -> Int { 4_096 * features * 12 }

  private func peak(_ functions: Int, hasMatrix: Bool) -> Int {
    let kept = footprint.keptBytes(functions: functions)
    let held = min(examples, max(1, budget / max(1, kept))) * kept
    let block = network.examplesAtATime(
      atMost: isSequence ? max(1, 512 / network.outputShape[0]) : 512, functions: functions)
    let asked = min(queries, 512, max(1, budget / 2 / max(1, kept))) * kept
    let slice = footprint.sliceBytes(
      functions: functions, examples: examples + min(queries, 512))
    // Gradients with a block on its way through the network; then with the kernel, its factor, a
    // slice that is written out, and the queries' gradients and scores.
    return max(
      held + min(examples, block) * footprint.bytes(functions: functions),
      held + (hasMatrix ? examples * examples * 12 : 0) + slice + asked
        + queries * examples * 8)
  }
}
