// Letters: B batch, P windows of an image, C channels.
import Tensors

/// The largest value of every window, channel by channel.
///
/// - Source: PyTorch's `nn.MaxPool2d`: the first of equal values takes the gradient, a NaN wins,
///   pixels of the padding never do. `nn.AdaptiveMaxPool2d(1)` is one window over the whole image.
public struct MaxPool2D: Layer {
  /// Kernel, stride and padding, over the input's images.
  public let geometry: WindowGeometry
  let slot: Int

  /// y = max over the window.
  ///
  /// Saves which pixel of its image it was.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let channels = geometry.input.channels
    let shape = [pass.batch, geometry.outputHeight, geometry.outputWidth, channels]
    let y = Tensor(uninitialized: shape)
    // In a pass for outputs alone nobody asks which pixel it was.
    let winner = pass.keeps(slot) ? Tensor(uninitialized: shape) : nil
    let (source, target, place) = (x.storage, y.storage, winner?.storage)
    let geometry = geometry
    Workers.run(over: pass.batch * geometry.positions, grain: grain) { rows in
      for row in rows {
        let image = source.base + row / geometry.positions * geometry.input.count
        let best = target.base + row * channels
        let pixel = place.map { $0.base + row * channels }
        var isFirst = true
        geometry.forEachPixel(row % geometry.positions) { p in
          let x = image + p * channels
          if isFirst {
            best.update(from: x, count: channels)
            pixel?.update(repeating: Float(p), count: channels)
            isFirst = false
            return
          }
          for c in 0..<channels where !(x[c] <= best[c]) && best[c] == best[c] {
            best[c] = x[c]
            pixel?[c] = Float(p)
          }
        }
      }
    }
    pass.keep(winner ?? y, at: slot)
    return y
  }

  /// dx = dy at the pixels that were largest.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { scattered(dy, pass) }

  /// ry = rx of the pixels that were largest.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
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
  public func backwardTangent(
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
    let (channels, size) = (geometry.input.channels, geometry.input.count)
    let values = geometry.positions * channels
    Workers.run(over: pass.batch, grain: max(1, Tensor.elementGrain / size)) { images in
      for image in images {
        let pixels = target.base + image * size
        pixels.update(repeating: 0, count: size)
        for k in image * values..<(image + 1) * values {
          pixels[Int(place.base[k]) * channels + k % channels] += source.base[k]
        }
      }
    }
    return dx
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
