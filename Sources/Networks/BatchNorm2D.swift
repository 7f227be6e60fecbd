// Letters: B batch, P pixels, R = B·P rows, C channels.
import Factors
import Tensors

/// y = γ (x − μ) / √(σ² + ε) + β, channel by channel.
///
/// A training pass takes μ and σ² from its batch and moves the running statistics r towards them:
///
///     r ← (1 − m) r + m s,   s = (μ, κσ²),   κ = R/(R − 1), 1 of a single row
///
/// Any other pass takes the running statistics as constants. Gradients of single examples exist for
/// constants alone: factors recorded in a training pass are an example's terms of the batch's
/// gradient, which they sum to.
/// Adjoints a of the moved statistics, when the pass has them, add ∂⟨a, r⟩/∂x to dx (to rdx where
/// tangents go back): what comes before the layer gets its share of what the statistics will do.
/// - Source: Ioffe and Szegedy 2015; PyTorch's `nn.BatchNorm2d`.
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

  var channels: Int { weight.count }

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
  ///
  /// In evaluation also dμ = −γ/σ Σ dy and dσ² = −½ γ/σ² Σ dy x̂ of the running statistics.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let saved = pass.saved(at: slot)
    let (x, statistics) = (saved[0], saved[1])
    let isSelected = pass.selects([weight, bias])
    let needsSums =
      isSelected && pass.gradient != nil || pass.propagates(slot) && pass.isTraining
      || pass.bufferGradients != nil && !pass.isTraining
    let sums = needsSums ? ChannelSums(dy, x, statistics) : nil
    if isSelected, let sums {
      pass.gradient?.withUnsafeMutablePointer { base in
        sums.add(weight: base + weight.offset, bias: base + bias.offset)
      }
    }
    if isSelected && pass.recorder != nil { record(dy, x, statistics, pass) }
    if let sums, !pass.isTraining { recordBufferGradients(sums, statistics, pass) }
    guard pass.propagates(slot) else { return nil }
    return inputGradient(
      dy, x, statistics, sums, pass, adjoint: statisticsPull(rows: x.rowCount, pass))
  }

  /// dx, with what the adjoints of the statistics add to it.
  func inputGradient(
    _ dy: Tensor, _ x: Tensor, _ statistics: Tensor, _ sums: ChannelSums?, _ pass: Pass,
    adjoint: StatisticsPull? = nil
  ) -> Tensor {
    let theta = pass.parameters.storage.base
    let (mean, scale) = (statistics.storage.base, statistics.storage.base + channels)
    guard let sums, pass.isTraining else {
      return dy.perChannel { c in (scale[c] * theta[weight.offset + c], 0) }
    }
    let rows = Double(x.rowCount)
    // dx = a dy + b x + d, with x̂ written out.
    return dy.perChannel(with: x) { c in
      let slope = Double(scale[c] * theta[weight.offset + c])
      var ofX = -slope * Double(scale[c]) * sums.weight[c] / rows
      var shift = -slope * sums.bias[c] / rows
      if let adjoint {
        ofX += adjoint.ofDeviation[c]
        shift += adjoint.shift[c]
      }
      return (Float(slope), Float(ofX), Float(shift - ofX * Double(mean[c])))
    }
  }

  /// κ = R/(R − 1).
  private func unbiased(rows: Int) -> Double { Double(rows) / max(1, Double(rows) - 1) }

  private func updateBuffers(_ moments: ChannelMoments, _ pass: Pass) {
    let theta = pass.parameters.storage.base
    let unbiased = unbiased(rows: moments.rows)
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

  /// ∂⟨a, r⟩/∂x = m a_μ/R + 2 m κ a_σ² (x − μ)/R for the adjoints a of the moved statistics; nil
  /// without any.
  func statisticsPull(rows: Int, _ pass: Pass) -> StatisticsPull? {
    let ofMean = pass.bufferAdjoints[runningMean.offset]
    let ofVariance = pass.bufferAdjoints[runningVariance.offset]
    guard pass.isTraining, ofMean != nil || ofVariance != nil else { return nil }
    let share = Double(momentum) / Double(max(1, rows))
    func scaled(_ adjoint: Tensor?, by factor: Double) -> [Double] {
      adjoint.map { $0.elements.map { Double($0) * factor } }
        ?? [Double](repeating: 0, count: channels)
    }
    return StatisticsPull(
      shift: scaled(ofMean, by: share),
      ofDeviation: scaled(ofVariance, by: 2 * share * unbiased(rows: rows)))
  }

  /// dμ and dσ² of the running statistics.
  private func recordBufferGradients(_ sums: ChannelSums, _ statistics: Tensor, _ pass: Pass) {
    guard pass.bufferGradients != nil else { return }
    let gamma = pass.parameters.storage.base + weight.offset
    let scale = statistics.storage.base + channels
    func gradient(_ value: (Int) -> Double) -> Tensor {
      Tensor((0..<channels).map { Float(value($0)) }, shape: [channels])
    }
    pass.bufferGradients?[runningMean.offset] = gradient {
      -Double(gamma[$0]) * Double(scale[$0]) * sums.bias[$0]
    }
    pass.bufferGradients?[runningVariance.offset] = gradient {
      -0.5 * Double(gamma[$0]) * Double(scale[$0]) * Double(scale[$0]) * sums.weight[$0]
    }
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
