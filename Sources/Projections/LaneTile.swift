// Sparse projections scatter, and scattering floats one by one costs a few cycles each. Here a tile
// of examples lies side by side, and one entry of the projection moves a whole row of them.
import CKernels
import Factors
import LinearAlgebra
import Tensors

/// Values of up to `width` examples with the examples innermost: height rows of width floats.
struct LaneTile: Sendable {
  let storage: Buffer<Float>
  let height: Int
  let width: Int

  /// A tile of zeros.
  init(zeros height: Int, width: Int) {
    storage = Buffer(uninitialized: height * width)
    storage.base.update(repeating: 0, count: storage.count)
    self.height = height
    self.width = width
  }

  /// The vectors of some examples of a side.
  ///
  /// Row (w · T + t) is coordinate `columns`[w] at position t; lanes without an example are 0, or 1
  /// under a bias.
  init(_ side: FactorSide, columns: Range<Int>, examples: Range<Int>, width: Int) {
    let positions = side.positions
    height = columns.count * positions
    self.width = width
    storage = Buffer(uninitialized: height * width)
    if examples.count < width { storage.base.update(repeating: 0, count: storage.count) }
    var dense = columns
    if case .denseWithOne(let values) = side, columns.upperBound > values.rowLength {
      dense = columns.lowerBound..<max(columns.lowerBound, values.rowLength)
      (storage.base + dense.count * positions * width).update(
        repeating: 1, count: positions * width)
    }
    if dense.isEmpty { return }
    let source = side.view(columns: dense, examples: examples)
    for t in 0..<positions {
      ascribe_transpose(
        source.storage.base + source.offset + t * source.stride, Int64(examples.count),
        Int64(dense.count), Int64(positions * source.stride), 1, storage.base + t * width,
        Int64(positions * width))
    }
  }

  /// The rows of each coordinate, T of them, projected sparsely.
  ///
  /// They are added, signed, to the rows of the coordinate's buckets; not scaled.
  func projected(by matrix: SparseEntries, positions: Int) -> LaneTile {
    let result = LaneTile(zeros: matrix.dimension * positions, width: width)
    ascribe_scatter_rows(
      storage.base, Int64(height / positions), Int64(width * positions), matrix.entries.base,
      Int64(matrix.nonzeros), result.storage.base)
    return result
  }

  /// Adds the outer products of two tiles to rows from `row` on, projected sparsely.
  ///
  /// Not scaled:
  ///
  ///     self[row + bucket(o, i, j)] += ± Σ_t left[o, t] ∘ right[i, t]
  func addProducts(
    _ left: LaneTile, _ right: LaneTile, positions: Int, by matrix: SparseEntries, row: Int
  ) {
    ascribe_scatter_products(
      left.storage.base, right.storage.base, Int64(left.height / positions),
      Int64(right.height / positions), Int64(positions), Int64(width), matrix.entries.base,
      Int64(matrix.nonzeros), storage.base + row * width)
  }

  /// Writes rows back example by example, scaled: element (r, b) to row b of `target`, column r.
  func write(rows: Range<Int>, scale: Float, to target: MatrixView<Float>) {
    ascribe_transpose(
      storage.base + rows.lowerBound * width, Int64(rows.count), Int64(target.rows),
      Int64(width), scale, target.storage.base + target.offset, Int64(target.stride))
  }

  /// Examples of a tile: 64, fewer when T is large and the tiles with it.
  static func width(for gradients: ExampleGradients) -> Int {
    let longest = gradients.blocks.flatMap(\.terms).map(\.positions).max() ?? 1
    return longest <= 64 ? 64 : 16
  }
}
