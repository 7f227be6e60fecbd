// Letters: n examples, p coordinates, k features, c coordinates of a block.
//
// In order of priority: the same matrix for any block size and thread count (every entry is a
// function of its coordinate and column), never more than a block of it in memory, the rate of GEMM.
import Factors
import LinearAlgebra
import Randomness
import Tensors

/// A dense random matrix: entries ±1/√k or N(0, 1/k), made block by block and never stored.
///
///     φ_i = Σ_blocks G_i[block] P[block, :]      P[c, j] = value c·k + j of the stream, over √k
///
/// - Source: Johnson & Lindenstrauss 1984; signs: Achlioptas 2003. TRAK (Park et al. 2023) uses
///   both; `traker` leaves out 1/√k.
public struct DenseProjector: Projector {
  /// The two distributions of entries.
  public enum Entries: Sendable {
    /// ±1/√k with equal chances.
    case rademacher
    /// Normal with variance 1/k.
    case gaussian
  }

  /// What the features are made from.
  public let identity: ProjectorIdentity
  private let entries: Entries

  /// A projector of `layers` to k features.
  ///
  /// - Throws: `dimensionOutOfRange` for k < 1 or k > 2³⁰, `noLayers`.
  public init(
    _ entries: Entries, dimension k: Int, seed: UInt64, layers: [LayerShape]
  ) throws(ProjectionError) {
    let kind: ProjectorKind = entries == .rademacher ? .rademacher : .gaussian
    try requireDimension(k, kind, layers, in: 1...(1 << 30))
    self.entries = entries
    identity = ProjectorIdentity(kind: kind, dimension: k, seed: seed, layers: layers)
  }

  /// The features, n × k.
  ///
  /// - Complexity: 2npk flops; up to 4,096 × c + c × k floats of scratch with c about 1,024.
  /// - Precision: fp32 products in blocks of coordinates, added in order; same bits for any thread
  ///   count, another batch size changes rounding.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let k = dimension
    let n = gradients.count
    let features = Matrix<Float>(repeating: 0, rows: n, columns: k)
    let blocks = CoordinateBlock.blocks(of: identity.layers, size: 1024)
    let widest = blocks.map(\.count).max() ?? 0
    let scratch = Buffer<Float>(uninitialized: widest * k)
    let part = Buffer<Float>(uninitialized: min(n, Self.rowsAtATime) * widest)
    let scale = 1 / Float(k).squareRoot()
    for rows in (0..<n).blocks(of: Self.rowsAtATime) {
      let top = rows.lowerBound
      let target = MatrixView(features).rows(rows)
      for block in blocks {
        let matrix = MatrixView(
          storage: scratch, rows: block.count, columns: k, stride: k)
        fill(matrix, firstCoordinate: block.start)
        let full = MatrixView(
          storage: part, rows: rows.count, columns: block.count, stride: block.count)
        Workers.run(over: rows.count, grain: 64) { slice in
          gradients.blocks[block.layer].write(
            block, examples: top + slice.lowerBound..<top + slice.upperBound,
            into: full.rows(slice))
        }
        gemm(full, matrix, into: target, alpha: scale, beta: 1)
      }
    }
    return features
  }

  /// Examples whose gradient coordinates of one block are held at a time.
  private static let rowsAtATime = 4096

  /// Rows `firstCoordinate`… of √k P.
  private func fill(_ matrix: MatrixView<Float>, firstCoordinate: Int) {
    let stream = RandomStream(seed: identity.seed, purpose: .projection)
    let first = firstCoordinate * dimension
    // Whole groups of 2,048 values of the stream are fastest, wherever the block begins.
    let grain = 1 << 16
    Workers.run(over: matrix.rows * matrix.columns, grain: grain) { range in
      let target = matrix.storage.base + range.lowerBound
      let position = UInt64(first + range.lowerBound)
      switch entries {
      case .rademacher: stream.fillSigns(target, count: range.count, from: position)
      case .gaussian: stream.fillGaussian(target, count: range.count, from: position)
      }
    }
  }
}

/// Throws when k is out of the kind's range, or there are no layers.
func requireDimension(
  _ k: Int, _ kind: ProjectorKind, _ layers: [LayerShape], in allowed: ClosedRange<Int>
) throws(ProjectionError) {
  if layers.isEmpty { throw .noLayers }
  if !allowed.contains(k) {
    throw .dimensionOutOfRange(kind: kind, dimension: k, allowed: allowed)
  }
}
