/// How a product m × n × k is cut: by its shape alone, so that the bits of the result do not
/// depend on the number of workers.
struct TilePlan: Equatable {
  /// Rows and columns of a tile of the result.
  let rowGrain: Int, columnGrain: Int
  /// Terms of the inner dimension that one tile sums.
  let depthGrain: Int

  /// A tile of fewer flops than twice this is not cut: a dispatch costs about a microsecond, and
  /// packing the operands of a thin tile costs more.
  static let smallestTile = 5e6
  /// Higher and wider tiles are cut for balance.
  ///
  /// Wide tiles run faster than high ones: measured on OpenBLAS 0.3.21, 512 × 2500 × 784 has 97 %
  /// of the rate of the whole, 512 × 512 81 %.
  static let largestHeight = 640, largestWidth = 2560
  /// An edge below this is not cut: half of 64 rows costs a quarter of the rate.
  static let smallestCut = 128

  init(m: Int, n: Int, k: Int) {
    var (rows, columns, depth) = (max(1, m), max(1, n), max(1, k))
    let isDeep = k >= 16 * max(m, n) && m * n <= 256 * 256
    func flops() -> Double { 2 * Double(rows) * Double(columns) * Double(depth) }
    func half(_ size: Int) -> Int { ((size + 1) / 2 + 15) / 16 * 16 }
    let enoughTiles = flops() < 150e6 ? 2 : flops() < 4e9 ? 4 : 8

    while flops() >= 2 * TilePlan.smallestTile {
      if isDeep {
        guard depth > 2048 && sliceCount(grain: depth, of: k) < 16 else { break }
        depth = half(depth)
      } else if rows > TilePlan.largestHeight {
        rows = half(rows)
      } else if columns > TilePlan.largestWidth {
        columns = half(columns)
      } else {
        let tiles = sliceCount(grain: rows, of: m) * sliceCount(grain: columns, of: n)
        if tiles >= enoughTiles { break }
        if rows >= TilePlan.smallestCut && 2 * rows >= columns {
          rows = half(rows)
        } else if columns >= TilePlan.smallestCut {
          columns = half(columns)
        } else {
          break
        }
      }
    }
    (rowGrain, columnGrain, depthGrain) = (rows, columns, depth)
  }
}

/// The range of `slice` when `total` indices are cut every `grain`.
func sliceRange(_ slice: Int, grain: Int, of total: Int) -> Range<Int> {
  slice * grain..<min(total, (slice + 1) * grain)
}

/// The number of slices when `total` indices are cut every `grain`.
func sliceCount(grain: Int, of total: Int) -> Int {
  (total + grain - 1) / grain
}
