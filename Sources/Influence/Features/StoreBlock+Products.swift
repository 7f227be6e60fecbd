// Letters: m queries, n rows of a block, k features.
import LinearAlgebra
import Storage
import Tensors

extension StoreBlock {
  /// Up to so many queries, dots with the rows as they are stored are quicker than a widened copy.
  static let mostDots = 8

  /// Inner products of queries with the block's rows.
  ///
  ///     P[j, i] = ⟨q_j, φ_i⟩
  ///
  /// - Parameters:
  ///   - group: the checkpoint.
  ///   - queries: m × k.
  /// - Returns: m × n.
  /// - Throws: `StorageError` of the reads.
  /// - Precision: fp32, one to `mostDots` queries by dots, more by a product of matrices: same bits for
  ///   any number of workers, other last bits for other numbers of queries.
  public func products(_ group: String, with queries: Matrix<Float>) throws -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: queries.rows, rows.count)
    if queries.rows <= StoreBlock.mostDots {
      let stored = try load(group)
      precondition(queries.columns == stored.columns, "\(queries.columns) and \(stored.columns)")
      for query in 0..<queries.rows {
        stored.dots(
          queries.storage.base + query * queries.columns,
          into: result.storage.base + query * rows.count)
      }
      withExtendedLifetime(queries) {}
    } else {
      let features = try matrix(group)
      blockProduct(
        MatrixView(queries), MatrixView(features).transposed, into: MatrixView(result))
    }
    return result
  }
}

extension FeatureStoreReader {
  /// Rows that a block should have for so many queries: a product of matrices wants many.
  public static func leastScanRows(queries: Int) -> Int { queries <= StoreBlock.mostDots ? 1 : 256 }

  /// The `limit` highest and lowest inner products of every query with the rows of a group.
  ///
  /// - Parameter queries: m × k.
  /// - Returns: m lists.
  /// - Throws: `StorageError` of the reads.
  public func top(_ group: String, _ queries: Matrix<Float>, limit: Int) throws -> [TopExamples] {
    var tops = [TopExamples](repeating: TopExamples(limit: limit), count: queries.rows)
    try scan(leastRows: FeatureStoreReader.leastScanRows(queries: queries.rows)) { block in
      try block.products(group, with: queries)
    } inOrder: { rows, products in
      for query in tops.indices {
        tops[query].take(
          UnsafeBufferPointer(
            start: products.storage.base + query * rows.count, count: rows.count),
          from: rows.lowerBound)
      }
    }
    return tops
  }
}
