/// How a product m × n × k is cut: by its shape alone, so that the bits of the result do not
/// depend on the number of workers.
struct TilePlan: Equatable {
  /// Rows and columns of a tile of the result.
  let rowGrain: Int, columnGrain: Int
  /// Terms of the inner dimension that one tile sums.
  let depthGrain: Int

  /// A tile is not cut further below this many flops: a dispatch costs about a microsecond, and
  /// packing the operands of a thin tile costs more.
  static let smallestTile = 6e6
  /// Tiles beyond this edge are cut further, for balance between many workers.
  static let largestEdge = 512
  /// Products are cut to at least this many tiles when they are large enough.
  static let enoughTiles = 8

  init(m: Int, n: Int, k: Int) {
    var (rows, columns, depth) = (max(1, m), max(1, n), max(1, k))
    let isDeep = k >= 16 * max(m, n) && m * n <= 256 * 256
    func flops() -> Double { 2 * Double(rows) * Double(columns) * Double(depth) }
    func parts(_ total: Int, _ grain: Int) -> Int { (total + grain - 1) / grain }
    func half(_ size: Int) -> Int { ((size + 1) / 2 + 15) / 16 * 16 }

    while flops() >= 2 * TilePlan.smallestTile {
      if isDeep {
        guard depth > 2048 && parts(k, depth) < 16 else { break }
        depth = half(depth)
      } else {
        let edge = max(rows, columns)
        let isEnough = parts(m, rows) * parts(n, columns) >= TilePlan.enoughTiles
        guard edge > 32 && (!isEnough || edge > TilePlan.largestEdge) else { break }
        if rows >= columns { rows = half(rows) } else { columns = half(columns) }
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
