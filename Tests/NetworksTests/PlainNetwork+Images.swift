import Factors
import Networks
import Tensors

/// Layers over images, B × H × W × C.
extension PlainNetwork {
  /// Every window's pixels inside its image: element of the kernel, place of the pixel.
  private func windows(_ geometry: WindowGeometry) -> [[(element: Int, pixel: Int)]] {
    if let known = knownWindows[geometry] { return known }
    var result: [[(element: Int, pixel: Int)]] = []
    let (height, width) = geometry.kernel
    for top in 0..<geometry.outputHeight {
      for left in 0..<geometry.outputWidth {
        var pixels: [(element: Int, pixel: Int)] = []
        for i in 0..<height {
          for j in 0..<width {
            let row = top * geometry.stride - geometry.padding + i * geometry.dilation
            let column = left * geometry.stride - geometry.padding + j * geometry.dilation
            guard 0..<geometry.input.height ~= row, 0..<geometry.input.width ~= column else {
              continue
            }
            pixels.append((i * width + j, row * geometry.input.width + column))
          }
        }
        result.append(pixels)
      }
    }
    knownWindows[geometry] = result
    return result
  }

  func convolution(_ layer: Convolution2D, _ v: PlainValue) -> PlainValue {
    let (w, b) = (flat(layer.weight), layer.bias.map { flat($0) })
    let (outputs, inner, area) = (layer.weight.shape[0], layer.weight.shape[1], layer.geometry.area)
    let (channels, size) = (layer.geometry.input.channels, layer.geometry.input.count)
    let windows = windows(layer.geometry)
    var y: [Double] = []
    let each = outputs / layer.groups
    // Without the checks of arrays: most of the time goes here.
    w.withUnsafeBufferPointer { w in
      v.x.withUnsafeBufferPointer { x in
        for example in 0..<batch {
          for pixels in windows {
            for o in 0..<outputs {
              var sum = b?[o] ?? 0
              for (element, pixel) in pixels {
                let place = example * size + pixel * channels + o / each * inner
                for c in 0..<inner { sum += w[(o * inner + c) * area + element] * x[place + c] }
              }
              y.append(sum)
            }
          }
        }
      }
    }
    let image = layer.output
    return PlainValue(y, [batch, image.height, image.width, image.channels])
  }

  func patches(_ layer: PatchEmbedding, _ v: PlainValue) -> PlainValue {
    let patches = convolution(layer.projection, v)
    let (token, positions) = (flat(layer.classToken), flat(layer.positions))
    let width = token.count
    let own = patches.x.count / batch
    var y: [Double] = []
    for example in 0..<batch {
      let row = token + patches.x[example * own..<(example + 1) * own]
      y += zip(row, positions).map { $0 + $1 }
    }
    return PlainValue(y, [batch, positions.count / width, width])
  }

  func batchNorm(_ layer: BatchNorm2D, _ v: PlainValue) -> PlainValue {
    let (gamma, beta) = (flat(layer.weight), flat(layer.bias))
    var (means, variances) = (flat(layer.runningMean), flat(layer.runningVariance))
    let (channels, rows) = (v.width, Double(v.rows))
    if draws != nil {
      let (oldMeans, oldVariances, m) = (means, variances, Double(layer.momentum))
      for c in 0..<channels {
        let x = stride(from: c, to: v.x.count, by: channels).map { v.x[$0] }
        means[c] = x.reduce(0, +) / rows
        variances[c] = x.reduce(0) { $0 + ($1 - means[c]) * ($1 - means[c]) } / rows
      }
      remember(layer.runningMean, zip(oldMeans, means).map { (1 - m) * $0 + m * $1 })
      remember(
        layer.runningVariance,
        zip(oldVariances, variances).map { (1 - m) * $0 + m * $1 * rows / (rows - 1) })
    }
    var y = v
    for place in v.x.indices {
      let c = place % channels
      let size = (variances[c] + Double(layer.epsilon)).squareRoot()
      y.x[place] = gamma[c] * (v.x[place] - means[c]) / size + beta[c]
    }
    return y
  }

  func groupNorm(_ layer: GroupNorm, _ v: PlainValue) -> PlainValue {
    let (gamma, beta) = (flat(layer.weight), flat(layer.bias))
    let (channels, size) = (v.width, v.x.count / batch)
    let wide = channels / layer.groups
    var y = v
    for example in 0..<batch {
      for group in 0..<layer.groups {
        let places = (example * size..<(example + 1) * size).filter {
          $0 % channels / wide == group
        }
        let mean = places.reduce(0) { $0 + v.x[$1] } / Double(places.count)
        let variance =
          places.reduce(0) { $0 + (v.x[$1] - mean) * (v.x[$1] - mean) } / Double(places.count)
        for place in places {
          let c = place % channels
          let hat = (v.x[place] - mean) / (variance + Double(layer.epsilon)).squareRoot()
          y.x[place] = gamma[c] * hat + beta[c]
        }
      }
    }
    return y
  }

  func largest(_ layer: MaxPool2D, _ v: PlainValue) -> PlainValue {
    let (channels, size) = (layer.geometry.input.channels, layer.geometry.input.count)
    let windows = windows(layer.geometry)
    let places = chosen {
      (0..<batch).flatMap { example in
        windows.flatMap { pixels in
          (0..<channels).map { c in
            let all = pixels.map { example * size + $0.pixel * channels + c }
            return all.dropFirst().reduce(all[0]) { v.x[$1] > v.x[$0] ? $1 : $0 }
          }
        }
      }
    }
    return PlainValue(
      places.map { v.x[$0] },
      [batch, layer.geometry.outputHeight, layer.geometry.outputWidth, channels])
  }

  func mean(_ layer: AveragePool2D, _ v: PlainValue) -> PlainValue {
    let (channels, size) = (layer.geometry.input.channels, layer.geometry.input.count)
    var y: [Double] = []
    for example in 0..<batch {
      for pixels in windows(layer.geometry) {
        for c in 0..<channels {
          let sum = pixels.reduce(0) { $0 + v.x[example * size + $1.pixel * channels + c] }
          y.append(sum / Double(layer.geometry.area))
        }
      }
    }
    return PlainValue(
      y, [batch, layer.geometry.outputHeight, layer.geometry.outputWidth, channels])
  }
}
