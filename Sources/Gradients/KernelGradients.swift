// Letters: n training examples, m queries.
import Datasets
import Factors
import Tensors

/// The gradients of the training examples that exact kernels are made of: held where all of them
/// fit, else made again block by block.
///
/// Without room for all, K is summed by squares of blocks: the gradients of a block of rows stay while
/// those of the blocks before it pass by. Every example goes through the network n / (2 · block) times,
/// which is little beside n² products of large gradients; memory does not grow with n. The kernel of
/// all outputs is summed output by output first: the gradients of one often fit where those of all do
/// not.
public struct KernelGradients: Sendable {
  /// Where gradients come from.
  public let source: any GradientProvider
  /// The training examples.
  public let data: Dataset
  /// What is differentiated.
  public let target: GradientSource.Target
  /// Outputs of the training examples, n × C; n × 0 of sequences.
  public let outputs: Tensor
  /// ‖g_i‖² of every example; of stacked gradients the sum over their functions.
  public let squaredNorms: [Float]
  /// Examples whose gradients are held at a time beside those of as many others.
  public let blockSize: Int
  private let held: ExampleGradients?
  /// K of all outputs, summed over them one by one; nil where it is made when it is asked for.
  private let summed: Matrix<Float>?
  private let compaction: StackCompaction?

  /// Bytes that the gradients of all examples may take to be held: sixteen times
  /// `Memory.blockBytes`, at most 8 GiB.
  ///
  /// The same on every machine, as kernels of blocks have other rounding than those of all.
  public static var standardBudget: Int {
    16 * min(Memory.blockBytes, Memory.standardBlockBytes)
  }

  /// The gradients of some examples.
  ///
  /// - Parameters:
  ///   - compacts: whether stacked gradients are kept without what their outputs have in common,
  ///     where all are held.
  ///   - budget: bytes that all of them may take to be held.
  /// - Throws: `GradientError` as `GradientProvider.gradients`; `MemoryError` when the machine has not
  ///   twice the memory of gradients that are to be held.
  public init(
    of data: Dataset, source: any GradientProvider, target: GradientSource.Target,
    compacts: Bool = false, budget: Int = KernelGradients.standardBudget
  ) throws {
    (self.source, self.data, self.target) = (source, data, target)
    if let parts = try KernelGradients.parts(of: data, source, target, budget) {
      var (sum, norms, outputs) = (
        Matrix<Float>(rows: 0, columns: 0), [Float](repeating: 0, count: data.count),
        Tensor(uninitialized: [0])
      )
      for part in parts.sources {
        let one = try KernelGradients(of: data, source: part, target: target, budget: budget)
        let kernel = try one.sums()
        if sum.count == 0 {
          sum = kernel
        } else {
          let storage = sum.writableStorage()
          VectorMath.axpy(1, kernel.storage.base, onto: storage.base, count: kernel.count)
        }
        for (i, norm) in one.squaredNorms.enumerated() { norms[i] += norm }
        outputs = one.outputs
      }
      blockSize = max(1, budget / 2 / parts.bytes)
      (self.outputs, squaredNorms, summed) = (outputs, norms, sum)
      (held, compaction) = (nil, nil)
      return
    }
    summed = nil
    var assembly = GradientAssembly(count: data.count)
    var norms: [Float] = []
    var bytes = 1
    outputs = try source.forEachBlockWrittenOut(of: data, target: target) { range, block in
      if range.lowerBound == 0 {
        bytes = max(1, block.byteCount / range.count)
        try KernelGradients.requireMemory(bytes, data.count, budget)
      }
      if bytes > budget / max(1, data.count) {
        norms += block.squaredNorms()
      } else {
        assembly.append(block)
      }
    }
    blockSize = max(1, budget / 2 / bytes)
    guard norms.isEmpty else {
      (squaredNorms, held, compaction) = (norms, nil, nil)
      return
    }
    let whole = assembly.gradients().adopting(inputs: data.inputs)
    compaction =
      compacts ? StackCompaction(of: whole, outputs: source.traceFunctionCount) : nil
    let kept = compaction?.applied(to: whole) ?? whole
    (squaredNorms, held) = (kept.squaredNorms(), kept)
  }

