// Letters: n training examples, k features, g examples of a group.
import LinearAlgebra
import Tensors

/// Picks examples by their features, group by group: each group is of one class and one block of
/// rows, so that memory does not grow with n and the features are read once.
struct FeatureSelection {
  /// How many of each class are kept.
  enum Share {
    case evenly, proportionally
    /// So many of each class.
    case given([Int])

    func quotas(_ kept: Int, of sizes: [Int]) -> [Int] {
      switch self {
      case .evenly: ClassQuotas.even(kept, of: sizes)
      case .proportionally: ClassQuotas.proportional(kept, of: sizes)
      case .given(let quotas): quotas
      }
    }
  }

  /// Bytes of features that are held at a time.
  static let blockBytes = 256 << 20
  /// Most examples of a group, whose similarities are g² numbers.
  static let mostInGroup = 4_096

  let context: PruneContext
  /// Rows that are read at a time; nil: as many as `blockBytes` holds.
  var blockRows: Int?
  var mostInGroup = FeatureSelection.mostInGroup

  init(_ context: PruneContext) { self.context = context }

  /// Examples of one class in one block.
  private struct Group {
    let label: Int
    let rows: [Int]
  }

  /// The rows that are kept.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - rows: ascending; those to choose from.
  ///   - pick: so many of a group, by the similarities of its examples (cosines of features, g × g):
  ///     their places.
  /// - Throws: errors of reading.
  /// - Complexity: one read of the features; 2kΣg² flops.
  func kept(
    _ count: Int, of rows: [Int], share: Share,
    pick: @escaping @Sendable (Matrix<Float>, Int) -> [Int]
  ) throws -> [Int] {
    try kept(count, of: rows, share: share) { similarity, _, quota in pick(similarity, quota) }
  }

  /// The same where a pick wants to know the rows of the group too.
  func kept(
    _ count: Int, of rows: [Int], share: Share,
    pick: @escaping @Sendable (Matrix<Float>, [Int], Int) -> [Int]
  ) throws -> [Int] {
    let features = try context.sources.features()
    precondition(features.rows == context.count, "\(features.rows) rows of \(context.count)")
    let size = blockRows ?? max(1, FeatureSelection.blockBytes / (4 * max(1, features.columns)))
    let blocks = (0..<context.count).blocks(of: size)
    let groups = groups(rows, blocks)
    let quotas = quotas(count, groups.flatMap { $0 }, share)
    var (chosen, first) = ([Int](), 0)
    for (block, groups) in zip(blocks, groups) {
      let own = quotas[first..<first + groups.count]
      first += groups.count
      guard own.contains(where: { $0 > 0 }) else { continue }
      let matrix = try features.read(block)
      let offsets = Array(own)
      chosen += Workers.map(slices: groups.count) { slice in
        let (rows, quota) = (groups[slice].rows, offsets[slice])
        if quota == 0 || quota == rows.count { return Array(rows.prefix(quota)) }
        let similarity = FeatureSelection.cosines(matrix, rows.map { $0 - block.lowerBound })
        return pick(similarity, rows, quota).map { rows[$0] }
      }.flatMap { $0 }
    }
    return chosen
  }

  /// The groups of each block; what is too many for one group is dealt out to several.
  private func groups(_ rows: [Int], _ blocks: [Range<Int>]) -> [[Group]] {
    let classCount = max(1, context.classNames.count)
    var next = rows.startIndex
    return blocks.map { block in
      var byClass = [[Int]](repeating: [], count: classCount)
      while next < rows.endIndex, rows[next] < block.upperBound {
        byClass[Int(context.classes?[rows[next]] ?? 0)].append(rows[next])
        next += 1
      }
      return byClass.enumerated().flatMap { label, rows in
        let parts = (rows.count + mostInGroup - 1) / mostInGroup
        return (0..<parts).map { part in
          Group(label: label, rows: stride(from: part, to: rows.count, by: parts).map { rows[$0] })
        }
      }
    }
  }

  /// How many of each group are kept: by class as `share` says, within a class in proportion.
  private func quotas(_ count: Int, _ groups: [Group], _ share: Share) -> [Int] {
    var sizes = [Int](repeating: 0, count: max(1, context.classNames.count))
    for group in groups { sizes[group.label] += group.rows.count }
    let ofClass = share.quotas(count, of: sizes)
    var result = [Int](repeating: 0, count: groups.count)
    for label in sizes.indices {
      let own = groups.indices.filter { groups[$0].label == label }
      let quotas = ClassQuotas.proportional(ofClass[label], of: own.map { groups[$0].rows.count })
      for (place, quota) in zip(own, quotas) { result[place] = quota }
    }
    return result
  }

  /// cos(φ_i, φ_j) of some rows of a block, g × g; of a row of zeros 0.
  private static func cosines(_ block: Matrix<Float>, _ rows: [Int]) -> Matrix<Float> {
    let k = block.columns
    var own = Matrix<Float>(uninitialized: rows.count, k)
    let target = own.writableStorage()
    for (place, row) in rows.enumerated() {
      let (from, to) = (block.storage.base + row * k, target.base + place * k)
      let norm = VectorMath.doubleSquaredNorm(from, count: k).squareRoot()
      let scale = norm > 0 ? Float(1 / norm) : 0
      for column in 0..<k { to[column] = from[column] * scale }
    }
    let result = Matrix<Float>(uninitialized: rows.count, rows.count)
    blockProduct(MatrixView(own), MatrixView(own).transposed, into: MatrixView(result))
    return result
  }
}
