// Letters: B batch, P windows of an image, C channels, K = kh·kw·C values of a window.
import Tensors

/// Windows written out as rows and added back: the two halves of a convolution as a product.
extension WindowGeometry {
  /// The windows `rows` (counted over the batch, B·P), one a row of K values, (kh, kw, C) order.
  ///
  /// - Parameters:
  ///   - x: B × H × W × `stride` channels, from the first channel to take.
  ///   - channels: how many of them.
  func unfold(
    _ x: UnsafePointer<Float>, channels: Int, pixelStride: Int, rows: Range<Int>,
    into y: UnsafeMutablePointer<Float>
  ) {
    let isDense = dilation == 1 && channels == pixelStride
    let line = kernelWidth * channels
    var target = y
    for row in rows {
      let image = x + row / positions * input.positions * pixelStride
      let (top, left) = origin(row % positions)
      let down = inside(top, kernel: kernelHeight, limit: input.height)
      let across = inside(left, kernel: kernelWidth, limit: input.width)
      for i in 0..<kernelHeight {
        defer { target += line }
        guard down.contains(i), !across.isEmpty else {
          target.update(repeating: 0, count: line)
          continue
        }
        if across.count < kernelWidth {
          target.update(repeating: 0, count: across.lowerBound * channels)
          (target + across.upperBound * channels).update(
            repeating: 0, count: (kernelWidth - across.upperBound) * channels)
        }
        let source = image + ((top + i * dilation) * input.width + left) * pixelStride
        if isDense {
          (target + across.lowerBound * channels).update(
            from: source + across.lowerBound * channels, count: across.count * channels)
        } else {
          for j in across {
            (target + j * channels).update(
              from: source + j * dilation * pixelStride, count: channels)
          }
        }
      }
    }
  }

  /// Adds rows of K values to the pixels their windows came from: the transpose of `unfold`.
  func fold(
    _ y: UnsafePointer<Float>, channels: Int, pixelStride: Int, rows: Range<Int>,
    onto x: UnsafeMutablePointer<Float>
  ) {
    var source = y
    for row in rows {
      let image = x + row / positions * input.positions * pixelStride
      let (top, left) = origin(row % positions)
      let down = inside(top, kernel: kernelHeight, limit: input.height)
      let across = inside(left, kernel: kernelWidth, limit: input.width)
      for i in down {
        for j in across {
          let pixel = (top + i * dilation) * input.width + left + j * dilation
          VectorMath.axpy(
            1, source + (i * kernelWidth + j) * channels, onto: image + pixel * pixelStride,
            count: channels)
        }
      }
      source += kernelHeight * kernelWidth * channels
    }
  }

  /// All windows of a batch in the order of PyTorch's weights, B × P × (C·kh·kw).
  func patches(_ x: Tensor, batch: Int, channels: Range<Int>) -> Tensor {
    let result = Tensor(uninitialized: [batch, positions, channels.count * area])
    let (source, target, stride) = (x.storage, result.storage, input.channels)
    let (width, area) = (channels.count, area)
    Workers.run(over: batch * positions, grain: max(1, (1 << 16) / (width * area))) { rows in
      let line = Buffer<Float>(uninitialized: width * area)
      for row in rows {
        unfold(
          source.base + channels.lowerBound, channels: width, pixelStride: stride,
          rows: row..<row + 1, into: line.base)
        let y = target.base + row * width * area
        for k in 0..<area {
          for c in 0..<width { y[c * area + k] = line.base[k * width + c] }
        }
      }
    }
    return result
  }
}
