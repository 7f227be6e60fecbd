// Letters: R rows (pixels of a batch), C channels; x̂ = (x − μ)/σ, rx̂ its tangent.
import Tensors

/// How a batch's statistics move along rx: M = mean rx and A = mean(x̂ ∘ rx) of every channel.
struct ChannelMotion {
  /// M, C; zeros of constant statistics.
  let drift: [Double]
  /// A, C; zeros of constant statistics.
  let along: [Double]

  /// The motion along rx; nil: none.
  init(_ rx: Tensor?, _ x: Tensor, _ statistics: Tensor, isConstant: Bool) {
    guard let rx, !isConstant else {
      drift = [Double](repeating: 0, count: x.rowLength)
      along = drift
      return
    }
    let sums = ChannelSums(rx, x, statistics)
    let rows = Double(max(1, x.rowCount))
    drift = sums.bias.map { $0 / rows }
    along = sums.weight.map { $0 / rows }
  }

  /// What was kept as a tensor; zeros of none.
  init(saved: Tensor?, channels: Int) {
    let values = saved?.elements.map { Double($0) } ?? [Double](repeating: 0, count: 2 * channels)
    (drift, along) = (Array(values[..<channels]), Array(values[channels...]))
  }

  /// [M; A], 2 × C.
  var tensor: Tensor { Tensor((drift + along).map { Float($0) }, shape: [2, drift.count]) }
}

/// The sums over all rows that a gradient's tangent is made of.
struct GradientMotion {
  /// Σ dy x̂ and Σ dy.
  let ofDy: ChannelSums
  /// Σ rdy x̂ and Σ rdy; nil: zero.
  let ofRdy: ChannelSums?
  /// Σ dy rx̂ = s (Σ dy rx − M Σ dy − A Σ dy x̂), C.
  let ofMovedHat: [Double]

  init(
    _ dy: Tensor, _ rdy: Tensor?, _ x: Tensor, rx: Tensor?, _ statistics: Tensor,
    _ motion: ChannelMotion, isConstant: Bool
  ) {
    let sums = ChannelSums(dy, x, statistics)
    ofDy = sums
    ofRdy = rdy.map { ChannelSums($0, x, statistics) }
    let scale = statistics.storage.base + x.rowLength
    let products = rx.map { ChannelSums(dy, $0, statistics.withMeanZero()).weight }
    ofMovedHat = (0..<x.rowLength).map { c in
      let means = motion.drift[c] * sums.bias[c] + motion.along[c] * sums.weight[c]
      return (products?[c] ?? 0) - Double(scale[c]) * means
    }
  }
}

/// y = Σ of tensors, each times a factor of its channel, plus a shift of the channel.
struct ChannelLines {
  var ofX: [Double]
  var ofMoved: [Double]
  var ofDy: [Double]
  var ofRdy: [Double]
  var shift: [Double]

  /// Zeros.
  init(channels: Int) {
    shift = [Double](repeating: 0, count: channels)
    (ofX, ofMoved, ofDy, ofRdy) = (shift, shift, shift, shift)
  }

  /// Adds `ofHat` x̂ with x̂ = s (x − mean) written out.
  mutating func add(ofHat: Double, s: Double, mean: Double, at c: Int) {
    ofX[c] += ofHat * s
    shift[c] -= ofHat * s * mean
  }

  /// The sum; nil tensors are zero.
  func sum(x: Tensor, moved: Tensor?, dy: Tensor?, rdy: Tensor?) -> Tensor {
    let all: [(Tensor?, [Double])] = [(x, ofX), (moved, ofMoved), (dy, ofDy), (rdy, ofRdy)]
    let terms = all.compactMap { tensor, slopes in
      tensor.map { (storage: $0.storage, slopes: slopes.map { Float($0) }) }
    }
    let shift = shift.map { Float($0) }
    let result = Tensor(uninitialized: x.shape)
    let (target, channels) = (result.storage, shift.count)
    Workers.run(over: x.rowCount, grain: max(1, Tensor.elementGrain / max(1, channels))) { rows in
      for row in rows {
        let y = target.base + row * channels
        for c in 0..<channels { y[c] = shift[c] }
        for term in terms {
          let source = term.storage.base + row * channels
          for c in 0..<channels { y[c] += term.slopes[c] * source[c] }
        }
      }
    }
    return result
  }
}
