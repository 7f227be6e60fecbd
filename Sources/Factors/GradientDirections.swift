// Letters: n examples, m directions, T positions, O left width, I right width.
import LinearAlgebra
import Tensors

/// Directions in the space of gradients, written out block by block: what multiplies the gradients
/// of a whole training set.
///
/// A gradient times the inverse of a curvature is no outer product any more; it takes as many
/// numbers as there are parameters, and its products with factored gradients one pass over them.
public struct GradientDirections: Sendable {
  /// m.
  public let count: Int
  /// m × (O · I) a block, the bias's column last, in the order of the gradients' blocks.
  public var blocks: [Matrix<Float>]

  /// Directions of some blocks.
  public init(count: Int, blocks: [Matrix<Float>]) {
    precondition(blocks.allSatisfy { $0.rows == count }, "\(count) directions")
    (self.count, self.blocks) = (count, blocks)
  }

  /// Gradients written out as they are.
  public init(_ gradients: ExampleGradients) {
    self.init(
      count: gradients.count,
      blocks: gradients.blocks.map { $0.fullGradients(count: gradients.count) })
  }

  /// Numbers of a direction.
  public var width: Int { blocks.reduce(0) { $0 + $1.columns } }

  /// Some of the directions.
  public func rows(_ range: Range<Int>) -> GradientDirections {
    GradientDirections(
      count: range.count, blocks: blocks.map { MatrixView($0).rows(range).matrix })
  }

  /// Multiplies all of them by a number.
  public mutating func scale(by factor: Float) {
    for b in blocks.indices {
      let storage = blocks[b].writableStorage()
      VectorMath.scale(factor, storage.base, count: storage.count)
    }
  }

  /// Adds others, times a number.
  public mutating func add(_ other: GradientDirections, times factor: Float = 1) {
    for b in blocks.indices {
      let storage = blocks[b].writableStorage()
      VectorMath.axpy(
        factor, other.blocks[b].storage.base, onto: storage.base, count: storage.count)
    }
  }

  /// ⟨v_x, w_x⟩ of each direction with the same one of others, m values.
  ///
  /// - Precision: fp64.
  public func dots(_ other: GradientDirections) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    for (own, theirs) in zip(blocks, other.blocks) {
      for row in 0..<count {
        sums[row] += VectorMath.doubleDot(
          own.storage.base + row * own.columns, theirs.storage.base + row * own.columns,
          count: own.columns)
      }
    }
    return sums
  }
}

extension ExampleGradients {
  /// ⟨v_x, g_i⟩ of every direction and example.
  ///
  /// - Returns: m × n.
  /// - Complexity: 2mnOI flops a block, and 2nTOI more where gradients are written out (T > 1).
  /// - Precision: fp32; same bits for any thread count.
  public func products(with directions: GradientDirections) -> Matrix<Float> {
    precondition(directions.blocks.count == blocks.count, "directions of another network")
    let result = Matrix<Float>(repeating: 0, rows: directions.count, columns: count)
    for (block, own) in zip(blocks, directions.blocks) {
      block.addProducts(own, count: count, to: result.storage)
    }
    return result
  }

  /// The same block by block.
  ///
  /// - Returns: m × n a block.
  public func blockProducts(with directions: GradientDirections) -> [Matrix<Float>] {
    zip(blocks, directions.blocks).map { block, own in
      let result = Matrix<Float>(repeating: 0, rows: directions.count, columns: count)
      block.addProducts(own, count: count, to: result.storage)
      return result
    }
  }

  /// Σ_i w_{x,i} g_i: as many directions as there are rows of weights.
  ///
  /// - Parameter weights: m × n.
  /// - Complexity: as `products(with:)`.
  public func sums(weights: Matrix<Float>) -> GradientDirections {
    sums(blockWeights: blocks.map { _ in weights })
  }

  /// Σ_i w_{x,i} g_i with weights of its own in each block.
  public func sums(blockWeights: [Matrix<Float>]) -> GradientDirections {
    GradientDirections(
      count: blockWeights.first?.rows ?? 0,
      blocks: zip(blocks, blockWeights).map { $0.sums(weights: $1, count: count) })
  }
}

