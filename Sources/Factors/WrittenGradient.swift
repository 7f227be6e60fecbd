// Letters: n examples, T positions, O left width, I right width without the bias.
import LinearAlgebra
import Tensors

/// One gradient g, a weighted sum of examples' gradients, written out block by block.
///
/// Its products with other gradients come apart by the parameters of a partition:
///
///     ⟨g, g_i⟩ = Σ_P ⟨g, g_i⟩_P,    ⟨g, g_i⟩_P = Σ_{p in P} g_p g_{i,p}
///
/// For a weight's row o it is Σ_t left_{i,t,o} ⟨G_o, right_{i,t}⟩, so that all rows take one product of
/// matrices; columns are the same with the sides changed.
public struct WrittenGradient: Sendable {
  fileprivate struct Block {
    let weight: Parameter
    let bias: Parameter?
    /// O × I.
    let values: Matrix<Float>
    /// O values; none without a bias.
    let biases: [Float]
  }

  private let blocks: [Block]

  /// Σ_q w_q g_q.
  ///
  /// - Parameter weights: one an example.
  public init(summing gradients: ExampleGradients, weights: [Float]) {
    precondition(weights.count == gradients.count, "\(weights.count) weights")
    blocks = gradients.blocks.map { block in
      let alone = block.withoutBias()
      let (o, i) = (alone.leftWidth, alone.rightWidth)
      let values = Matrix<Float>(repeating: 0, rows: o, columns: i)
      var biases = [Float](repeating: 0, count: block.bias == nil ? 0 : o)
      for (row, weight) in weights.enumerated() {
        let own = alone.examples(row..<row + 1)
        let full = own.fullGradients(count: 1)
        VectorMath.axpy(
          weight, full.storage.base, onto: values.storage.base, count: values.count)
        guard block.bias != nil else { continue }
        for (place, sum) in own.leftSums().enumerated() { biases[place] += weight * sum }
      }
      return Block(weight: alone.weight, bias: block.bias, values: values, biases: biases)
    }
  }

  /// ⟨g, g_i⟩_P of every example and part.
  ///
  /// - Parameter gradients: of the same network and form.
  /// - Returns: n × parts.
  /// - Complexity: 2nTOI flops a block: that of a forward pass.
  /// - Precision: fp32 products, sums over a part in fp64; same bits for any thread count.
  public func products(
    with gradients: ExampleGradients, by partition: GradientPartition
  ) -> Matrix<Double> {
    precondition(gradients.blocks.count == blocks.count, "gradients of different networks")
    let result = Matrix<Double>(repeating: 0, rows: gradients.count, columns: partition.count)
    for (own, block) in zip(blocks, gradients.blocks) {
      let lines = own.lines(partition)
      let alone = block.withoutBias()
      // Some 2²⁰ numbers of a side at a time.
      let positions = alone.terms.reduce(1) { Swift.max($0, $1.positions) }
      let wide = positions * Swift.max(alone.leftWidth, alone.rightWidth)
      let slices = (0..<gradients.count).blocks(
        of: Swift.max(1, Swift.min(256, (1 << 20) / wide)))
      Workers.run(slices: slices.count) { slice in
        let range = slices[slice]
        let part = alone.examples(range)
        let sums = PartSums(
          target: result.storage, first: range.lowerBound, count: range.count,
          parts: partition.count)
        for term in part.terms { own.add(term, lines, to: sums) }
      }
    }
    return result
  }
}

/// The part of each row of a block, or of each column where it is cut by columns, and of each number
/// of its bias.
private struct PartLines {
  let rows: [Int]?
  let columns: [Int]?
  let biases: [Int]
}

