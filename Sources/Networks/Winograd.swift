// Letters: B batch, C channels in, O channels out, T tiles of 4 × 4 outputs over the batch, b tiles of
// a block; ξ one of the 36 points of a tile.
//
// In order of priority: right to 1e-5, the same bits for any thread count (blocks by absolute tile), a
// quarter of the multiplications, at the rate of the SGEMM under them.
import CKernels
import LinearAlgebra
import Tensors

/// A 3 × 3 convolution of stride 1 by Winograd's F(4 × 4, 3 × 3).
///
///     V_ξ = (Bᵀ d B)_ξ   b × C        U_ξ = (G g Gᵀ)_ξ   O × C
///     y = Aᵀ [V_ξ U_ξᵀ]_ξ A           dg = Gᵀ [Σ_tiles (A dy Aᵀ)_ξᵀ V_ξ]_ξ G
///
/// 36 products for 16 outputs in place of 144. The gradient of the inputs is the forward pass of the
/// turned kernel.
///
/// - Precision: relative error about 1e-6 (the plain product: 2e-7), from differences inside a tile.
/// - Source: Lavin & Gray 2016 (arXiv:1509.09308).
struct Winograd {
  private let geometry: WindowGeometry
  private let outputs: Int
  private let batch: Int

  /// Tiles down and across an image.
  private let down: Int
  private let across: Int

  /// nil where the form is another or the plain product is as fast.
  init?(_ geometry: WindowGeometry, outputs: Int, groups: Int, batch: Int) {
    let channels = geometry.input.channels
    guard geometry.kernel == (3, 3), geometry.stride == 1, geometry.dilation == 1, groups == 1,
      channels.isMultiple(of: 16), outputs.isMultiple(of: 16), min(channels, outputs) >= 32
    else { return nil }
    (self.geometry, self.outputs, self.batch) = (geometry, outputs, batch)
    down = (geometry.outputHeight + 3) / 4
    across = (geometry.outputWidth + 3) / 4
    // Tiles that hang over the edge: at most half of the fourfold gain.
    if down * across * 16 > 2 * geometry.positions { return nil }
  }

  private var channels: Int { geometry.input.channels }
  private var tiles: Int { batch * down * across }

  /// Tiles of a block: enough rows for the product, few enough to stay near the cache.
  private var blockTiles: Int { max(32, min(256, tiles / 4)) }

  /// y = W ∗ x + b, B × Y × X × O.
  func forward(
    _ x: Tensor, _ weights: ConvolutionWeights, bias: (Buffer<Float>, Int)?
  ) -> Tensor {
    let y = Tensor(
      uninitialized: [batch, geometry.outputHeight, geometry.outputWidth, outputs])
    let (source, target) = (x.storage, y.storage)
    let (channels, outputs, width) = (channels, outputs, geometry.outputWidth)
    let kernels = transformed(weights)
    Workers.run(over: tiles, grain: blockTiles) { block in
      let b = block.count
      let v = Buffer<Float>(uninitialized: 36 * b * channels)
      let m = Buffer<Float>(uninitialized: 36 * b * outputs)
      fill(v, with: block, of: source)
      for point in 0..<36 {
        blockProduct(
          view(v, point, b, channels), view(kernels, point, outputs, channels).transposed,
          into: view(m, point, b, outputs))
      }
      for (place, tile) in block.enumerated() {
        let at = corner(of: tile)
        ascribe_winograd_outputs(
          m.base + place * outputs, Int64(b * outputs), bias.map { UnsafePointer($0.base + $1) },
          target.base + at.output * outputs, Int64(width), Int64(outputs), Int64(at.rows),
          Int64(at.columns))
      }
    }
    return y
  }

