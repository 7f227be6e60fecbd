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
  /// - Returns: n × n, symmetric to the bit.
  /// - Complexity: n²·Σ(I + O) flops for T = 1; only the lower half of the tiles is computed.
  /// - Precision: fp32 products; same bits for any thread count.
  /// - Source: METHODS.md section 2 (ghost dot products).
  public func exactKernel() -> Matrix<Float> {
    kernel(with: self, symmetric: true)
  }

  /// ⟨g_i, g′_j⟩ for every example here (rows) and there (columns).
  ///
  /// - Parameter other: gradients of the same network and outputs.
  /// - Returns: n × m.
  /// - Complexity: 2nm·Σ(I + O) flops for T = 1.
  public func exactKernel(with other: ExampleGradients) -> Matrix<Float> {
    kernel(with: other, symmetric: false)
  }

  private func kernel(with other: ExampleGradients, symmetric: Bool) -> Matrix<Float> {
    precondition(blocks.count == other.blocks.count, "kernels of different networks")
    BLAS.prepare()
    let result = Matrix<Float>(uninitialized: count, other.count)
    let longest = zip(blocks, other.blocks).map { tileExamples($0, $1) }.min() ?? 512
    let tile = min(512, longest)
    let tilesDown = (count + tile - 1) / tile
    let tilesAcross = (other.count + tile - 1) / tile
    var work: [(Int, Int)] = []
    for down in 0..<tilesDown {
      for across in 0..<(symmetric ? down + 1 : tilesAcross) { work.append((down, across)) }
    }
    let order = work
    let target = result.storage
    Workers.run(slices: order.count) { slice in
      let (down, across) = order[slice]
      let rows = down * tile..<Swift.min(count, (down + 1) * tile)
      let columns = across * tile..<Swift.min(other.count, (across + 1) * tile)
      let sum = Buffer<Float>(uninitialized: rows.count * columns.count)
      sum.base.update(repeating: 0, count: sum.count)
      for (a, b) in zip(blocks, other.blocks) { a.addKernel(rows, b, columns, to: sum) }
      for i in rows {
        let source = sum.base + (i - rows.lowerBound) * columns.count
        (target.base + i * other.count + columns.lowerBound).update(
          from: source, count: columns.count)
      }
      guard symmetric else { return }
      for i in rows {
        for j in columns where j < i {
          target.base[j * count + i] = sum.base[
            (i - rows.lowerBound) * columns.count + j - columns.lowerBound]
        }
      }
    }
    return result
  }

  private func tileExamples(_ a: FactorBlock, _ b: FactorBlock) -> Int {
    if a.prefersFullGradients(against: b) {
      return Swift.max(16, Swift.min(256, (1 << 24) / Swift.max(1, a.gradientCount)))
    }
    let positions = Swift.max(a.longestTerm, b.longestTerm)
    return Swift.max(1, 512 / positions)
  }
}

extension FactorBlock {
  /// Positions of the longest term.
  var longestTerm: Int { terms.map(\.positions).max() ?? 1 }

  /// Whether a dot product is cheaper on the full O × I gradients than position by position.
  func prefersFullGradients(against other: FactorBlock) -> Bool {
    let pairs = terms.reduce(0) { $0 + $1.positions } * other.terms.reduce(0) { $0 + $1.positions }
    return pairs > 1 && pairs * (leftWidth + rightWidth) > gradientCount
  }

  /// Adds the dot products of examples `rows` here with `columns` of `other` to a rows × columns tile.
  fileprivate func addKernel(
    _ rows: Range<Int>, _ other: FactorBlock, _ columns: Range<Int>, to sum: Buffer<Float>
  ) {
    if prefersFullGradients(against: other) {
      let a = examples(rows).fullGradients(count: rows.count)
      let b = other.examples(columns).fullGradients(count: columns.count)
      gemmSerial(
        MatrixView(a), MatrixView(b).transposed,
        into: MatrixView(
          storage: sum, offset: 0, rows: rows.count, columns: columns.count,
          stride: columns.count),
        alpha: 1, beta: 1)
      return
    }
    for a in terms {
      for b in other.terms { a.addGhostProducts(rows, b, columns, to: sum) }
    }
  }
}

extension OuterProductTerm {
  /// Σ_{t,s} ⟨left_{i,t}, left_{j,s}⟩⟨right_{i,t}, right_{j,s}⟩ onto a rows × columns tile.
  fileprivate func addGhostProducts(
    _ rows: Range<Int>, _ other: OuterProductTerm, _ columns: Range<Int>, to sum: Buffer<Float>
  ) {
    let leftGram = left.gram(rows, other.left, columns)
    let rightGram = right.gram(rows, other.right, columns)
    let width = columns.count * other.positions
    if positions == 1 && other.positions == 1 {
      for k in 0..<rows.count * columns.count {
        sum.base[k] += leftGram.base[k] * rightGram.base[k]
      }
      return
    }
    for i in 0..<rows.count {
      for j in 0..<columns.count {
        var total: Float = 0
        for t in 0..<positions {
          let start = (i * positions + t) * width + j * other.positions
          for s in 0..<other.positions {
            total += leftGram.base[start + s] * rightGram.base[start + s]
          }
        }
        sum.base[i * columns.count + j] += total
      }
    }
  }
}

extension FactorSide {
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
    gemmSerial(
      MatrixView(a).rows(rows.lowerBound * a.shape[1]..<rows.upperBound * a.shape[1]),
      MatrixView(b).rows(columns.lowerBound * b.shape[1]..<columns.upperBound * b.shape[1])
        .transposed,
      into: MatrixView(storage: result, offset: 0, rows: height, columns: width, stride: width),
      alpha: 1, beta: constant == 0 ? 0 : 1)
  }
}
