// Letters: n training examples, m queries, k features.
import Networks
import Tensors

extension WorkShape {
  /// Queries against the training examples as they are, without a solve.
  public func kernel(_ functions: Functions) -> MethodCost {
    if let features {
      let made = queryFeatures(functions)
      return MethodCost(
        flops: made.flops + 2 * Double(examples) * Double(queries) * Double(features),
        peakBytes: max(made.peakBytes, made.keptBytes + scanBytes(features, 12)) + scoreBytes,
        keptBytes: made.keptBytes + 4 * examples)
    }
    let count = self.count(functions)
    if count == 1, queries <= StreamedProducts.queryLimit,
      StreamedProducts.suit(footprint, examples: examples)
    {
      return streamed
    }
    return MethodCost(
      flops: gradients(count) + footprint.pairFlops(functions: count) * Double(examples)
        * Double(queries),
      peakBytes: exactPeak(count, matrixBytes: 0), keptBytes: held(count, isCompact: true))
  }

  /// A few queries written out, and gradients that pass by: each query takes what writing a gradient
  /// out would.
  private var streamed: MethodCost {
    let (n, m, p) = (Double(examples), Double(queries), Double(network.parameterCount))
    return MethodCost(
      flops: footprint.passFlops(functions: 1) * (n + m)
        + footprint.gradientFlops(functions: 1) * (n + 1) * m,
      peakBytes: planned(bytes: 8 * p * m)
        + min(examples, block(1)) * footprint.bytes(functions: 1) + scoreBytes)
  }

  /// A ridge model on the kernel, and queries solved with it.
  ///
  /// - Parameter leavesOneOut: whether every example's leverage is needed as well.
  public func ridge(_ functions: Functions, leavesOneOut: Bool = false) -> MethodCost {
    let (n, m) = (Double(examples), Double(queries))
    let factorisations = leavesOneOut ? 2.0 : 1.0
    if let features {
      let k = Double(features)
      let made = queryFeatures(functions)
      if FeatureDualRidge.suits(rows: examples, columns: features) {
        let matrix = planned(bytes: 4 * n * n)
        return MethodCost(
          flops: made.flops + 2 * n * n * k + factorisations * (n * n * n / 3)
            + 2 * n * m * (k + n),
          peakBytes: max(
            made.peakBytes,
            made.keptBytes + 2 * matrix
              + planned(bytes: min(4 * n * k, 2 * Double(Memory.standardBlockBytes)))) + scoreBytes,
          keptBytes: made.keptBytes + matrix + 16 * examples)
      }
      let square = planned(bytes: 8 * k * k)
      return MethodCost(
        flops: made.flops + n * k * k * factorisations + k * k * k / 3 + 2 * m * k * k
          + 2 * n * m * k,
        peakBytes: max(
          made.peakBytes,
          made.keptBytes + scanBytes(features, leavesOneOut ? 24 : 16) + 2 * square) + scoreBytes,
        keptBytes: made.keptBytes + square + 16 * examples)
    }
    let count = self.count(functions)
    // Factored in its place in fp32; the diagonal of the inverse by blocks of columns.
    let matrix = planned(bytes: 4 * n * n)
    return MethodCost(
      flops: gradients(count) + footprint.pairFlops(functions: count) * (n * n / 2 + n * m)
        + factorisations * (n * n * n / 3) + 2 * n * n * m,
      peakBytes: exactPeak(count, matrixBytes: leavesOneOut ? matrix + matrix / 4 : matrix),
      keptBytes: held(count, isCompact: true) + matrix)
  }

  /// The training made again for its states, walked back, and every query taken back through it.
  ///
  /// A query's product with the Hessian is two trainings' work; bytes of its fp64 adjoint take as
  /// long again.
  func sweep() -> MethodCost {
    let training = footprint.trainingFlops * Double(examples) * Double(epochs)
    let p = Double(network.parameterCount)
    return MethodCost(
      flops: training * (2.5 + 4 * Double(queries)),
      peakBytes: planned(bytes: 32 * p * Double(queries)) + scoreBytes)
  }

