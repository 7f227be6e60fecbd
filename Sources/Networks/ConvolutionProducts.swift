// Letters: B batch, P windows of an image, R = B·P rows, C channels in, O channels out, G groups,
// K = kh·kw·C/G values of a window.
//
// In order of priority: right for every stride, padding, dilation and group; the same bits for any
// thread count (tiles by absolute row); at the rate of the SGEMM under it. 3 × 3 kernels on many
// channels go by `Winograd`, few channels by `NarrowConvolution`.
import LinearAlgebra
import Tensors

/// The three products of a convolution: forward, and the gradients of its inputs and weights.
struct ConvolutionProducts: Sendable {
  let geometry: WindowGeometry
  let outputs: Int
  let groups: Int

  private var inner: Int { geometry.input.channels / groups }
  private var outer: Int { outputs / groups }
  private var depth: Int { inner * geometry.area }
  private var narrow: NarrowConvolution? {
    NarrowConvolution(geometry, outputs: outputs, groups: groups)
  }

  /// Rows that are unfolded at a time: about 2²⁰ floats, enough that packing the weights for the
  /// product does not count.
  private var tileRows: Int { max(64, min(1024, (1 << 20) / max(1, depth) / 16 * 16)) }

  /// y = W ∗ x + b, B × Y × X × O.
  func forward(
    _ x: Tensor, _ weights: ConvolutionWeights, batch: Int, bias: (Buffer<Float>, Int)?
  ) -> Tensor {
    precondition(x.count == batch * geometry.input.count, "\(x.shape) into \(geometry.input)")
    if let fast = Winograd(geometry, outputs: outputs, groups: groups, batch: batch) {
      return fast.forward(x, weights, bias: bias)
    }
    if let narrow {
      return narrow.forward(x, weights, batch: batch, bias: bias)
    }
    let y = Tensor(
      uninitialized: [batch, geometry.outputHeight, geometry.outputWidth, outputs])
    let (target, rows) = (y.storage, batch * geometry.positions)
    let channels = outputs
    Workers.run(over: rows, grain: tileRows) { range in
      forEachGroup(x.storage, range) { group, windows in
        blockProduct(
          windows, view(weights, group).transposed, into: rowsView(target, range, group))
      }
      if let (values, offset) = bias {
        VectorMath.addRow(
          values.base + offset, toRowsOf: target.base + range.lowerBound * channels,
          rows: range.count, columns: channels)
      }
    }
    return y
  }

  /// dx = Wᵀ ∗ dy, B × H × W × C.
  func inputGradient(_ dy: Tensor, _ weights: ConvolutionWeights, batch: Int) -> Tensor {
    if groups == 1, let back = geometry.turned(outputs: outputs) {
      return ConvolutionProducts(geometry: back, outputs: inner, groups: 1)
        .forward(dy, weights.turned(), batch: batch, bias: nil)
    }
    let input = geometry.input
    let dx = Tensor(uninitialized: input.batch(batch))
    let (source, target, positions) = (dy.storage, dx.storage, geometry.positions)
    let (inner, depth, tileRows) = (inner, depth, tileRows)
    Workers.run(over: batch, grain: max(1, tileRows / positions)) { images in
      (target.base + images.lowerBound * input.count).update(
        repeating: 0, count: images.count * input.count)
      let all = images.lowerBound * positions..<images.upperBound * positions
      for start in stride(from: all.lowerBound, to: all.upperBound, by: tileRows) {
        let range = start..<min(all.upperBound, start + tileRows)
        let windows = Buffer<Float>(uninitialized: range.count * depth)
        for group in 0..<groups {
          blockProduct(
            rowsView(source, range, group), view(weights, group),
            into: MatrixView(storage: windows, rows: range.count, columns: depth, stride: depth))
          geometry.fold(
            windows.base, channels: inner, pixelStride: input.channels, rows: range,
            onto: target.base + group * inner)
        }
      }
    }
    return dx
  }

