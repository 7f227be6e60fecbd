// Letters: R rows (pixels of a batch), C channels.
import Tensors

/// Mean and variance of every channel over all rows.
///
/// - Precision: fp32 within slices of `sliceRows` rows, about each slice's own mean; joined in fp64
///   in the order of the slices (Chan, Golub and LeVeque 1979): same bits for any thread count.
struct ChannelMoments {
  let rows: Int
  /// C means.
  let mean: [Double]
  /// C variances, Σ (x − mean)² / R.
  let variance: [Double]

  /// Rows a worker takes at a time.
  static let sliceRows = 512

  init(_ x: Tensor) {
    let (channels, rows) = (x.rowLength, x.rowCount)
    let slices = (rows + Self.sliceRows - 1) / Self.sliceRows
    let partial = Buffer<Float>(uninitialized: 2 * slices * channels)
    let source = x.storage
    Workers.run(over: rows, grain: Self.sliceRows) { range in
      let means = partial.base + range.lowerBound / Self.sliceRows * 2 * channels
      let squares = means + channels
      let start = source.base + range.lowerBound * channels
      VectorMath.columnSums(start, rows: range.count, columns: channels, into: means)
      VectorMath.scale(1 / Float(range.count), means, count: channels)
      squares.update(repeating: 0, count: channels)
      for row in 0..<range.count {
        let x = start + row * channels
        for c in 0..<channels {
          let difference = x[c] - means[c]
          squares[c] += difference * difference
        }
      }
    }
    var mean = [Double](repeating: 0, count: channels)
    var squares = mean
    var seen = 0.0
    for slice in 0..<slices {
      let count = Double(min(rows, (slice + 1) * Self.sliceRows) - slice * Self.sliceRows)
      let part = partial.base + slice * 2 * channels
      for c in 0..<channels {
        let step = Double(part[c]) - mean[c]
        mean[c] += step * count / (seen + count)
        squares[c] += Double(part[channels + c]) + step * step * seen * count / (seen + count)
      }
      seen += count
    }
    self.rows = rows
    self.mean = mean
    variance = squares.map { $0 / max(1, seen) }
  }
}

/// Σ dy x̂ and Σ dy of every channel over all rows, with x̂ = (x − μ) / σ.
///
/// - Precision: fp32 within slices of rows, joined in fp64 in order: same bits for any thread count.
struct ChannelSums {
  /// Σ dy x̂.
  let weight: [Double]
  /// Σ dy.
  let bias: [Double]

  /// Sums with `statistics` [μ; 1/σ], 2 × C.
  init(_ dy: Tensor, _ x: Tensor, _ statistics: Tensor) {
    let (channels, rows) = (x.rowLength, x.rowCount)
    let slice = ChannelMoments.sliceRows
    let slices = (rows + slice - 1) / slice
    let partial = Buffer<Float>(uninitialized: 2 * slices * channels)
    let (d, source, values) = (dy.storage, x.storage, statistics.storage)
    Workers.run(over: rows, grain: slice) { range in
      let target = partial.base + range.lowerBound / slice * 2 * channels
      Self.sum(
        d.base + range.lowerBound * channels, source.base + range.lowerBound * channels,
        rows: range.count, statistics: values.base, channels: channels, weight: target,
        bias: target + channels)
    }
    func total(_ offset: Int) -> [Double] {
      var sums = [Double](repeating: 0, count: channels)
      for s in 0..<slices {
        let part = partial.base + (2 * s + offset) * channels
        for c in 0..<channels { sums[c] += Double(part[c]) }
      }
      return sums
    }
    weight = total(0)
    bias = total(1)
  }

  /// The sums of a few rows, on the calling thread.
  static func sum(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int,
    statistics: UnsafePointer<Float>, channels: Int, weight: UnsafeMutablePointer<Float>,
    bias: UnsafeMutablePointer<Float>
  ) {
    let scale = statistics + channels
    weight.update(repeating: 0, count: channels)
    bias.update(repeating: 0, count: channels)
    for row in 0..<rows {
      let (d, v) = (dy + row * channels, x + row * channels)
      for c in 0..<channels {
        weight[c] += d[c] * (v[c] - statistics[c])
        bias[c] += d[c]
      }
    }
    for c in 0..<channels { weight[c] *= scale[c] }
  }

  /// Adds them to γ's and β's gradients.
  func add(weight target: UnsafeMutablePointer<Float>, bias other: UnsafeMutablePointer<Float>?) {
    for c in weight.indices {
      target[c] += Float(weight[c])
      other?[c] += Float(bias[c])
    }
  }
}

extension Tensor {
  /// Statistics [0; 1/σ] in place of [μ; 1/σ].
  func withMeanZero() -> Tensor {
    let copy = Tensor(elements, shape: shape)
    copy.storage.base.update(repeating: 0, count: rowLength)
    return copy
  }

  /// y = a_c x + d_c, with (a, d) by channel, the last dimension.
  func perChannel(_ line: (Int) -> (slope: Float, shift: Float)) -> Tensor {
    perChannel(with: nil) { c in
      let (slope, shift) = line(c)
      return (slope, 0, shift)
    }
  }

  /// y = a_c x + b_c z + d_c, with (a, b, d) by channel, the last dimension.
  func perChannel(
    with other: Tensor?, _ line: (Int) -> (slope: Float, ofOther: Float, shift: Float)
  ) -> Tensor {
    let channels = rowLength
    let table = Buffer<Float>(uninitialized: 3 * channels)
    for c in 0..<channels {
      let (a, b, d) = line(c)
      (table.base[c], table.base[channels + c], table.base[2 * channels + c]) = (a, b, d)
    }
    let result = Tensor(uninitialized: shape)
    let (source, target) = (storage, result.storage)
    let second = other?.storage
    Workers.run(over: rowCount, grain: max(1, Tensor.elementGrain / max(1, channels))) { rows in
      let (a, b, d) = (table.base, table.base + channels, table.base + 2 * channels)
      for row in rows {
        let (x, y) = (source.base + row * channels, target.base + row * channels)
        if let second {
          let z = second.base + row * channels
          for c in 0..<channels { y[c] = a[c] * x[c] + b[c] * z[c] + d[c] }
        } else {
          for c in 0..<channels { y[c] = a[c] * x[c] + d[c] }
        }
      }
    }
    return result
  }
}
