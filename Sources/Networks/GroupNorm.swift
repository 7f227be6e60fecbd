// Letters: B batch, P pixels, C channels, G groups of C/G channels, m = P·C/G values of a group.
import Factors
import Tensors

/// y = γ x̂ + β with x̂ = (x − μ) / √(σ² + ε), μ and σ² those of an example's group of channels.
///
/// - Source: Wu and He 2018; PyTorch's `nn.GroupNorm`. The same in training and evaluation.
public struct GroupNorm: Layer {
  /// γ, C.
  public let weight: Parameter
  /// β, C.
  public let bias: Parameter
  /// Groups G of neighbouring channels.
  public let groups: Int
  /// ε.
  public let epsilon: Float
  let slot: Int

  /// γ and β.
  public var parameters: [Parameter] { [weight, bias] }

  private var channels: Int { weight.count }

  /// x̂, and 1/σ of every group, B × G.
  private struct State: SavedState {
    let normalised, inverse: Tensor
    var tensors: [Tensor] { [normalised, inverse] }
  }

  /// rx and rx̂.
  private struct Tangent: SavedState {
    let rx, normalised: Tensor
    var tensors: [Tensor] { [rx, normalised] }
  }

  /// y = γ x̂ + β.
  ///
  /// Saves x̂ and 1/σ of every group.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    precondition(x.rowLength == channels, "\(x.shape) into \(weight.name) of \(channels)")
    let normalised = Tensor(uninitialized: x.shape)
    let inverse = Tensor(uninitialized: [pass.batch, groups])
    let (source, target, scales) = (x.storage, normalised.storage, inverse.storage)
    let (groups, epsilon) = (groups, Double(epsilon))
    forEachGroup(x, pass) { example, group, values in
      let mean = values.sum(source.base, nil) / Double(values.count)
      values.forEach { target.base[$0] = source.base[$0] - Float(mean) }
      let variance = values.sum(target.base, target.base) / Double(values.count)
      let scale = Float(1 / (variance + epsilon).squareRoot())
      values.forEach { target.base[$0] *= scale }
      scales.base[example * groups + group] = scale
    }
    pass.keep(State(normalised: normalised, inverse: inverse), at: slot)
    return affine(normalised, pass.parameters)
  }

  /// dx = (g − mean g − x̂ mean(g x̂)) / σ with g = γ dy; dγ = Σ dy x̂, dβ = Σ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let normalised = pass[slot, as: State.self].normalised
    let isSelected = pass.selects(slot)
    if isSelected { accumulate(dy, normalised, pass, into: &pass.gradient) }
    if isSelected && pass.recorder != nil {
      let (slopes, shifts) = exampleSums(dy, normalised, pass)
      for (parameter, sums) in [(weight, slopes), (bias, shifts)] {
        pass.recorder?.record(
          weight: parameter, bias: nil,
          OuterProductTerm(
            left: .dense(sums.reshaped([pass.batch, 1, channels])), right: .one))
      }
    }
    return pass.propagates(slot) ? centred(scaled(dy, pass.parameters), pass) : nil
  }

  /// ry = γ rx̂ + v_γ x̂ + v_β with rx̂ = (rx − mean rx − x̂ mean(rx x̂)) / σ.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let v = pass.tangent, pass.reaches(slot) else { return nil }
    var ry = affine(pass[slot, as: State.self].normalised, v)
    guard let rx else {
      pass.keepTangent(nil, at: slot)
      return ry
    }
    let moved = centred(rx, pass)
    pass.keepTangent(Tangent(rx: rx, normalised: moved), at: slot)
    ry.add(scaled: scaled(moved, pass.parameters), by: 1)
    return ry
  }

  /// rdx = (rg − mean rg − rx̂ mean(g x̂) − x̂ mean(rg x̂ + g rx̂)) / σ − dx mean(x̂ rx) / σ;
  /// R(dγ) = Σ rdy x̂ + dy rx̂, R(dβ) = Σ rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let state = pass[slot, as: State.self]
    let (normalised, inverse) = (state.normalised, state.inverse)
    accumulate(dy, normalised, pass, into: &pass.gradient)
    if let rdy { accumulate(rdy, normalised, pass, into: &pass.gradientTangent) }
    let g = scaled(dy, pass.parameters)
    let dx = centred(g, pass)
    var rg = pass.tangent.map { scaled(dy, $0) }
    if let rdy {
      let through = scaled(rdy, pass.parameters)
      if rg == nil { rg = through } else { rg?.add(scaled: through, by: 1) }
    }
    var rdx = rg.map { centred($0, pass) }
    guard let tangent = pass.tangent(at: slot, as: Tangent.self) else { return (dx, rdx) }
    let (rx, moved) = (tangent.rx, tangent.normalised)
    let (slopes, _) = exampleSums(dy, moved, pass)
    slopes.addColumnSums(to: &pass.gradientTangent, at: weight.offset)
    let bend = Tensor(uninitialized: dy.shape)
    let (target, hat, hatTangent, scales) = (
      bend.storage, normalised.storage, moved.storage, inverse.storage
    )
    let (gradient, direction, back, groups) = (g.storage, rx.storage, dx.storage, groups)
    forEachGroup(dy, pass) { example, group, values in
      let scale = scales.base[example * groups + group]
      let m = Double(values.count)
      let along = Float(values.sum(gradient.base, hat.base) / m) * scale
      let across = Float(values.sum(gradient.base, hatTangent.base) / m) * scale
      let stretch = Float(values.sum(hat.base, direction.base) / m) * scale
      values.forEach {
        target.base[$0] =
          -hatTangent.base[$0] * along - hat.base[$0] * across - back.base[$0] * stretch
      }
    }
    if rdx == nil { rdx = bend } else { rdx?.add(scaled: bend, by: 1) }
    return (dx, rdx)
  }

  /// (g − mean g − x̂ mean(g x̂)) / σ: the derivative of x̂ along g, which is its own transpose.
  private func centred(_ g: Tensor, _ pass: Pass) -> Tensor {
    let state = pass[slot, as: State.self]
    let result = Tensor(uninitialized: g.shape)
    let (source, target) = (g.storage, result.storage)
    let (hat, scales, groups) = (state.normalised.storage, state.inverse.storage, groups)
    forEachGroup(g, pass) { example, group, values in
      let scale = scales.base[example * groups + group]
      let mean = Float(values.sum(source.base, nil) / Double(values.count))
      let slope = Float(values.sum(source.base, hat.base) / Double(values.count))
      values.forEach {
        target.base[$0] = (source.base[$0] - mean - hat.base[$0] * slope) * scale
      }
    }
    return result
  }

  private func affine(_ x: Tensor, _ flat: Tensor) -> Tensor {
    let theta = flat.storage.base
    return x.perChannel { c in (theta[weight.offset + c], theta[bias.offset + c]) }
  }

  private func scaled(_ x: Tensor, _ flat: Tensor) -> Tensor {
    let theta = flat.storage.base
    return x.perChannel { c in (theta[weight.offset + c], 0) }
  }

  private func accumulate(
    _ dy: Tensor, _ normalised: Tensor, _ pass: Pass, into flat: inout Tensor?
  ) {
    guard flat != nil else { return }
    let (slopes, shifts) = exampleSums(dy, normalised, pass)
    slopes.addColumnSums(to: &flat, at: weight.offset)
    shifts.addColumnSums(to: &flat, at: bias.offset)
  }

  /// Every example's Σ dy x̂ and Σ dy over its pixels, B × C each.
  private func exampleSums(
    _ dy: Tensor, _ normalised: Tensor, _ pass: Pass
  ) -> (slopes: Tensor, shifts: Tensor) {
    let slopes = Tensor(repeating: 0, shape: [pass.batch, channels])
    let shifts = Tensor(repeating: 0, shape: [pass.batch, channels])
    let (d, hat, first, second) = (
      dy.storage, normalised.storage, slopes.storage, shifts.storage
    )
    let (channels, pixels) = (channels, dy.positionsOfExample)
    Workers.run(over: pass.batch, grain: grain(pixels)) { examples in
      for row in examples.lowerBound * pixels..<examples.upperBound * pixels {
        let (a, b) = (d.base + row * channels, hat.base + row * channels)
        let (slope, shift) = (
          first.base + row / pixels * channels, second.base + row / pixels * channels
        )
        for c in 0..<channels {
          slope[c] += a[c] * b[c]
          shift[c] += a[c]
        }
      }
    }
    return (slopes, shifts)
  }

  private func grain(_ pixels: Int) -> Int { max(1, Tensor.elementGrain / (pixels * channels)) }

  /// The places of one example's group in B × P × C.
  private struct Values {
    let start: Int
    let pixels: Int
    let width: Int
    let stride: Int

    var count: Int { pixels * width }

    func forEach(_ body: (Int) -> Void) {
      for pixel in 0..<pixels {
        let first = start + pixel * stride
        for place in first..<first + width { body(place) }
      }
    }

    /// Σ a, or Σ a b: fp32 over a pixel's channels, fp64 over pixels.
    func sum(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>?) -> Double {
      var total = 0.0
      for pixel in 0..<pixels {
        var line: Float = 0
        let first = start + pixel * stride
        for place in first..<first + width { line += a[place] * (b?[place] ?? 1) }
        total += Double(line)
      }
      return total
    }
  }

  private func forEachGroup(
    _ x: Tensor, _ pass: Pass, _ body: @Sendable (Int, Int, Values) -> Void
  ) {
    let (pixels, channels, groups) = (x.positionsOfExample, channels, groups)
    Workers.run(over: pass.batch, grain: grain(pixels)) { examples in
      for example in examples {
        for group in 0..<groups {
          body(
            example, group,
            Values(
              start: example * pixels * channels + group * channels / groups, pixels: pixels,
              width: channels / groups, stride: channels))
        }
      }
    }
  }
}
