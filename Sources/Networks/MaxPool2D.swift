// Letters: B batch, P windows of an image, C channels.
import CKernels
import Tensors

/// The largest value of every window, channel by channel.
///
/// - Source: PyTorch's `nn.MaxPool2d`: the first of equal values takes the gradient, a NaN wins,
///   pixels of the padding never do. `nn.AdaptiveMaxPool2d(1)` is one window over the whole image.
package struct MaxPool2D: Layer {
  /// Kernel, stride and padding, over the input's images.
  package let geometry: WindowGeometry
  let slot: Int

  /// y = max over the window.
  ///
  /// Saves which pixel of its image it was.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let channels = geometry.input.channels
    let shape = [pass.batch, geometry.outputHeight, geometry.outputWidth, channels]
    let y = Tensor(uninitialized: shape)
    // In a pass for outputs alone nobody asks which pixel it was.
    let winner = pass.keeps(slot) ? Tensor(uninitialized: shape) : nil
    let (source, target, place) = (x.storage, y.storage, winner?.storage)
    let (height, size, kernel) = (geometry.outputHeight, geometry.input.count, kernel)
    let row = geometry.outputWidth * channels
    Workers.run(
      over: pass.batch * height, grain: max(1, grain / geometry.outputWidth)
    ) { rows in
      var kernel = kernel
      for index in rows {
        ascribe_max_pool(
          &kernel, source.base + index / height * size, Int64(index % height),
          Int64(index % height + 1), target.base + index * row,
          place.map { $0.base + index * row })
      }
    }
    pass.keep(winner ?? y, at: slot)
    return y
  }

  /// dx = dy at the pixels that were largest.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { scattered(dy, pass) }

  /// ry = rx of the pixels that were largest.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let rx else { return nil }
    let winner = pass[slot, as: Tensor.self]
    let ry = Tensor(uninitialized: winner.shape)
    let (source, target, place) = (rx.storage, ry.storage, winner.storage)
    let (channels, size) = (geometry.input.channels, geometry.input.count)
    let positions = geometry.positions
    Workers.run(over: pass.batch * positions, grain: grain) { rows in
      for row in rows {
        let image = source.base + row / positions * size
        for c in row * channels..<(row + 1) * channels {
          target.base[c] = image[Int(place.base[c]) * channels + c % channels]
        }
      }
    }
    return ry
  }

  /// rdx = rdy at the pixels that were largest.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (scattered(dy, pass), rdy.map { scattered($0, pass) })
  }

  /// Windows a worker takes at a time.
  private var grain: Int { max(1, Tensor.elementGrain / geometry.input.channels / geometry.area) }

  private func scattered(_ dy: Tensor, _ pass: Pass) -> Tensor {
    let winner = pass[slot, as: Tensor.self]
    let dx = Tensor(uninitialized: geometry.input.batch(pass.batch))
    let (source, target, place) = (dy.storage, dx.storage, winner.storage)
    let (size, kernel) = (geometry.input.count, kernel)
    let values = geometry.positions * geometry.input.channels
    Workers.run(over: pass.batch, grain: max(1, Tensor.elementGrain / size)) { images in
      var kernel = kernel
      for image in images {
        ascribe_max_pool_backward(
          &kernel, source.base + image * values, place.base + image * values,
          target.base + image * size)
      }
    }
    return dx
  }

  private var kernel: ascribe_pool {
    let (input, window) = (geometry.input, geometry.kernel)
    return ascribe_pool(
      height: Int64(input.height), width: Int64(input.width), channels: Int64(input.channels),
      kernel_height: Int64(window.height), kernel_width: Int64(window.width),
      stride: Int64(geometry.stride), padding: Int64(geometry.padding),
      out_height: Int64(geometry.outputHeight), out_width: Int64(geometry.outputWidth))
  }
}

extension WindowGeometry {
  /// Calls `body` with each pixel of the image that window `position` covers, row by row.
  func forEachPixel(_ position: Int, _ body: (Int) -> Void) {
    let (top, left) = origin(position)
    let across = inside(left, kernel: kernelWidth, limit: input.width)
    for i in inside(top, kernel: kernelHeight, limit: input.height) {
      for j in across { body((top + i * dilation) * input.width + left + j * dilation) }
    }
  }
}
