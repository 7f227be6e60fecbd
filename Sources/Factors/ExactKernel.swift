// Letters: n and m examples, T positions, O left width, I right width; b tile of examples.
//
// In order of priority: exact (no projection), the same bits for any thread count (tiles by absolute
// index), at the rate of the two GEMMs under it.
import LinearAlgebra
import Tensors

extension ExampleGradients {
  /// The Gram matrix of the unprojected gradients, without forming one of them.
  ///
  ///     K[i,j] = ⟨g_i, g_j⟩ = Σ_blocks Σ_{t,s} ⟨left_{i,t}, left_{j,s}⟩ ⟨right_{i,t}, right_{j,s}⟩
  ///
  /// Blocks of many positions whose full gradients take fewer products than the pairs of positions
  /// are written out by slices; of an embedding's the rows of common tokens are multiplied.
  ///
  /// - Parameter inputGram: products of the network's inputs, which need not be computed again.
  /// - Returns: n × n, symmetric to the bit.
  /// - Complexity: n²·Σ(I + O) flops for T = 1; only the lower half of the tiles is computed.
  /// - Precision: fp32 products; same bits for any thread count.
  /// - Source: METHODS.md section 2 (ghost dot products).
  package func exactKernel(inputGram: InputGram? = nil) -> Matrix<Float> {
    kernel(with: self, .symmetric, inputGram)
  }

  /// The lower triangle of `exactKernel`, to the bit: all that a factorisation reads.
  ///
  /// - Returns: n × n; what stands above the diagonal has no meaning. A large one takes the memory
  ///   of half, as its pages above the diagonal are never touched.
  package func lowerKernel(inputGram: InputGram? = nil) -> Matrix<Float> {
    kernel(with: self, .lower, inputGram)
  }

  /// ⟨g_i, g′_j⟩ for every example here (rows) and there (columns).
  ///
  /// - Parameter other: gradients of the same network and outputs.
  /// - Returns: n × m.
  /// - Complexity: 2nm·Σ(I + O) flops for T = 1.
  public func exactKernel(with other: ExampleGradients) -> Matrix<Float> {
    kernel(with: other, .rectangle, nil)
  }

  /// Examples along the edge of a tile: few enough that its three squares of floats stay in the
  /// cache, many enough that BLAS's packing of the factors does not count.
  private static let tileExamples = 512

  /// What of a kernel is computed.
  private enum Part { case rectangle, symmetric, lower }

  private func kernel(
    with other: ExampleGradients, _ part: Part, _ inputGram: InputGram?
  ) -> Matrix<Float> {
    let symmetric = part != .rectangle
    let result = Matrix<Float>(uninitialized: count, other.count)
    if result.count == 0 { return result }
    precondition(
      zip(blocks, other.blocks).allSatisfy {
        $0.leftWidth == $1.leftWidth && $0.rightWidth == $1.rightWidth
      } && blocks.count == other.blocks.count, "kernels of different networks")
    let tiles = symmetric ? lowerTiles() : allTiles(columns: other.count)
    let target = result.storage
    let forms = zip(blocks, other.blocks).map { $0.productForm(against: $1) }
    let isBegun = forms.contains { $0 != .pairs }
    if isBegun { target.base.update(repeating: 0, count: result.count) }
    let meter = KernelProgress.meter(of: count)
    let shares = meter == nil ? [] : shares(forms)
    for (index, (a, b)) in zip(blocks, other.blocks).enumerated() {
      switch forms[index] {
      case .pairs: continue
      case .tokens:
        a.addTokenProducts(symmetric ? nil : b, rows: count, columns: other.count, to: target)
      case .writtenOut:
        a.addWrittenOut(
          symmetric ? nil : b, rows: count, columns: other.count, to: target
        ) { part in
          meter?.add(shares[index] * part)
          return meter?.isStopped != true
        }
      }
    }
    let known = blocks.map { $0.knownProducts(inputGram) }
    let share = zip(shares, forms).reduce(0) { $0 + ($1.1 == .pairs ? $1.0 : 0) } / area(of: tiles)
    Workers.run(slices: tiles.count) { slice in
      if meter?.isStopped == true { return }
      defer { meter?.add(share * area(of: [tiles[slice]])) }
      let sum = KernelTile(rows: tiles[slice].rows, columns: tiles[slice].columns)
      if isBegun { sum.read(from: target, stride: other.count) }
      for (b, known) in known.enumerated() where forms[b] == .pairs {
        if let known {
          blocks[b].terms[0].addProducts(known, to: sum)
        } else {
          blocks[b].addKernel(other.blocks[b], to: sum)
        }
      }
      sum.write(to: target, stride: other.count)
      if part == .symmetric { sum.writeMirrored(to: target, stride: count) }
    }
    return result
  }