  /// The training gone through once more with every step's products between batch and queries.
  func walk() -> MethodCost {
    let visits = Double(examples) * Double(epochs)
    let steps = visits / 64
    return MethodCost(
      flops: 2.5 * footprint.trainingFlops * visits
        + Double(queries) * (steps * passFlops + visits * footprint.pairFlops(functions: 1)),
      peakBytes: planned(
        bytes: Double(footprint.keptBytes(functions: 1)) * Double(min(512, queries) + 64))
        + scoreBytes)
  }

  /// Texts compared by their words: some hundred operations a token.
  func words() -> MethodCost {
    let tokens = Double(max(1, positions))
    return MethodCost(
      flops: 100 * tokens * Double(examples) * Double(max(1, queries)), peakBytes: scoreBytes)
  }

  /// A query forward and back.
  private var passFlops: Double { footprint.passFlops(functions: 1) }

  private var scoreBytes: Int { planned(bytes: 4 * Double(queries) * Double(examples)) }

  /// The features of the queries, and the projector that makes them.
  private func queryFeatures(_ functions: Functions) -> MethodCost {
    guard let projection else { return MethodCost() }
    let projector = CollectionCost(self, projection, functions)
    return MethodCost(
      flops: projector.setup + Double(queries) * projector.example,
      peakBytes: projector.peakBytes(
        examples: max(min(queries, 512), projection.kind == .landmarks ? features ?? 0 : 0)),
      keptBytes: projector.heldBytes)
  }

  /// Rounds of all examples through the network: one where the gradients of all fit, else as many
  /// blocks as each block has before it.
  private func rounds(_ functions: Int) -> Double {
    let all = Double(examples) * Double(footprint.keptBytes(functions: functions))
    return all <= Double(heldBytes) ? 1 : 1 + all / Double(heldBytes)
  }

  private func gradients(_ functions: Int) -> Double {
    (footprint.passFlops(functions: functions) + footprint.gradientFlops(functions: functions))
      * (Double(examples) * rounds(functions) + Double(queries))
  }

  /// Bytes of the gradients that are held: of sequences put together from several blocks, padding
  /// takes none.
  ///
  /// - Parameter isCompact: once what the functions have in common is left out.
  private func held(_ functions: Int, isCompact: Bool = false) -> Int {
    let kept = footprint.keptBytes(functions: functions)
    let count = min(examples, max(1, heldBytes / max(1, kept)))
    let bytes = count * (isCompact ? footprint.compactBytes(functions: functions) : kept)
    return count > block(functions)
      ? planned(bytes: footprint.tokenShare * Double(bytes)) : bytes
  }

  /// Examples on their way through the network at a time.
  private func block(_ functions: Int) -> Int {
    network.examplesAtATime(atMost: max(1, 512 / positions), functions: functions)
  }

  /// A block of stored features, so many bytes each: read, in double, and what is solved of it.
  private func scanBytes(_ features: Int, _ bytes: Int) -> Int {
    let rows = min(examples, 4_096, max(256, (1 << 26) / max(1, features)))
    return planned(bytes: Double(rows) * Double(features) * Double(bytes))
  }

  /// Gradients with a block on its way through the network; then with the kernel's matrices, a slice
  /// that is written out, and the queries' gradients and scores.
  private func exactPeak(_ functions: Int, matrixBytes: Int) -> Int {
    let kept = footprint.keptBytes(functions: functions)
    let asked = min(queries, 512)
    let slice = footprint.sliceBytes(functions: functions, examples: examples + asked)
    return max(
      held(functions) + min(examples, block(functions)) * footprint.bytes(functions: functions),
      held(functions, isCompact: true) + matrixBytes + slice
        + min(asked, max(1, heldBytes / 2 / max(1, kept))) * kept + 2 * scoreBytes)
  }
}
