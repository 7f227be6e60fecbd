// Letters: O outputs, C channels of a group, A = kh·kw.
import Tensors

/// A convolution's weights as its products read them: O × (A·C), a pixel's channels side by side;
/// in the flat vector they stand as O × C × A.
struct ConvolutionWeights: Sendable {
  /// O × (A·C).
  let storage: Buffer<Float>
  let outputs: Int
  let channels: Int
  let area: Int

  /// Weights not written yet.
  init(outputs: Int, channels: Int, area: Int) {
    (self.outputs, self.channels, self.area) = (outputs, channels, area)
    storage = Buffer(uninitialized: outputs * channels * area)
  }

  /// Weights from the flat vector.
  init(_ flat: Buffer<Float>, offset: Int, outputs: Int, channels: Int, area: Int) {
    self.init(outputs: outputs, channels: channels, area: area)
    let (target, size) = (storage, channels * area)
    Workers.run(over: outputs, grain: max(1, (1 << 15) / size)) { range in
      for o in range {
        let (source, y) = (flat.base + offset + o * size, target.base + o * size)
        for c in 0..<channels {
          for k in 0..<area { y[k * channels + c] = source[c * area + k] }
        }
      }
    }
  }

  /// Adds them to the flat vector.
  func add(to flat: Buffer<Float>, offset: Int) {
    let (source, size) = (storage, channels * area)
    let (channels, area) = (channels, area)
    Workers.run(over: outputs, grain: max(1, (1 << 15) / size)) { range in
      for o in range {
        let (x, target) = (source.base + o * size, flat.base + offset + o * size)
        for c in 0..<channels {
          for k in 0..<area { target[c * area + k] += x[k * channels + c] }
        }
      }
    }
  }

  /// The weights of the convolution that carries gradients back when the stride is 1: windows
  /// turned around, inputs and outputs exchanged; C × (A·O), for one group.
  func turned() -> ConvolutionWeights {
    let result = ConvolutionWeights(outputs: channels, channels: outputs, area: area)
    let (source, target) = (storage, result.storage)
    let (outputs, channels, area) = (outputs, channels, area)
    // A transpose for each place of the window, in squares whose lines stay in the cache.
    let edge = 16
    Workers.run(slices: (channels + edge - 1) / edge) { slice in
      let columns = slice * edge..<min(channels, (slice + 1) * edge)
      for k in 0..<area {
        for top in stride(from: 0, to: outputs, by: edge) {
          let rows = top..<min(outputs, top + edge)
          for c in columns {
            let y = target.base + (c * area + area - 1 - k) * outputs
            let x = source.base + k * channels + c
            for o in rows { y[o] = x[o * area * channels] }
          }
        }
      }
    }
    return result
  }
}