  /// The share of each block in the products of a kernel.
  private func shares(_ forms: [FactorBlock.ProductForm]) -> [Double] {
    let products = zip(blocks, forms).map { block, form -> Double in
      let positions = Double(block.terms.reduce(0) { $0 + $1.positions })
      switch form {
      case .tokens: return 0
      case .writtenOut: return Double(block.leftWidth) * Double(block.rightWidth)
      case .pairs: return positions * positions * Double(block.leftWidth + block.rightWidth)
      }
    }
    let all = products.reduce(0, +)
    return products.map { $0 / Swift.max(all, 1) }
  }

  private func area(of tiles: [(rows: Range<Int>, columns: Range<Int>)]) -> Double {
    tiles.reduce(0) { $0 + Double($1.rows.count) * Double($1.columns.count) }
  }

  private func allTiles(columns: Int) -> [(rows: Range<Int>, columns: Range<Int>)] {
    (0..<count).blocks(of: ExampleGradients.tileExamples).flatMap { rows in
      (0..<columns).blocks(of: ExampleGradients.tileExamples).map { (rows, $0) }
    }
  }

  /// Tiles that cover the diagonal and what is below: squares, and on the diagonal strips of a
  /// quarter, each as wide as it needs.
  private func lowerTiles() -> [(rows: Range<Int>, columns: Range<Int>)] {
    let edge = ExampleGradients.tileExamples
    return (0..<count).blocks(of: edge).flatMap { rows in
      (0..<rows.lowerBound).blocks(of: edge).map { (rows, $0) }
        + rows.blocks(of: edge / 4).map { ($0, rows.lowerBound..<$0.upperBound) }
    }
  }
}

extension FactorBlock {
  /// Products of the right sides that are known already; nil where there are none.
  fileprivate func knownProducts(_ inputGram: InputGram?) -> Matrix<Float>? {
    guard terms.count == 1, terms[0].positions == 1 else { return nil }
    switch terms[0].right {
    case .dense(let values), .denseWithOne(let values): return inputGram?.matrix(of: values)
    default: return nil
    }
  }

  /// Whether a dot product is cheaper on the full O × I gradients than by `pairs` of positions.
  public static func prefersFullGradients(pairs: Int, left: Int, right: Int) -> Bool {
    pairs > 1 && pairs * (left + right) > left * right
  }

  /// How dot products of two examples' gradients are taken.
  enum ProductForm {
    /// By pairs of positions.
    case pairs
    /// On gradients that are written out.
    case writtenOut
    /// On the rows of the tokens that both have.
    case tokens
  }

  /// How the kernel with another block's examples is taken; by shapes alone.
  func productForm(against other: FactorBlock) -> ProductForm {
    let pairs = terms.reduce(0) { $0 + $1.positions } * other.terms.reduce(0) { $0 + $1.positions }
    if pairs > 1 && isLookup && other.isLookup { return .tokens }
    return FactorBlock.prefersFullGradients(pairs: pairs, left: leftWidth, right: rightWidth)
      ? .writtenOut : .pairs
  }

  /// Adds the dot products of the tile's rows here with its columns in `other`, by pairs of positions.
  func addKernel(_ other: FactorBlock, to sum: KernelTile) {
    for a in terms {
      for b in other.terms {
        if a.positions == 1 && b.positions == 1 {
          a.addPointProducts(b, to: sum)
        } else {
          // Position Grams as large as the tile's own square.
          let down = Swift.max(1, 384 / Swift.max(1, a.positions))
          let across = Swift.max(1, 384 / Swift.max(1, b.positions))
          sum.forEachPart(down, across) { a.addSequenceProducts($0, b, $1, to: sum) }
        }
      }
    }
  }
}

extension OuterProductTerm {
  /// The bias's 1 · 1 in the right sides' products.
  private var shift: Float { if case .denseWithOne = right { 1 } else { 0 } }

  /// ⟨left_i, left_j⟩(G[i,j] + 1) onto the tile: products of the right sides are there already.
  fileprivate func addProducts(_ rights: Matrix<Float>, to sum: KernelTile) {
    let lefts = left.gram(sum.rows, left, sum.columns)
    let width = sum.columns.count
    for (line, row) in sum.rows.enumerated() {
      VectorMath.multiplyAdd(
        lefts.base + line * width,
        rights.storage.base + row * rights.columns + sum.columns.lowerBound, plus: shift,
        onto: sum.storage.base + line * width, count: width)
    }
  }