  /// dW = Σ_rows dy ⊗ windows.
  ///
  /// The tiles are cut into at most 4 parts; their sums are added in order.
  func weightGradient(_ dy: Tensor, _ x: Tensor) -> ConvolutionWeights {
    let size = outputs * channels
    let parts = max(1, min(4, tiles / 64))
    let grain = max(1, (tiles + parts - 1) / parts)
    let sums = Buffer<Float>(uninitialized: parts * 36 * size)
    let (source, slopes, width) = (x.storage, dy.storage, geometry.outputWidth)
    let (channels, outputs, blockTiles) = (channels, outputs, blockTiles)
    Workers.run(over: tiles, grain: grain) { part in
      let place = part.lowerBound / grain * 36 * size
      for start in stride(from: part.lowerBound, to: part.upperBound, by: blockTiles) {
        let block = start..<min(part.upperBound, start + blockTiles)
        let b = block.count
        let v = Buffer<Float>(uninitialized: 36 * b * channels)
        let e = Buffer<Float>(uninitialized: 36 * b * outputs)
        fill(v, with: block, of: source)
        for (place, tile) in block.enumerated() {
          let at = corner(of: tile)
          ascribe_winograd_slopes(
            slopes.base + at.output * outputs, Int64(width), Int64(outputs), Int64(at.rows),
            Int64(at.columns), e.base + place * outputs, Int64(b * outputs))
        }
        for point in 0..<36 {
          blockProduct(
            view(e, point, b, outputs).transposed, view(v, point, b, channels),
            into: MatrixView(
              storage: sums, offset: place + point * size, rows: outputs, columns: channels,
              stride: channels),
            beta: start == part.lowerBound ? 0 : 1)
        }
      }
    }
    let used = tiles == 0 ? 0 : (tiles + grain - 1) / grain
    return gradient(of: sums, parts: used)
  }

  /// U, 36 × O × C.
  private func transformed(_ weights: ConvolutionWeights) -> Buffer<Float> {
    let (channels, outputs) = (channels, outputs)
    let result = Buffer<Float>(uninitialized: 36 * outputs * channels)
    Workers.run(over: outputs, grain: outputGrain) { range in
      for o in range {
        ascribe_winograd_kernel(
          weights.storage.base + o * 9 * channels, Int64(channels), result.base + o * channels,
          Int64(outputs * channels))
      }
    }
    return result
  }

  /// dW of the parts' sums, added in order.
  private func gradient(of sums: Buffer<Float>, parts: Int) -> ConvolutionWeights {
    let (channels, outputs) = (channels, outputs)
    let result = ConvolutionWeights(outputs: outputs, channels: channels, area: 9)
    let size = outputs * channels
    if parts == 0 { result.storage.base.update(repeating: 0, count: 9 * size) }
    Workers.run(over: parts == 0 ? 0 : outputs, grain: outputGrain) { range in
      for o in range {
        for part in 1..<max(1, parts) {
          for point in 0..<36 {
            VectorMath.axpy(
              1, sums.base + (part * 36 + point) * size + o * channels,
              onto: sums.base + point * size + o * channels, count: channels)
          }
        }
        ascribe_winograd_kernel_gradient(
          sums.base + o * channels, Int64(size), Int64(channels),
          result.storage.base + o * 9 * channels)
      }
    }
    return result
  }

  private var outputGrain: Int { max(1, (1 << 14) / channels) }

  /// V of a block's tiles, 36 × b × C.
  private func fill(_ v: Buffer<Float>, with block: Range<Int>, of x: Buffer<Float>) {
    for (place, tile) in block.enumerated() {
      let at = corner(of: tile)
      ascribe_winograd_windows(
        x.base + at.image * geometry.input.count, Int64(geometry.input.height),
        Int64(geometry.input.width), Int64(channels), Int64(at.row - geometry.padding),
        Int64(at.column - geometry.padding), v.base + place * channels,
        Int64(block.count * channels))
    }
  }

  /// Where a tile's outputs begin, and how many of its rows and columns there are.
  private func corner(
    of tile: Int
  ) -> (image: Int, row: Int, column: Int, output: Int, rows: Int, columns: Int) {
    let image = tile / (down * across)
    let row = tile % (down * across) / across * 4
    let column = tile % across * 4
    return (
      image, row, column,
      (image * geometry.outputHeight + row) * geometry.outputWidth + column,
      min(4, geometry.outputHeight - row), min(4, geometry.outputWidth - column)
    )
  }

  private func view(
    _ storage: Buffer<Float>, _ point: Int, _ rows: Int, _ columns: Int
  ) -> MatrixView<Float> {
    MatrixView(
      storage: storage, offset: point * rows * columns, rows: rows, columns: columns,
      stride: columns)
  }
}
