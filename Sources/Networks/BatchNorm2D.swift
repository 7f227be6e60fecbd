// Letters: B batch, P pixels, R = B·P rows, C channels.
import Factors
import Tensors

/// y = γ (x − μ) / √(σ² + ε) + β, channel by channel.
///
/// A training pass takes μ and σ² from its batch and moves the running statistics towards them; any
/// other pass takes the running statistics as constants. Derivatives along parameters, and gradients
/// of single examples, exist for constants alone; factors recorded in a training pass are an
/// example's terms of the batch's gradient, which they sum to.
/// - Source: Ioffe and Szegedy 2015; PyTorch's `nn.BatchNorm2d`: running statistics by
///   r ← (1 − momentum) r + momentum s, with the batch's unbiased variance.
public struct BatchNorm2D: Layer {
  /// γ, C.
  public let weight: Parameter
  /// β, C.
  public let bias: Parameter
  /// Running mean, C; a buffer.
  public let runningMean: Parameter
  /// Running variance, C; a buffer.
  public let runningVariance: Parameter
  /// ε.
  public let epsilon: Float
  /// What a batch's statistics weigh against the running ones.
  public let momentum: Float
  let slot: Int

  /// γ, β and the two buffers.
  public var parameters: [Parameter] { [weight, bias, runningMean, runningVariance] }

  private var channels: Int { weight.count }