extension FactorBlock {
  /// The sides of a block whose weight is used once at one position; nil for others.
  func onlySides(count n: Int) -> (left: MatrixView<Float>, right: MatrixView<Float>)? {
    guard terms.count == 1, terms[0].positions == 1 else { return nil }
    if case .oneHot = terms[0].left { return nil }
    if case .oneHot = terms[0].right { return nil }
    return (
      MatrixView(terms[0].left.materialised(count: n)),
      MatrixView(terms[0].right.materialised(count: n))
    )
  }

  /// Adds ⟨v_x, g_i⟩ of this block's parameters.
  ///
  /// - Parameters:
  ///   - directions: m × (O · I).
  ///   - target: m × n.
  func addProducts(_ directions: Matrix<Float>, count n: Int, to target: Buffer<Float>) {
    precondition(
      directions.columns == gradientCount, "\(directions.columns) numbers of \(gradientCount)")
    if n == 0 || directions.rows == 0 { return }
    if let (left, right) = onlySides(count: n) {
      if leftWidth <= rightWidth {
        addThroughRight(directions, left, right, to: target)
      } else {
        addThroughLeft(directions, left, right, to: target)
      }
    } else if isLookup {
      addThroughLookups(directions, count: n, to: target)
    } else if isDense && directions.rows <= FactorBlock.rowDirections {
      for term in terms { addThroughPositions(directions, term, count: n, to: target) }
    } else {
      addWritten(directions, count: n, to: target)
    }
  }

  /// Products of the right sides with the directions' rows, then of those with the left sides.
  private func addThroughRight(
    _ directions: Matrix<Float>, _ left: MatrixView<Float>, _ right: MatrixView<Float>,
    to target: Buffer<Float>
  ) {
    let (o, n) = (leftWidth, left.rows)
    let rows = MatrixView(
      storage: directions.storage, rows: directions.rows * o, columns: rightWidth,
      stride: rightWidth)
    let cells = (0..<directions.rows).blocks(of: Swift.max(1, 1_024 / o)).flatMap { queries in
      (0..<n).blocks(of: 512).map { (queries: queries, examples: $0) }
    }
    Workers.run(slices: cells.count) { cell in
      let (queries, examples) = cells[cell]
      let inner = Matrix<Float>(uninitialized: examples.count, queries.count * o)
      blockProduct(
        right.rows(examples), rows.rows(queries.lowerBound * o..<queries.upperBound * o).transposed,
        into: MatrixView(inner))
      for (place, example) in examples.enumerated() {
        let own = left.storage.base + left.offset + example * left.stride
        for (line, query) in queries.enumerated() {
          target.base[query * n + example] += VectorMath.dot(
            inner.storage.base + place * inner.columns + line * o, own, count: o)
        }
      }
    }
  }

  /// Products of the left sides with each direction, then of those with the right sides.
  private func addThroughLeft(
    _ directions: Matrix<Float>, _ left: MatrixView<Float>, _ right: MatrixView<Float>,
    to target: Buffer<Float>
  ) {
    let (o, i, n) = (leftWidth, rightWidth, left.rows)
    let cells = (0..<directions.rows).flatMap { query in
      (0..<n).blocks(of: 512).map { (query: query, examples: $0) }
    }
    Workers.run(slices: cells.count) { cell in
      let (query, examples) = cells[cell]
      let inner = Matrix<Float>(uninitialized: examples.count, i)
      blockProduct(
        left.rows(examples),
        MatrixView(
          storage: directions.storage, offset: query * o * i, rows: o, columns: i, stride: i),
        into: MatrixView(inner))
      for (place, example) in examples.enumerated() {
        target.base[query * n + example] += VectorMath.dot(
          inner.storage.base + place * i,
          right.storage.base + right.offset + example * right.stride, count: i)
      }
    }
  }

  /// Directions up to which products of all positions cost less than gradients written out.
  private static let rowDirections = 3