  /// The outputs one by one, where the gradients of all are too large to be held; with the bytes of an
  /// example's.
  private static func parts(
    of data: Dataset, _ source: any GradientProvider, _ target: GradientSource.Target, _ budget: Int
  ) throws -> (sources: [GradientSource], bytes: Int)? {
    guard target == .jacobian, let source = source as? GradientSource,
      source.traceFunctionCount > 1, data.count > 1
    else { return nil }
    let bytes = try source.gradients(of: data.subset([0]), target: target).gradients
      .writtenOutWhereSmaller().byteCount
    guard bytes > budget / data.count else { return nil }
    return ((0..<source.traceFunctionCount).map { source.tracing($0..<$0 + 1) }, bytes)
  }

  /// Refuses to hold what the machine has no room for: made in blocks, it would have other rounding.
  private static func requireMemory(_ bytes: Int, _ count: Int, _ budget: Int) throws {
    guard bytes <= budget / max(1, count) else { return }
    try Memory.require(
      2 * Double(bytes) * Double(count), for: "a kernel of \(count) gradients",
      remedy: "take smaller blocks (memory): what is more than sixteen is made block by block.")
  }

  /// n.
  public var count: Int { data.count }

  /// Bytes of the gradients that are held.
  public var byteCount: Int { held?.byteCount ?? 0 }

  /// Whether all gradients are held.
  var isHeld: Bool { held != nil }

  /// K[i,j] = ⟨g_i, g_j⟩, n × n, symmetric to the bit; of a Jacobian the mean over the outputs.
  ///
  /// - Parameter inputGram: products of the network's inputs, which need not be computed again.
  /// - Complexity: as `ExampleGradients.exactKernel`, and n / (2 · `blockSize`) passes over the
  ///   examples where the gradients are not held.
  package func kernel(inputGram: InputGram? = nil) throws -> Matrix<Float> {
    meanOverOutputs(try sums(inputGram: inputGram))
  }

  /// K summed over the outputs.
  private func sums(inputGram: InputGram? = nil) throws -> Matrix<Float> {
    if let summed { return summed }
    guard let held else { return try KernelProgress.whole(of: count) { try kernelBySquares($0) } }
    let kernel = held.exactKernel(inputGram: inputGram)
    try KernelProgress.check()
    return kernel
  }

  /// K from squares of blocks, n × n, summed over the outputs.
  private func kernelBySquares(_ made: (_ share: Double) -> Void) throws -> Matrix<Float> {
    var kernel = Matrix<Float>(uninitialized: count, count)
    let pairs = Double(count) * Double(count)
    for rows in blocks {
      let mine = try gradients(rows)
      kernel.place(mine.exactKernel(), rows.lowerBound, rows.lowerBound)
      made(Double(rows.count) * Double(rows.count) / pairs)
      for columns in blocks where columns.upperBound <= rows.lowerBound {
        let square = mine.exactKernel(with: try gradients(columns))
        kernel.place(square, rows.lowerBound, columns.lowerBound)
        kernel.placeTransposed(square, columns.lowerBound, rows.lowerBound)
        made(2 * Double(rows.count) * Double(columns.count) / pairs)
      }
    }
    return kernel
  }

  /// The lower triangle of `kernel`, to the bit; what stands above the diagonal has no meaning.
  ///
  /// Takes the memory of half where the gradients are held.
  package func lowerKernel(inputGram: InputGram? = nil) throws -> Matrix<Float> {
    guard let held else { return try kernel(inputGram: inputGram) }
    var kernel = held.lowerKernel(inputGram: inputGram)
    try KernelProgress.check()
    guard target == .jacobian else { return kernel }
    let scale = 1 / Float(source.outputCount)
    let (storage, n) = (kernel.writableStorage(), count)
    Workers.run(over: n, grain: 64) { rows in
      for i in rows { VectorMath.scale(scale, storage.base + i * n, count: i + 1) }
    }
    return kernel
  }

