// Letters: B batch, P windows of an image, C channels.
import Tensors

/// The mean of every window, channel by channel; pixels of the padding count as 0.
///
/// - Source: PyTorch's `nn.AvgPool2d`. `nn.AdaptiveAvgPool2d(1)` is one window over the image.
package struct AveragePool2D: Layer {
  /// Kernel, stride and padding, over the input's images.
  package let geometry: WindowGeometry

  /// y = Σ_window x / (kh·kw).
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor { pooled(x, pass) }

  /// dx = Σ of dy / (kh·kw) over the windows that a pixel is in.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { spread(dy, pass) }

  /// ry: the same map of rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { pooled($0, pass) }
  }

  /// rdx: the same map of rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (spread(dy, pass), rdy.map { spread($0, pass) })
  }

  private func pooled(_ x: Tensor, _ pass: Pass) -> Tensor {
    let channels = geometry.input.channels
    let y = Tensor(
      uninitialized: [pass.batch, geometry.outputHeight, geometry.outputWidth, channels])
    let (source, target, geometry) = (x.storage, y.storage, geometry)
    Workers.run(over: pass.batch, grain: grain) { images in
      for row in images.lowerBound * geometry.positions..<images.upperBound * geometry.positions {
        let image = source.base + row / geometry.positions * geometry.input.count
        let sum = target.base + row * channels
        sum.update(repeating: 0, count: channels)
        geometry.forEachPixel(row % geometry.positions) { pixel in
          VectorMath.axpy(
            1 / Float(geometry.area), image + pixel * channels, onto: sum, count: channels)
        }
      }
    }
    return y
  }

  private func spread(_ dy: Tensor, _ pass: Pass) -> Tensor {
    let channels = geometry.input.channels
    let dx = Tensor(uninitialized: geometry.input.batch(pass.batch))
    let (source, target, geometry) = (dy.storage, dx.storage, geometry)
    Workers.run(over: pass.batch, grain: grain) { images in
      for image in images {
        let pixels = target.base + image * geometry.input.count
        pixels.update(repeating: 0, count: geometry.input.count)
        for position in 0..<geometry.positions {
          let gradient = source.base + (image * geometry.positions + position) * channels
          geometry.forEachPixel(position) { pixel in
            VectorMath.axpy(
              1 / Float(geometry.area), gradient, onto: pixels + pixel * channels, count: channels)
          }
        }
      }
    }
    return dx
  }

  /// Images a worker takes at a time.
  private var grain: Int { max(1, Tensor.elementGrain / geometry.input.count) }
}
