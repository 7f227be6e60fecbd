// Letters: n and m examples, T positions, O left width, I right width.
import LinearAlgebra
import Tensors

extension FactorBlock {
  /// Numbers of the gradients that are written out at a time: 128 MiB.
  public static let sliceCount = 1 << 25

  /// The left sides in slices of so many examples' gradients, `slice` numbers each at the most.
  func leftSlices(examples: Int, slice: Int = FactorBlock.sliceCount) -> [Range<Int>] {
    (0..<leftWidth).blocks(
      of: Swift.max(1, Swift.min(leftWidth, slice / Swift.max(1, examples * rightWidth))))
  }

  /// Adds the dot products of gradients that are written out, a slice of the left sides at a time:
  /// each number is made once.
  ///
  /// - Parameters:
  ///   - other: nil for this block with itself: only tiles that reach below the diagonal are added.
  ///   - target: n × m, added to.
  ///   - slice: numbers written out at a time.
  ///   - made: takes the share of the left sides that a slice was; false leaves the rest undone.
  /// - Complexity: 2TOI flops an example and 2OI a pair, half of the pairs where it is symmetric.
  func addWrittenOut(
    _ other: FactorBlock?, rows n: Int, columns m: Int, to target: Buffer<Float>,
    slice: Int = FactorBlock.sliceCount, made: (_ share: Double) -> Bool = { _ in true }
  ) {
    // Few pairs are cut finely, to give every worker some; no finer, as every tile packs its sides.
    let edge = [256, 128].first { n * m >= 8 * $0 * $0 } ?? 64
    let tiles = (0..<n).blocks(of: edge).flatMap { rows in
      (0..<(other == nil ? rows.upperBound : m)).blocks(of: edge).map { (rows: rows, columns: $0) }
    }
    for range in leftSlices(examples: other == nil ? n : n + m, slice: slice) {
      let a = gradients(count: n, left: range)
      let b = other?.gradients(count: m, left: range) ?? a
      Workers.run(slices: tiles.count) { slice in
        let (rows, columns) = tiles[slice]
        blockProduct(
          MatrixView(a).rows(rows), MatrixView(b).rows(columns).transposed,
          into: MatrixView(
            storage: target, offset: rows.lowerBound * m + columns.lowerBound, rows: rows.count,
            columns: columns.count, stride: m), beta: 1)
      }
      guard made(Double(range.count) / Double(leftWidth)) else { return }
    }
  }

  /// The gradients of some of the left coordinates, n × (range · I).
  func gradients(count: Int, left range: Range<Int>) -> Matrix<Float> {
    let inputs = rightWidth
    let result = Matrix<Float>(uninitialized: count, range.count * inputs)
    for (index, term) in terms.enumerated() {
      let right = MatrixView(term.right.materialised(count: count))
      let positions = term.positions
      if case .oneHot(let indices, _, _) = term.left {
        result.addLookups(indices, positions, right, in: range, fresh: index == 0)
        continue
      }
      let left = MatrixView(term.left.materialised(count: count)).columns(range)
      Workers.run(over: count, grain: Swift.max(1, 512 / Swift.max(1, positions))) { examples in
        for i in examples {
          let rows = left.withoutTrailingZeros(i * positions..<(i + 1) * positions)
          blockProduct(
            left.rows(rows).transposed, right.rows(rows),
            into: MatrixView(
              storage: result.storage, offset: i * range.count * inputs, rows: range.count,
              columns: inputs, stride: inputs),
            beta: index == 0 ? 0 : 1)
        }
      }
    }
    return result
  }
}

extension Matrix where Scalar == Float {
  /// Adds each position's right side to the row of its index, where that is in the range.
  fileprivate func addLookups(
    _ indices: [Int32], _ positions: Int, _ right: MatrixView<Float>, in range: Range<Int>,
    fresh: Bool
  ) {
    let width = right.columns
    Workers.run(over: rows, grain: 16) { examples in
      for i in examples {
        let target = storage.base + i * columns
        if fresh { target.update(repeating: 0, count: columns) }
        for row in i * positions..<(i + 1) * positions {
          let index = Int(indices[row])
          guard range.contains(index) else { continue }
          VectorMath.axpy(
            1, right.storage.base + right.offset + row * right.stride,
            onto: target + (index - range.lowerBound) * width, count: width)
        }
      }
    }
  }
}

extension MatrixView where S == Float {
  /// The rows up to the last one that is not 0, at least one.
  ///
  /// What is behind, the padding of a sequence, adds nothing to a product.
  func withoutTrailingZeros(_ rows: Range<Int>) -> Range<Int> {
    let last = rows.last { row in
      let start = storage.base + offset + row * stride
      return (0..<columns).contains { start[$0] != 0 }
    }
    return rows.prefix(Swift.max(1, (last ?? rows.lowerBound) + 1 - rows.lowerBound))
  }
}
