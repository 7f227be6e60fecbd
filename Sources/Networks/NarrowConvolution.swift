// Letters: B batch, C channels in, O channels out, K = kh·kw·C values of a window, P its positions;
// ξ one of the 16 points of a tile, T tiles of a band.
//
// In order of priority: right to 1e-6, the same bits for any thread count and batch (a window's sum has
// one order), no unfolding through memory, the processor's rate of multiply-adds.
import CKernels
import Tensors

/// A convolution to few channels, as a product of its windows where they lie.
///
///     y[p, o] = b[o] + Σ_k x[p·stride + k] W[k, o]        k along a window's lines: sums in registers
///
/// 3 × 3 kernels of stride 1 on multiples of 16 channels go by Winograd's F(2 × 2, 3 × 3), whose 16
/// products a tile take the place of 36:
///
///     V_ξ = (Bᵀ d B)_ξ   T × C        U_ξ = (G g Gᵀ)_ξ   C × O
///     y = Aᵀ [V_ξ U_ξ]_ξ A            dg = Gᵀ [Σ_tiles V_ξᵀ (A dy Aᵀ)_ξ]_ξ G
///
/// An image is cut into bands of rows that stay in the first caches, with the pixels around them.
///
/// - Precision: fp32, relative error about 3e-7.
/// - Source: Lavin & Gray 2016 (arXiv:1509.09308).
struct NarrowConvolution {
  private let geometry: WindowGeometry
  private let outputs: Int
  /// Rows of outputs of a band, even.
  private let bandRows: Int
  private let isTiled: Bool

  /// nil where the form is another, or where the plain product is as fast.
  ///
  /// Unfolding writes and reads K floats for 2·K·O flops: O/4 flops a byte, beside which it does not
  /// count from about 64 channels on. The weights stay in the second cache.
  init?(_ geometry: WindowGeometry, outputs: Int, groups: Int) {
    let depth = geometry.area * geometry.input.channels
    guard groups == 1, geometry.dilation == 1, !geometry.isPointwise, outputs.isMultiple(of: 16),
      outputs <= 64, depth * outputs <= 1 << 16
    else { return nil }
    (self.geometry, self.outputs) = (geometry, outputs)
    let (down, across) = ((geometry.outputHeight + 1) / 2, (geometry.outputWidth + 1) / 2)
    // Tiles that hang over the edge: at most half of the gain.
    isTiled =
      geometry.kernel == (3, 3) && geometry.stride == 1
      && geometry.input.channels.isMultiple(of: 16)
      && down * across * 16 * 2 <= geometry.positions * (9 + 4)
    bandRows =
      isTiled
      ? 2 * max(1, 28 / across) : 2 * max(1, (1 << 11) / (geometry.outputWidth * outputs))
  }

  private var channels: Int { geometry.input.channels }
  private var depth: Int { geometry.area * channels }
  /// Bands of an image.
  private var bands: Int { (geometry.outputHeight + bandRows - 1) / bandRows }
  /// Tiles across an image.
  private var across: Int { (geometry.outputWidth + 1) / 2 }
  /// Bands that a worker takes at a time: about 2²⁰ flops.
  private var grain: Int {
    max(1, (1 << 20) / (2 * depth * outputs * geometry.outputWidth * bandRows))
  }

  /// y = W ∗ x + b, B × Y × X × O.
  func forward(
    _ x: Tensor, _ weights: ConvolutionWeights, batch: Int, bias: (Buffer<Float>, Int)?
  ) -> Tensor {
    let y = Tensor(uninitialized: geometry.output(channels: outputs).batch(batch))
    let (source, target, w) = (x.storage, y.storage, prepared(weights))
    let row = geometry.outputWidth * outputs
    Workers.run(over: batch * bands, grain: grain) { units in
      let room = Room(self)
      for unit in units {
        let band = band(unit)
        convolve(
          band, of: source, w, bias: bias,
          into: target.base + (band.image * geometry.outputHeight + band.rows.lowerBound) * row,
          room)
      }
    }
    return y
  }

