// Letters: b lanes (examples), T positions, W width, s entries of a coordinate, k buckets.
//
// Sparse projections scatter; scattering floats one by one costs a few cycles each. Here a tile of
// examples lies side by side in lanes, and one entry moves a whole row of them.
import Factors
import Tensors

/// Sixteen examples side by side.
typealias Lanes = SIMD16<Float>

/// Values of up to `groups` · 16 examples with the examples innermost: height × groups lanes.
struct LaneTile: Sendable {
  let storage: Buffer<Float>
  let height: Int
  /// Lanes in a row.
  let groups: Int

  /// A tile on existing storage.
  private init(storage: Buffer<Float>, height: Int, groups: Int) {
    self.storage = storage
    self.height = height
    self.groups = groups
  }

  /// A tile with undefined contents.
  init(uninitialized height: Int, groups: Int) {
    storage = Buffer(uninitialized: height * groups * 16)
    self.height = height
    self.groups = groups
  }

  /// A tile of zeros.
  init(zeros height: Int, groups: Int) {
    self.init(uninitialized: height, groups: groups)
    storage.base.update(repeating: 0, count: storage.count)
  }

  /// The lanes of one row.
  @inline(__always)
  func row(_ index: Int) -> UnsafeMutablePointer<Lanes> {
    UnsafeMutableRawPointer(storage.base + index * groups * 16)
      .assumingMemoryBound(to: Lanes.self)
  }

  /// Adds ± source row to the rows `entries` name.
  @inline(__always)
  static func scatter(
    _ source: UnsafePointer<Lanes>, groups: Int, _ entries: UnsafePointer<UInt32>, count: Int,
    scale: Float, to target: UnsafeMutablePointer<Lanes>
  ) {
    for j in 0..<count {
      let entry = entries[j]
      let sign = entry & 1 == 0 ? scale : -scale
      let row = target + Int(entry >> 1) * groups
      for q in 0..<groups { row[q] += sign * source[q] }
    }
  }

  /// The same lanes with `count` rows as one.
  func joined(rows count: Int) -> LaneTile {
    LaneTile(storage: storage, height: height / count, groups: groups * count)
  }

  /// The same lanes with each row cut into `count`.
  func split(into count: Int) -> LaneTile {
    LaneTile(storage: storage, height: height * count, groups: groups / count)
  }

  /// This tile's rows projected sparsely: row c is added, signed, to the buckets of coordinate c.
  func projected(by signs: SparseSigns, entries: Buffer<UInt32>) -> LaneTile {
    let result = LaneTile(zeros: signs.dimension, groups: groups)
    let target = result.row(0)
    for c in 0..<height {
      LaneTile.scatter(
        row(c), groups: groups, entries.base + c * signs.nonzeros, count: signs.nonzeros,
        scale: signs.scale, to: target)
    }
    return result
  }

  /// Copies rows back example by example: element (row, b) to `target[b · stride + row]`.
  func scatterExamples(
    rows: Range<Int>, count: Int, to target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let width = groups * 16
    for top in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 16) {
      let block = top..<min(rows.upperBound, top + 16)
      for b in 0..<count {
        let line = target + b * stride - rows.lowerBound
        for c in block { line[c] = storage.base[c * width + b] }
      }
    }
  }
}

extension FactorSide {
  /// The vectors of some examples with the examples innermost.
  ///
  /// - Parameters:
  ///   - examples: at most groups · 16.
  ///   - columns: which of the W coordinates.
  /// - Returns: row (w · T + t): coordinate w at position t; lanes without an example are 0.
  func laneTile(_ examples: Range<Int>, columns: Range<Int>, groups: Int) -> LaneTile {
    let positions = self.positions
    let width = groups * 16
    let source = view(columns: columns, examples: examples)
    let base = source.storage.base + source.offset
    let isFull = examples.count == width
    let result =
      isFull
      ? LaneTile(uninitialized: columns.count * positions, groups: groups)
      : LaneTile(zeros: columns.count * positions, groups: groups)
    // Blocks of 16 examples: their source lines stay in cache.
    for first in stride(from: 0, to: examples.count, by: 16) {
      let block = first..<min(examples.count, first + 16)
      for t in 0..<positions {
        for w in 0..<columns.count {
          let line = result.storage.base + (w * positions + t) * width
          for b in block { line[b] = base[(b * positions + t) * source.stride + w] }
        }
      }
    }
    return result
  }
}

/// Adds the outer products of two tiles, projected sparsely.
///
///     target[bucket(o, i, j)] += ± scale · Σ_t left[o, t] ∘ right[i, t]
///
/// - Parameters:
///   - left: rows (o · T + t).
///   - right: rows (i · T + t).
///   - entries: of coordinate o · I + i, `count` each; nil adds the product to row o · I + i.
///   - target: rows of buckets.
func addOuterProducts(
  _ left: LaneTile, _ right: LaneTile, positions: Int, entries: UnsafePointer<UInt32>?, count: Int,
  scale: Float, to target: UnsafeMutablePointer<Lanes>
) {
  let groups = left.groups
  let (outputs, inputs) = (left.height / positions, right.height / positions)
  withUnsafeTemporaryAllocation(of: Lanes.self, capacity: groups) { buffer in
    guard let product = buffer.baseAddress else { return }
    for o in 0..<outputs {
      let d = left.row(o * positions)
      for i in 0..<inputs {
        let a = right.row(i * positions)
        for q in 0..<groups { product[q] = d[q] * a[q] }
        for t in 1..<max(1, positions) {
          for q in 0..<groups { product[q] += d[t * groups + q] * a[t * groups + q] }
        }
        let c = o * inputs + i
        if let entries {
          LaneTile.scatter(
            product, groups: groups, entries + c * count, count: count, scale: scale, to: target)
        } else {
          let row = target + c * groups
          for q in 0..<groups { row[q] += product[q] }
        }
      }
    }
  }
}

/// Lanes for examples of T positions: 64 examples, fewer when T is large and the tiles with it.
func laneGroups(positions: Int) -> Int {
  positions <= 64 ? 4 : 1
}