  /// y = γ x̂ + β.
  ///
  /// Saves x and [μ; 1/√(σ² + ε)].
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    precondition(x.rowLength == channels, "\(x.shape) into \(weight.name) of \(channels)")
    let statistics = Tensor(uninitialized: [2, channels])
    let theta = pass.parameters.storage.base
    let (mean, scale) = (statistics.storage.base, statistics.storage.base + channels)
    if pass.isTraining {
      let moments = ChannelMoments(x)
      for c in 0..<channels {
        mean[c] = Float(moments.mean[c])
        scale[c] = 1 / Float(moments.variance[c] + Double(epsilon)).squareRoot()
      }
      updateBuffers(moments, pass)
    } else {
      for c in 0..<channels {
        mean[c] = theta[runningMean.offset + c]
        scale[c] = 1 / (theta[runningVariance.offset + c] + epsilon).squareRoot()
      }
    }
    pass.save([x, statistics], at: slot)
    return x.perChannel { c in
      let slope = scale[c] * theta[weight.offset + c]
      return (slope, theta[bias.offset + c] - mean[c] * slope)
    }
  }

  /// dx = γ/σ (dy − mean dy − x̂ mean(dy x̂)), without the means when μ and σ are constants;
  /// dγ = Σ dy x̂, dβ = Σ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let saved = pass.saved(at: slot)
    let (x, statistics) = (saved[0], saved[1])
    let isSelected = pass.selects([weight, bias])
    let needsSums =
      isSelected && pass.gradient != nil || pass.propagates(slot) && pass.isTraining
    let sums = needsSums ? ChannelSums(dy, x, statistics) : nil
    if isSelected, let sums {
      pass.gradient?.withUnsafeMutablePointer { base in
        sums.add(weight: base + weight.offset, bias: base + bias.offset)
      }
    }
    if isSelected && pass.recorder != nil { record(dy, x, statistics, pass) }
    guard pass.propagates(slot) else { return nil }
    let theta = pass.parameters.storage.base
    let (mean, scale) = (statistics.storage.base, statistics.storage.base + channels)
    guard let sums, pass.isTraining else {
      return dy.perChannel { c in (scale[c] * theta[weight.offset + c], 0) }
    }
    let rows = Double(x.rowCount)
    // dx = a dy + b x + d, with x̂ written out.
    return dy.perChannel(with: x) { c in
      let slope = Double(scale[c] * theta[weight.offset + c])
      let ofX = -slope * Double(scale[c]) * sums.weight[c] / rows
      return (
        Float(slope), Float(ofX), Float(-slope * sums.bias[c] / rows - ofX * Double(mean[c]))
      )
    }
  }

  /// ry = γ/σ rx + v_γ x̂ + v_β, at constant statistics.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let v = pass.tangent else { return nil }
    precondition(!pass.isTraining, "tangents through batch statistics at \(weight.name)")
    let saved = pass.saved(at: slot)
    let (mean, scale) = (saved[1].storage.base, saved[1].storage.base + channels)
    let (theta, direction) = (pass.parameters.storage.base, v.storage.base)
    pass.saveTangents(rx.map { [$0] } ?? [], at: slot)
    var ry = saved[0].perChannel { c in
      let slope = scale[c] * direction[weight.offset + c]
      return (slope, direction[bias.offset + c] - mean[c] * slope)
    }
    if let rx {
      ry.add(
        scaled: rx.perChannel { c in (scale[c] * theta[weight.offset + c], 0) }, by: 1)
    }
    return ry
  }

  /// rdx = γ/σ rdy + v_γ/σ dy; R(dγ) = Σ rdy x̂ + dy rx/σ, R(dβ) = Σ rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let saved = pass.saved(at: slot)
    let (x, statistics) = (saved[0], saved[1])
    let scale = statistics.storage.base + channels
    if pass.gradient != nil {
      let sums = ChannelSums(dy, x, statistics)
      pass.gradient?.withUnsafeMutablePointer { base in
        sums.add(weight: base + weight.offset, bias: base + bias.offset)
      }
    }
    if pass.gradientTangent != nil {
      let ofY = rdy.map { ChannelSums($0, x, statistics) }
      let ofX = pass.savedTangents(at: slot).first.map { rx in
        ChannelSums(dy, rx, statistics.withMeanZero())
      }
      pass.gradientTangent?.withUnsafeMutablePointer { base in
        ofY?.add(weight: base + weight.offset, bias: base + bias.offset)
        ofX?.add(weight: base + weight.offset, bias: nil)
      }
    }
    let theta = pass.parameters.storage.base
    func scaled(_ y: Tensor, by flat: UnsafeMutablePointer<Float>) -> Tensor {
      y.perChannel { c in (scale[c] * flat[weight.offset + c], 0) }
    }
    var rdx = pass.tangent.map { scaled(dy, by: $0.storage.base) }
    if let rdy {
      let through = scaled(rdy, by: theta)
      if rdx == nil { rdx = through } else { rdx?.add(scaled: through, by: 1) }
    }
    return (scaled(dy, by: theta), rdx)
  }

  private func updateBuffers(_ moments: ChannelMoments, _ pass: Pass) {
    let theta = pass.parameters.storage.base
    let rows = Double(moments.rows)
    let unbiased = rows / max(1, rows - 1)
    func moved(_ parameter: Parameter, _ values: [Double], _ factor: Double) -> Tensor {
      Tensor(
        (0..<channels).map {
          let old = theta[parameter.offset + $0]
          return old + momentum * (Float(values[$0] * factor) - old)
        }, shape: [channels])
    }
    pass.bufferUpdates[runningMean.offset] = moved(runningMean, moments.mean, 1)
    pass.bufferUpdates[runningVariance.offset] = moved(
      runningVariance, moments.variance, unbiased)
  }

  /// γ and β as element-wise parameters: an example's own sums over its pixels.
  private func record(_ dy: Tensor, _ x: Tensor, _ statistics: Tensor, _ pass: Pass) {
    let (slopes, shifts) = (
      Tensor(uninitialized: [pass.batch, 1, channels]),
      Tensor(uninitialized: [pass.batch, 1, channels])
    )
    let (d, values, first, second) = (dy.storage, x.storage, slopes.storage, shifts.storage)
    let (channels, size) = (channels, pass.batch == 0 ? 0 : x.count / pass.batch)
    Workers.run(over: pass.batch, grain: max(1, Tensor.elementGrain / max(1, size))) { examples in
      for i in examples {
        ChannelSums.sum(
          d.base + i * size, values.base + i * size, rows: size / channels,
          statistics: statistics.storage.base, channels: channels,
          weight: first.base + i * channels, bias: second.base + i * channels)
      }
    }
    for (parameter, sums) in [(weight, slopes), (bias, shifts)] {
      pass.recorder?.record(
        weight: parameter, bias: nil, OuterProductTerm(left: .dense(sums), right: .one))
    }
  }
}