  /// ⟨left_i, left_j⟩⟨right_i, right_j⟩ onto the tile, one position an example.
  fileprivate func addPointProducts(_ other: OuterProductTerm, to sum: KernelTile) {
    let lefts = left.gram(sum.rows, other.left, sum.columns)
    let rights = right.withoutOne.gram(sum.rows, other.right.withoutOne, sum.columns)
    VectorMath.multiplyAdd(
      lefts.base, rights.base, plus: shift, onto: sum.storage.base, count: lefts.count)
  }

  /// Σ_{t,s} ⟨left_{i,t}, left_{j,s}⟩⟨right_{i,t}, right_{j,s}⟩ onto a part of the tile.
  fileprivate func addSequenceProducts(
    _ rows: Range<Int>, _ other: OuterProductTerm, _ columns: Range<Int>, to sum: KernelTile
  ) {
    let lefts = left.gram(rows, other.left, columns)
    let rights = right.gram(rows, other.right, columns)
    VectorMath.multiply(lefts.base, rights.base, into: lefts.base, count: lefts.count)
    let width = columns.count * other.positions
    let line = Buffer<Float>(uninitialized: width)
    for (i, row) in rows.enumerated() {
      VectorMath.columnSums(
        lefts.base + i * positions * width, rows: positions, columns: width, into: line.base)
      let target = sum.pointer(row, columns.lowerBound)
      for j in 0..<columns.count {
        var total: Float = 0
        for s in j * other.positions..<(j + 1) * other.positions { total += line.base[s] }
        target[j] += total
      }
    }
  }
}

extension FactorSide {
  /// The vectors without the 1 at their end.
  fileprivate var withoutOne: FactorSide {
    if case .denseWithOne(let values) = self { .dense(values) } else { self }
  }

  /// Dot products of all positions of examples `rows` here with those of `columns` there,
  /// (rows·T) × (columns·S).
  fileprivate func gram(
    _ rows: Range<Int>, _ other: FactorSide, _ columns: Range<Int>
  ) -> Buffer<Float> {
    let height = rows.count * positions
    let width = columns.count * other.positions
    let result = Buffer<Float>(uninitialized: height * width)
    switch (self, other) {
    case (.dense(let a), .dense(let b)):
      FactorSide.products(a, rows, b, columns, into: result, plus: 0)
    case (.denseWithOne(let a), .denseWithOne(let b)):
      FactorSide.products(a, rows, b, columns, into: result, plus: 1)
    case (.oneHot(let a, _, _), .oneHot(let b, _, _)):
      for i in 0..<height {
        let index = a[rows.lowerBound * positions + i]
        for j in 0..<width {
          let other = b[columns.lowerBound * other.positions + j]
          result.base[i * width + j] = index == other ? 1 : 0
        }
      }
    case (.oneHot(let a, _, _), .dense(let b)):
      for i in 0..<height {
        let index = Int(a[rows.lowerBound * positions + i])
        for j in 0..<width {
          let row = columns.lowerBound * other.positions + j
          result.base[i * width + j] = b.storage.base[row * b.rowLength + index]
        }
      }
    case (.dense(let a), .oneHot(let b, _, _)):
      for i in 0..<height {
        let row = rows.lowerBound * positions + i
        for j in 0..<width {
          let index = Int(b[columns.lowerBound * other.positions + j])
          result.base[i * width + j] = a.storage.base[row * a.rowLength + index]
        }
      }
    case (.one, .one):
      result.base.update(repeating: 1, count: height * width)
    default:
      preconditionFailure("a side with a bias against one without, \(self) and \(other)")
    }
    return result
  }

  private static func products(
    _ a: Tensor, _ rows: Range<Int>, _ b: Tensor, _ columns: Range<Int>,
    into result: Buffer<Float>, plus constant: Float
  ) {
    let height = rows.count * a.shape[1]
    let width = columns.count * b.shape[1]
    // Dot products of a width-1 side (one output) are outer products: the GEMM serves those too.
    if constant != 0 { result.base.update(repeating: constant, count: height * width) }
    blockProduct(
      MatrixView(a).rows(rows.lowerBound * a.shape[1]..<rows.upperBound * a.shape[1]),
      MatrixView(b).rows(columns.lowerBound * b.shape[1]..<columns.upperBound * b.shape[1])
        .transposed,
      into: MatrixView(storage: result, offset: 0, rows: height, columns: width, stride: width),
      beta: constant == 0 ? 0 : 1)
  }
}