  /// max over 2 × 2 of m ∘ relu(W ∗ x + b) + s, B × Y/2 × X/2 × O; what is between stays in the cache.
  ///
  /// - Parameter masks: m and s of each example.
  func pooled(
    _ x: Tensor, _ weights: ConvolutionWeights, batch: Int, bias: (Buffer<Float>, Int)?,
    masks: [ChannelMasks]
  ) -> Tensor {
    let (height, width) = (geometry.outputHeight / 2, geometry.outputWidth / 2)
    let y = Tensor(uninitialized: [batch, height, width, outputs])
    let (source, target, w) = (x.storage, y.storage, prepared(weights))
    let (row, outputs) = (geometry.outputWidth * outputs, outputs)
    Workers.run(over: batch * bands, grain: grain) { units in
      let room = Room(self)
      let between = Buffer<Float>(uninitialized: bandRows * row)
      for unit in units {
        let band = band(unit)
        convolve(band, of: source, w, bias: bias, into: between.base, room)
        // Two of each, left out where there are fewer.
        let scales = (0..<2).map { $0 < masks.count ? masks[$0].scale(band.image) : nil }
        let shifts = (0..<2).map { $0 < masks.count ? masks[$0].shift(band.image) : nil }
        for pair in 0..<band.rows.count / 2 {
          ascribe_relu_pool(
            between.base + 2 * pair * row, Int64(row), Int64(width), Int64(outputs), scales, shifts,
            target.base
              + ((band.image * height + band.rows.lowerBound / 2 + pair) * width) * outputs)
        }
      }
    }
    return y
  }

  /// dW = Σ_rows dy ⊗ windows.
  ///
  /// The bands are cut into at most 16 parts of at least 1,024 windows; their sums are added in order.
  func weightGradient(_ dy: Tensor, _ x: Tensor, batch: Int) -> ConvolutionWeights {
    let size = (isTiled ? 16 * channels : depth) * outputs
    let parts = max(1, min(16, batch * geometry.positions / 1024))
    let units = batch * bands
    let grain = max(1, (units + parts - 1) / parts)
    let used = max(1, (units + grain - 1) / grain)
    let sums = Buffer<Float>(uninitialized: used * size)
    sums.base.update(repeating: 0, count: units == 0 ? size : 0)
    let (source, slopes) = (x.storage, dy.storage)
    let row = geometry.outputWidth * outputs
    Workers.run(over: units, grain: grain) { units in
      let place = sums.base + units.lowerBound / grain * size
      place.update(repeating: 0, count: size)
      let room = Room(self)
      for unit in units {
        let band = band(unit)
        accumulate(
          band, of: source,
          slopes.base + (band.image * geometry.outputHeight + band.rows.lowerBound) * row,
          onto: place, room)
      }
    }
    for part in 1..<max(1, used) {
      VectorMath.axpy(1, sums.base + part * size, onto: sums.base, count: size)
    }
    let result = ConvolutionWeights(outputs: outputs, channels: channels, area: geometry.area)
    var gradient = sums
    if isTiled {
      gradient = Buffer(uninitialized: depth * outputs)
      ascribe_winograd2_kernel_gradients(
        sums.base, Int64(channels * outputs), gradient.base)
    }
    ascribe_transpose(
      gradient.base, Int64(depth), Int64(outputs), Int64(outputs), 1, result.storage.base,
      Int64(depth))
    return result
  }
}

/// One band.
extension NarrowConvolution {
  /// Rows of an image's outputs.
  private struct Band {
    let image: Int
    let rows: Range<Int>
  }

  /// A worker's own: the pixels under a band, and what tiles are transformed to.
  private struct Room {
    let pixels: Buffer<Float>
    let v: Buffer<Float>
    let m: Buffer<Float>

    init(_ c: NarrowConvolution) {
      pixels = Buffer(uninitialized: c.inputRows(c.bandRows) * c.inputColumns * c.channels)
      let tiles = c.isTiled ? c.bandRows / 2 * c.across : 0
      v = Buffer(uninitialized: 16 * tiles * c.channels)
      m = Buffer(uninitialized: 16 * tiles * c.outputs)
    }
  }

  private func band(_ unit: Int) -> Band {
    let start = unit % bands * bandRows
    return Band(
      image: unit / bands, rows: start..<min(start + bandRows, geometry.outputHeight))
  }

  private func inputRows(_ rows: Int) -> Int {
    isTiled ? (rows + 1) / 2 * 2 + 2 : (rows - 1) * geometry.stride + geometry.kernelHeight
  }

  private var inputColumns: Int {
    isTiled
      ? 2 * across + 2 : (geometry.outputWidth - 1) * geometry.stride + geometry.kernelWidth
  }