  /// Some queries with their products with all training examples.
  public struct QueryBlock: Sendable {
    /// Rows of the queries.
    public let range: Range<Int>
    /// Their examples.
    public let queries: Dataset
    /// Their gradients.
    public let gradients: ExampleGradients
    /// Their outputs.
    public let outputs: Tensor
    /// κ(x, Z), a row each; of Jacobians the mean over the outputs.
    public let kernel: Matrix<Float>
  }

  /// Calls `body` with κ(x, Z) of one block of queries after the other.
  ///
  /// - Parameters:
  ///   - target: what is differentiated of the queries' outputs.
  ///   - limit: queries at a time; fewer when their gradients are large.
  /// - Throws: `GradientError`, and what `body` throws.
  public func forEachRows(
    of queries: Dataset, target: GradientSource.Target, atMost limit: Int,
    _ body: (QueryBlock) throws -> Void
  ) throws {
    for range in (0..<queries.count).blocks(of: min(limit, blockSize)) {
      let block = range == 0..<queries.count ? queries : queries.subset(Array(range))
      var (gradients, outputs) = try source.gradients(of: block, target: target)
      if let compaction { gradients = compaction.applied(to: gradients) }
      try body(
        QueryBlock(
          range: range, queries: block, gradients: gradients, outputs: outputs,
          kernel: try rows(of: gradients)))
    }
  }

  /// κ(x, Z) of some queries' gradients, m × n.
  private func rows(of queries: ExampleGradients) throws -> Matrix<Float> {
    if let held {
      let kernel = queries.exactKernel(with: held)
      try KernelProgress.check()
      return meanOverOutputs(kernel)
    }
    var kernel = Matrix<Float>(uninitialized: queries.count, count)
    for columns in blocks {
      kernel.place(queries.exactKernel(with: try gradients(columns)), 0, columns.lowerBound)
    }
    return meanOverOutputs(kernel)
  }

  /// The trace kernel is a mean over the outputs: what was summed over them, over their number.
  private func meanOverOutputs(_ kernel: consuming Matrix<Float>) -> Matrix<Float> {
    guard target == .jacobian else { return kernel }
    let scale = 1 / Float(source.outputCount)
    let storage = kernel.writableStorage()
    Workers.run(over: storage.count, grain: 1 << 18) { range in
      VectorMath.scale(scale, storage.base + range.lowerBound, count: range.count)
    }
    return kernel
  }

  /// The gradients of some training examples.
  public func gradients(_ range: Range<Int>) throws -> ExampleGradients {
    if let held { return held.examples(range) }
    return try source.gradients(of: data.subset(Array(range)), target: target).gradients
  }

  /// The gradients of some training examples, in their order.
  func gradients(_ rows: [Int]) throws -> ExampleGradients {
    if let held { return held.gathered(rows) }
    return try source.gradients(of: data.subset(rows), target: target).gradients
  }

  /// Σ_q w_q ∇f(q), written out.
  func written(
    _ queries: Dataset, _ weights: [Float], _ target: GradientSource.Target
  ) throws -> WrittenGradient {
    let gradients = try source.gradients(of: queries, target: target).gradients
    return WrittenGradient(
      summing: compaction?.applied(to: gradients) ?? gradients, weights: weights)
  }

  private var blocks: [Range<Int>] { (0..<count).blocks(of: blockSize) }
}

extension Matrix where Scalar == Float {
  /// Writes a rectangle at a place.
  fileprivate mutating func place(_ part: Matrix<Float>, _ row: Int, _ column: Int) {
    let target = writableStorage()
    for i in 0..<part.rows {
      (target.base + (row + i) * columns + column).update(
        from: part.storage.base + i * part.columns, count: part.columns)
    }
  }

  /// Writes the transpose of a rectangle at a place, in squares that stay in cache.
  fileprivate mutating func placeTransposed(_ part: Matrix<Float>, _ row: Int, _ column: Int) {
    let (target, source) = (writableStorage(), part.storage)
    let edge = 16
    for top in stride(from: 0, to: part.rows, by: edge) {
      for left in stride(from: 0, to: part.columns, by: edge) {
        for j in left..<Swift.min(part.columns, left + edge) {
          let line = target.base + (row + j) * columns + column
          for i in top..<Swift.min(part.rows, top + edge) {
            line[i] = source.base[i * part.columns + j]
          }
        }
      }
    }
  }
}