  /// dW = Σ_rows dy ⊗ windows.
  ///
  /// The rows are cut into at most 16 parts of at least 1,024; their sums are added in order.
  func weightGradient(_ dy: Tensor, _ x: Tensor, batch: Int) -> ConvolutionWeights {
    if let fast = Winograd(geometry, outputs: outputs, groups: groups, batch: batch) {
      return fast.weightGradient(dy, x)
    }
    if let narrow { return narrow.weightGradient(dy, x, batch: batch) }
    let rows = batch * geometry.positions
    let result = ConvolutionWeights(outputs: outputs, channels: inner, area: geometry.area)
    let size = outputs * depth
    let parts = max(1, min(16, rows / 1024))
    let grain = max(1, (rows + parts - 1) / parts)
    let others = Buffer<Float>(uninitialized: (parts - 1) * size)
    result.storage.base.update(repeating: 0, count: size)
    let (tileRows, depth, outer) = (tileRows, depth, outer)
    Workers.run(over: rows, grain: grain) { part in
      let index = part.lowerBound / grain
      let (target, place) = index == 0 ? (result.storage, 0) : (others, (index - 1) * size)
      for start in stride(from: part.lowerBound, to: part.upperBound, by: tileRows) {
        let range = start..<min(part.upperBound, start + tileRows)
        forEachGroup(x.storage, range) { group, windows in
          blockProduct(
            rowsView(dy.storage, range, group).transposed, windows,
            into: MatrixView(
              storage: target, offset: place + group * outer * depth, rows: outer, columns: depth,
              stride: depth),
            beta: start == part.lowerBound ? 0 : 1)
        }
      }
    }
    let used = rows == 0 ? 0 : (rows + grain - 1) / grain
    Workers.run(over: size, grain: Tensor.elementGrain) { range in
      for other in 0..<max(0, used - 1) {
        VectorMath.axpy(
          1, others.base + other * size + range.lowerBound,
          onto: result.storage.base + range.lowerBound, count: range.count)
      }
    }
    return result
  }

  /// Calls `body` with the windows of some rows, rows × K, for each group.
  private func forEachGroup(
    _ x: Buffer<Float>, _ range: Range<Int>, _ body: (Int, MatrixView<Float>) -> Void
  ) {
    let channels = geometry.input.channels
    if geometry.isPointwise {
      for group in 0..<groups {
        body(
          group,
          MatrixView(
            storage: x, offset: range.lowerBound * channels + group * inner, rows: range.count,
            columns: inner, stride: channels))
      }
      return
    }
    let windows = Buffer<Float>(uninitialized: range.count * depth)
    for group in 0..<groups {
      geometry.unfold(
        x.base + group * inner, channels: inner, pixelStride: channels, rows: range,
        into: windows.base)
      body(
        group, MatrixView(storage: windows, rows: range.count, columns: depth, stride: depth))
    }
  }

  /// A group's columns of some rows of R × O.
  private func rowsView(
    _ storage: Buffer<Float>, _ range: Range<Int>, _ group: Int
  ) -> MatrixView<Float> {
    MatrixView(
      storage: storage, offset: range.lowerBound * outputs + group * outer, rows: range.count,
      columns: outer, stride: outputs)
  }

  /// A group's weights, O/G × K.
  private func view(_ weights: ConvolutionWeights, _ group: Int) -> MatrixView<Float> {
    MatrixView(
      storage: weights.storage, offset: group * outer * depth, rows: outer, columns: depth,
      stride: depth)
  }
}

extension WindowGeometry {
  /// The windows of the gradients that make up one input pixel's, for stride 1: those of the
  /// forward pass turned around; nil when there is no such convolution.
  func turned(outputs: Int) -> WindowGeometry? {
    let (down, across) = (dilation * (kernelHeight - 1), dilation * (kernelWidth - 1))
    guard stride == 1, down == across, padding <= down else { return nil }
    return WindowGeometry(
      input: ImageShape(channels: outputs, height: outputHeight, width: outputWidth),
      kernel: kernel, padding: down - padding, dilation: dilation)
  }
}
