import Randomness
import Tensors

/// A sparse random matrix, coordinates × buckets: s entries ±1/√s in each row.
///
/// The buckets are cut into s blocks, and a coordinate has one entry in each (the block
/// construction): entry j of coordinate c comes from word c·s + j of the stream, its top bit the
/// sign (set: −), the lower 31 bits w the bucket lo + ⌊w · size / 2³¹⌋ of block j, which begins at
/// lo = ⌊j·k/s⌋.
///
/// - Source: Kane & Nelson 2014, *Sparser Johnson–Lindenstrauss transforms*, section 3.
struct SparseSigns: Sendable {
  /// Number of buckets k.
  let dimension: Int
  /// Entries of a coordinate s, at most k.
  let nonzeros: Int
  private let stream: RandomStream

  init(dimension: Int, nonzeros: Int, seed: UInt64, index: Int) {
    self.dimension = dimension
    self.nonzeros = min(nonzeros, dimension)
    stream = RandomStream(seed: seed, purpose: .projection, index: UInt64(index))
  }

  /// The entries of some coordinates.
  func entries(of coordinates: Range<Int>) -> SparseEntries {
    let s = nonzeros
    let result = Buffer<UInt32>(uninitialized: coordinates.count * s)
    let bounds = (0...s).map { UInt64($0 * dimension / s) }
    Workers.run(over: coordinates.count, grain: 1 << 13) { range in
      let first = (coordinates.lowerBound + range.lowerBound) * s
      let words = stream.words(count: range.count * s, from: UInt64(first))
      let target = result.base + range.lowerBound * s
      var j = 0
      for (place, word) in words.enumerated() {
        let size = bounds[j + 1] - bounds[j]
        let bucket = bounds[j] + (UInt64(word & 0x7FFF_FFFF) * size) >> 31
        target[place] = UInt32(bucket) << 1 | word >> 31
        j = j + 1 == s ? 0 : j + 1
      }
    }
    return SparseEntries(dimension: dimension, nonzeros: s, entries: result)
  }
}

/// The entries of a sparse matrix, coordinate by coordinate, without their common size 1/√s.
struct SparseEntries: Sendable {
  /// Number of buckets k.
  let dimension: Int
  /// Entries of a coordinate s.
  let nonzeros: Int
  /// s for each coordinate: bucket · 2, plus 1 when negative.
  let entries: Buffer<UInt32>

  /// The size of an entry, 1/√s.
  var scale: Float { 1 / Float(nonzeros).squareRoot() }
}

extension SparseEntries {
  /// The identity of an order.
  init(identity order: Int) {
    let entries = Buffer<UInt32>(uninitialized: order)
    for c in 0..<order { entries.base[c] = UInt32(c) << 1 }
    self.init(dimension: order, nonzeros: 1, entries: entries)
  }
}