  /// W as K × O, or U.
  private func prepared(_ weights: ConvolutionWeights) -> Buffer<Float> {
    let w = Buffer<Float>(uninitialized: depth * outputs)
    ascribe_transpose(
      weights.storage.base, Int64(outputs), Int64(depth), Int64(depth), 1, w.base, Int64(outputs))
    guard isTiled else { return w }
    let u = Buffer<Float>(uninitialized: 16 * channels * outputs)
    ascribe_winograd2_kernels(w.base, Int64(channels * outputs), u.base)
    return u
  }

  private func fill(_ room: Room, with band: Band, of x: Buffer<Float>) {
    let input = geometry.input
    ascribe_padded_pixels(
      x.base + band.image * input.count, Int64(input.height), Int64(input.width),
      Int64(input.channels), Int64(band.rows.lowerBound * geometry.stride - geometry.padding),
      Int64(-geometry.padding), Int64(inputRows(band.rows.count)), Int64(inputColumns),
      room.pixels.base)
    guard isTiled else { return }
    let tiles = (band.rows.count + 1) / 2 * across
    for line in 0..<(band.rows.count + 1) / 2 {
      ascribe_winograd2_windows(
        room.pixels.base + 2 * line * inputColumns * channels, Int64(channels), Int64(across),
        room.v.base + line * across * channels, Int64(tiles * channels))
    }
  }

  private func convolve(
    _ band: Band, of x: Buffer<Float>, _ w: Buffer<Float>, bias: (Buffer<Float>, Int)?,
    into y: UnsafeMutablePointer<Float>, _ room: Room
  ) {
    fill(room, with: band, of: x)
    let bias = bias.map { UnsafePointer($0.base + $1) }
    guard isTiled else {
      var shape = lines(band)
      ascribe_window_products(&shape, room.pixels.base, w.base, bias, y)
      return
    }
    var shape = points(band)
    ascribe_window_products(&shape, room.v.base, w.base, nil, room.m.base)
    let (count, width) = (band.rows.count, geometry.outputWidth)
    let stride = (count + 1) / 2 * across * outputs
    for line in 0..<(count + 1) / 2 {
      ascribe_winograd2_outputs(
        room.m.base + line * across * outputs, Int64(stride), Int64(across), bias, Int64(outputs),
        Int64(min(2, count - 2 * line)), Int64(width), y + 2 * line * width * outputs,
        Int64(width * outputs))
    }
  }

  private func accumulate(
    _ band: Band, of x: Buffer<Float>, _ dy: UnsafePointer<Float>,
    onto sums: UnsafeMutablePointer<Float>, _ room: Room
  ) {
    fill(room, with: band, of: x)
    guard isTiled else {
      var shape = lines(band)
      ascribe_window_gradient(&shape, room.pixels.base, dy, sums)
      return
    }
    let (count, width) = (band.rows.count, geometry.outputWidth)
    let stride = (count + 1) / 2 * across * outputs
    for line in 0..<(count + 1) / 2 {
      ascribe_winograd2_slopes(
        dy + 2 * line * width * outputs, Int64(width * outputs), Int64(outputs),
        Int64(min(2, count - 2 * line)), Int64(width), Int64(across),
        room.m.base + line * across * outputs, Int64(stride))
    }
    var shape = points(band)
    ascribe_window_gradient(&shape, room.v.base, room.m.base, sums)
  }

  /// The windows of a band, a row of outputs a row.
  private func lines(_ band: Band) -> ascribe_windows {
    let line = inputColumns * channels
    return ascribe_windows(
      rows: Int64(band.rows.count), x_row: Int64(geometry.stride * line), w_row: 0,
      y_row: Int64(geometry.outputWidth * outputs), positions: Int64(geometry.outputWidth),
      step: Int64(geometry.stride * channels), lines: Int64(geometry.kernelHeight),
      line: Int64(line), length: Int64(geometry.kernelWidth * channels), outputs: Int64(outputs))
  }

  /// The 16 products of a band's tiles, a point a row.
  private func points(_ band: Band) -> ascribe_windows {
    let tiles = (band.rows.count + 1) / 2 * across
    return ascribe_windows(
      rows: 16, x_row: Int64(tiles * channels), w_row: Int64(channels * outputs),
      y_row: Int64(tiles * outputs), positions: Int64(tiles), step: Int64(channels), lines: 1,
      line: 0, length: Int64(channels), outputs: Int64(outputs))
  }
}