extension WrittenGradient.Block {
  /// The parts of the block's lines.
  ///
  /// A group's block is some rows of a parameter, several outputs stand one below the other, and a
  /// block of gradients that are written out has a row for every number.
  fileprivate func lines(_ partition: GradientPartition) -> PartLines {
    let (o, i) = (values.rows, values.columns)
    let cut = partition.cut(of: weight)
    let (start, own) = (weight.offset - cut.parameter.offset, weight.count / i)
    var (rows, columns) = ([Int]?.none, [Int]?.none)
    if let whole = cut.whole {
      (rows, columns) = (
        [Int](repeating: whole, count: o), [Int](repeating: whole, count: i)
      )
    } else if cut.axis == .columns && i == cut.width {
      columns = cut.parts
    } else {
      rows = (0..<o).map { row in
        let place = start + row % own * i
        return cut.parts[cut.axis == .rows ? place / cut.width : place % cut.width]
      }
    }
    var biases: [Int] = []
    if let bias {
      let cut = partition.cut(of: bias)
      let start = bias.offset - cut.parameter.offset
      biases = (0..<o).map { cut.parts[start + $0 % bias.count] }
    }
    return PartLines(rows: rows, columns: columns, biases: biases)
  }

  /// Adds the products of one use of the weight, and of its bias.
  fileprivate func add(_ term: OuterProductTerm, _ lines: PartLines, to sums: PartSums) {
    if let rows = lines.rows, !term.left.isOneHot || lines.columns == nil {
      let inner = term.right.products(MatrixView(values).transposed, count: sums.count)
      sums.add(inner, times: term.left, positions: term.positions, rows)
    } else if let columns = lines.columns {
      let inner = term.left.products(MatrixView(values), count: sums.count)
      sums.add(inner, times: term.right, positions: term.positions, columns)
    }
    guard !biases.isEmpty else { return }
    let inner = Matrix<Float>(uninitialized: sums.count * term.positions, biases.count)
    biases.withUnsafeBufferPointer { own in
      guard let base = own.baseAddress else { return }
      for row in 0..<inner.rows {
        (inner.storage.base + row * biases.count).update(from: base, count: biases.count)
      }
    }
    sums.add(inner, times: term.left, positions: term.positions, lines.biases)
  }
}

/// Where the products of a slice of examples are summed.
private struct PartSums {
  let target: Buffer<Double>
  let first, count, parts: Int

  /// Σ_t inner_{i,t} ∘ side_{i,t} of every example, each coordinate to its part.
  ///
  /// - Parameter inner: n·T × width, taken over.
  func add(
    _ inner: consuming Matrix<Float>, times side: FactorSide, positions: Int, _ part: [Int]
  ) {
    let width = inner.columns
    let other = side.materialised(count: count)
    let products = inner.writableStorage()
    VectorMath.multiply(
      products.base, other.storage.base, into: products.base, count: products.count)
    let line = Buffer<Float>(uninitialized: width)
    for example in 0..<count {
      VectorMath.columnSums(
        products.base + example * positions * width, rows: positions, columns: width,
        into: line.base)
      let row = target.base + (first + example) * parts
      for place in 0..<width { row[part[place]] += Double(line.base[place]) }
    }
  }
}

extension FactorSide {
  fileprivate var isOneHot: Bool { if case .oneHot = self { true } else { false } }

  /// The vectors times a matrix, n·T × columns; those of tokens are its rows.
  fileprivate func products(_ matrix: MatrixView<Float>, count n: Int) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: n * positions, matrix.columns)
    if case .oneHot(let indices, _, _) = self, !matrix.isTransposed {
      for (row, index) in indices.enumerated() {
        (result.storage.base + row * matrix.columns).update(
          from: matrix.storage.base + matrix.offset + Int(index) * matrix.stride,
          count: matrix.columns)
      }
      return result
    }
    blockProduct(MatrixView(materialised(count: n)), matrix, into: MatrixView(result))
    return result
  }
}

extension FactorBlock {
  /// Σ_t left_t of the only example, O values.
  fileprivate func leftSums() -> [Float] {
    var sums = [Float](repeating: 0, count: leftWidth)
    for term in terms {
      let left = term.left.materialised(count: 1)
      for row in 0..<left.rowCount {
        for o in 0..<leftWidth { sums[o] += left.storage.base[row * leftWidth + o] }
      }
    }
    return sums
  }
}