  /// Products of the right sides of all positions with a direction's rows, then of those with the left
  /// sides; padding, whose left sides are 0, is left out.
  private func addThroughPositions(
    _ directions: Matrix<Float>, _ term: OuterProductTerm, count n: Int, to target: Buffer<Float>
  ) {
    let (o, i, positions) = (leftWidth, rightWidth, term.positions)
    let left = MatrixView(term.left.materialised(count: n))
    let right = MatrixView(term.right.materialised(count: n))
    let slices = (0..<n).blocks(of: Swift.max(1, 1_024 / Swift.max(1, positions)))
    Workers.run(slices: slices.count) { slice in
      let rows = slices[slice].map {
        left.withoutTrailingZeros($0 * positions..<($0 + 1) * positions)
      }
      let packed = Matrix<Float>(uninitialized: rows.reduce(0) { $0 + $1.count }, i)
      for (place, row) in rows.joined().enumerated() {
        (packed.storage.base + place * i).update(
          from: right.storage.base + right.offset + row * right.stride, count: i)
      }
      let inner = Matrix<Float>(uninitialized: packed.rows, o)
      for query in 0..<directions.rows {
        blockProduct(
          MatrixView(packed),
          MatrixView(
            storage: directions.storage, offset: query * o * i, rows: o, columns: i, stride: i
          ).transposed, into: MatrixView(inner))
        var line = inner.storage.base
        for (own, example) in zip(rows, slices[slice]) {
          var sum: Float = 0
          for row in own {
            sum += VectorMath.dot(
              line, left.storage.base + left.offset + row * left.stride, count: o)
            line += o
          }
          target.base[query * n + example] += sum
        }
      }
    }
  }

  /// Tokens under an embedding: the right sides with the rows of the directions that they are for.
  private func addThroughLookups(
    _ directions: Matrix<Float>, count n: Int, to target: Buffer<Float>
  ) {
    let width = rightWidth
    for term in terms {
      guard case .oneHot(let indices, let positions, _) = term.left else { continue }
      let right = term.right.materialised(count: n)
      Workers.run(over: directions.rows, grain: 1) { queries in
        for query in queries {
          let own = directions.storage.base + query * directions.columns
          for example in 0..<n {
            var sum: Float = 0
            for row in example * positions..<(example + 1) * positions {
              sum += VectorMath.dot(
                own + Int(indices[row]) * width, right.storage.base + row * width, count: width)
            }
            target.base[query * n + example] += sum
          }
        }
      }
    }
  }

  /// Gradients written out, a slice of the left sides at a time.
  private func addWritten(
    _ directions: Matrix<Float>, count n: Int, to target: Buffer<Float>
  ) {
    let view = MatrixView(
      storage: target, rows: directions.rows, columns: n, stride: n)
    forEachWritten(count: n) { range, gradients in
      gemm(
        MatrixView(directions).columns(
          range.lowerBound * rightWidth..<range.upperBound * rightWidth),
        MatrixView(gradients).transposed, into: view, beta: 1)
    }
  }

  /// Calls `body` with the gradients of some left coordinates after the other, n × (range · I).
  func forEachWritten(count n: Int, _ body: (Range<Int>, Matrix<Float>) -> Void) {
    let width = Swift.max(
      1, Swift.min(leftWidth, (1 << 24) / Swift.max(1, n * rightWidth)))
    for range in (0..<leftWidth).blocks(of: width) {
      body(range, gradients(count: n, left: range))
    }
  }

  /// Σ_i w_{x,i} g_i of this block's parameters, m × (O · I).
  func sums(weights: Matrix<Float>, count n: Int) -> Matrix<Float> {
    precondition(weights.columns == n, "\(weights.columns) weights of \(n) examples")
    let (o, i) = (leftWidth, rightWidth)
    let result = Matrix<Float>(uninitialized: weights.rows, o * i)
    guard let (left, right) = onlySides(count: n) else {
      forEachWritten(count: n) { range, gradients in
        gemm(
          MatrixView(weights), MatrixView(gradients),
          into: MatrixView(result).columns(range.lowerBound * i..<range.upperBound * i))
      }
      return result
    }
    Workers.run(slices: weights.rows) { row in
      let scaled = left.matrix
      for example in 0..<n {
        VectorMath.scale(
          weights.storage.base[row * n + example], scaled.storage.base + example * o, count: o)
      }
      blockProduct(
        MatrixView(scaled).transposed, right,
        into: MatrixView(
          storage: result.storage, offset: row * o * i, rows: o, columns: i, stride: i))
    }
    return result
  }
}
