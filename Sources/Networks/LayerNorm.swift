// Letters: R rows, W width, G parts of a row; x̂ the normalised x, γ scale, β shift, s = 1/√(variance + ε).
import Factors
import Tensors

/// Each position brought to unit size, then scaled and shifted per feature.
///
///     y = γ ∘ x̂ + β,   x̂ = s (x − mean x),   s = 1/√(mean (x − mean x)² + ε)
///
/// The root-mean-square form leaves out the mean and the shift. A row may have G parts side by side,
/// each normalised alone with the same γ: the heads of queries or keys. γ is a parameter, or 1 more
/// than one (Gemma).
///
/// - Source: Ba et al. 2016 (arXiv:1607.06450); Zhang & Sennrich 2019 (arXiv:1910.07467).
package struct LayerNorm: Layer {
  /// Which form.
  package enum Kind: String, Sendable {
    /// Mean and variance, with a shift.
    case layer
    /// The root mean square alone.
    case rootMeanSquare
  }

  /// The form.
  package let kind: Kind
  /// γ, W.
  package let scale: Parameter
  /// β, W; nil without a shift.
  package let shift: Parameter?
  /// ε, added to the variance.
  package let epsilon: Float
  /// Parts G of a row, each W wide.
  package var parts = 1
  /// What is added to the parameter to make γ: 0, or 1.
  package var offset: Float = 0
  let slot: Int

  /// The scale and the shift.
  package var parameters: [Parameter] { [scale] + (shift.map { [$0] } ?? []) }

  private var width: Int { scale.count }

  /// x̂, and s of each row.
  private struct State: SavedState {
    let normalised, sizes: Tensor
    var tensors: [Tensor] { [normalised, sizes] }
  }

  /// rx̂, and R(s) of each row.
  private struct Tangent: SavedState {
    let normalised, sizes: Tensor
    var tensors: [Tensor] { [normalised, sizes] }
  }

  /// y = γ ∘ x̂ + β; saves x̂ and s.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    precondition(x.rowLength == parts * width, "\(x.shape) into \(scale.name) \(scale.shape)")
    let (y, sizes) = (Tensor(uninitialized: x.shape), Tensor(uninitialized: [rows(of: x)]))
    // Nobody reads x̂ in a pass for outputs alone: y takes its place.
    let normalised = pass.keeps(slot) ? Tensor(uninitialized: x.shape) : y
    let (source, hat, s, target) = (x.storage, normalised.storage, sizes.storage, y.storage)
    let weights = Weights(self, pass.parameters)
    forEachRow(x) { row, start in
      let (x, h, y) = (source.base + start, hat.base + start, target.base + start)
      let mean = kind == .layer ? VectorMath.sum(x, count: width) / Float(width) : 0
      for k in 0..<width { h[k] = x[k] - mean }
      let variance = VectorMath.squaredNorm(h, count: width) / Float(width)
      let inverse = 1 / (variance + epsilon).squareRoot()
      s.base[row] = inverse
      for k in 0..<width { h[k] *= inverse }
      weights.apply(h, into: y, count: width)
    }
    pass.keep(State(normalised: normalised, sizes: sizes), at: slot)
    return y
  }

  /// dx = s P(γ ∘ dy) with P(u) = u − mean u − x̂ mean(x̂ ∘ u); dγ = Σ x̂ ∘ dy, dβ = Σ dy.
  ///
  /// By relevance P(u) = u − mean u.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let state = pass[slot, as: State.self]
    if pass.selects(slot) {
      accumulate(dy, state.normalised, into: &pass.gradient)
      if pass.recorder != nil {
        let shape = [pass.batch, dy.positionsOfExample, width]
        func record(_ parameter: Parameter, _ values: Tensor) {
          pass.recorder?.record(
            elementwise: parameter, .dense(summedOverParts(values).reshaped(shape)))
        }
        record(scale, dy * state.normalised)
        if let shift { record(shift, dy) }
      }
    }
    guard pass.propagates(slot) else { return nil }
    return pass.backwardRule == .relevance
      ? scaled(dy, state, pass.parameters) : projected(dy, state, pass.parameters).dx
  }

  /// ry = γ ∘ rx̂ + v_γ ∘ x̂ + v_β with rx̂ = s P(rx).
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    pass.keepTangent(nil, at: slot)
    guard pass.tangent != nil || rx != nil, pass.reaches(slot) else { return nil }
    let state = pass[slot, as: State.self]
    let ry = Tensor(repeating: 0, shape: state.normalised.shape)
    let (hat, s, target) = (state.normalised.storage, state.sizes.storage, ry.storage)
    if let tangent = pass.tangent {
      let direction = Weights(self, tangent, isDirection: true)
      forEachRow(ry) { _, start in
        direction.apply(hat.base + start, into: target.base + start, count: width)
      }
    }
    guard let rx else { return ry }
    let hatTangent = Tensor(uninitialized: rx.shape)
    let turns = Tensor(uninitialized: [rows(of: rx)])
    let (source, moved, rs) = (rx.storage, hatTangent.storage, turns.storage)
    let weights = Weights(self, pass.parameters)
    forEachRow(rx) { row, start in
      let (h, r, y) = (hat.base + start, moved.base + start, target.base + start)
      let (inverse, x) = (s.base[row], source.base + start)
      let along = project(x, h, into: r, by: inverse)
      // R(s) = −s² mean(x̂ ∘ rx).
      rs.base[row] = -inverse * inverse * along
      for k in 0..<width { y[k] += weights.scale[k] * r[k] }
    }
    pass.keepTangent(Tangent(normalised: hatTangent, sizes: turns), at: slot)
    return ry
  }

  /// rdx = R(s) P(u) + s (P(ru) − rx̂ mean(x̂ ∘ u) − x̂ mean(rx̂ ∘ u)), u = γ ∘ dy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let state = pass[slot, as: State.self]
    let moved = pass.tangent(at: slot, as: Tangent.self)
    accumulate(dy, state.normalised, into: &pass.gradient)
    if let rdy { accumulate(rdy, state.normalised, into: &pass.gradientTangent) }
    if let moved { accumulateScale(dy, moved.normalised, into: &pass.gradientTangent) }
    let (dx, inner) = projected(dy, state, pass.parameters)
    // ru = γ ∘ rdy + v_γ ∘ dy, projected.
    var rdx = pass.tangent.map { projected(dy, state, $0, isDirection: true).dx }
    if let rdy {
      let through = projected(rdy, state, pass.parameters).dx
      if rdx == nil { rdx = through } else { rdx?.add(scaled: through, by: 1) }
    }
    guard let moved else { return (dx, rdx) }
    let bent = rdx ?? Tensor(repeating: 0, shape: dy.shape)
    let (hat, s, g) = (state.normalised.storage, state.sizes.storage, dy.storage)
    let (hatTangent, rs) = (moved.normalised.storage, moved.sizes.storage)
    let (through, along, target) = (dx.storage, inner.storage, bent.storage)
    let weights = Weights(self, pass.parameters)
    forEachRow(dy) { row, start in
      let (h, r, d) = (hat.base + start, hatTangent.base + start, g.base + start)
      let (inverse, p, out) = (s.base[row], through.base + start, target.base + start)
      var turned: Float = 0
      for k in 0..<width { turned += r[k] * weights.scale[k] * d[k] }
      turned /= Float(width)
      let (a, b) = (rs.base[row] / inverse, inverse * along.base[row])
      for k in 0..<width { out[k] += a * p[k] - b * r[k] - inverse * turned * h[k] }
    }
    return (dx, bent)
  }

  /// r = s P(u) of one row.
  ///
  /// - Returns: mean(x̂ ∘ u).
  private func project(
    _ u: UnsafePointer<Float>, _ h: UnsafePointer<Float>, into r: UnsafeMutablePointer<Float>,
    by inverse: Float
  ) -> Float {
    let mean = kind == .layer ? VectorMath.sum(u, count: width) / Float(width) : 0
    let along = VectorMath.dot(u, h, count: width) / Float(width)
    for k in 0..<width { r[k] = inverse * (u[k] - mean - along * h[k]) }
    return along
  }

  /// s P(γ ∘ dy) with γ from a flat vector, and mean(x̂ ∘ γ ∘ dy) of each row.
  private func projected(
    _ dy: Tensor, _ state: State, _ flat: Tensor, isDirection: Bool = false
  ) -> (dx: Tensor, along: Tensor) {
    let (dx, along) = (Tensor(uninitialized: dy.shape), Tensor(uninitialized: [rows(of: dy)]))
    let (source, hat, s) = (dy.storage, state.normalised.storage, state.sizes.storage)
    let (target, inner) = (dx.storage, along.storage)
    let weights = Weights(self, flat, isDirection: isDirection)
    forEachRow(dy) { row, start in
      let (d, out) = (source.base + start, target.base + start)
      for k in 0..<width { out[k] = weights.scale[k] * d[k] }
      inner.base[row] = project(out, hat.base + start, into: out, by: s.base[row])
    }
    return (dx, along)
  }

  /// s (u − mean u) with u = γ ∘ dy: s is a constant.
  private func scaled(_ dy: Tensor, _ state: State, _ flat: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: dy.shape)
    let (source, s, target) = (dy.storage, state.sizes.storage, dx.storage)
    let weights = Weights(self, flat)
    forEachRow(dy) { row, start in
      let (d, out, inverse) = (source.base + start, target.base + start, s.base[row])
      for k in 0..<width { out[k] = weights.scale[k] * d[k] }
      let mean = kind == .layer ? VectorMath.sum(out, count: width) / Float(width) : 0
      for k in 0..<width { out[k] = inverse * (out[k] - mean) }
    }
    return dx
  }

  private func accumulate(_ dy: Tensor, _ hat: Tensor, into flat: inout Tensor?) {
    accumulateScale(dy, hat, into: &flat)
    if let shift { columns(dy).addColumnSums(to: &flat, at: shift.offset) }
  }

  private func accumulateScale(_ dy: Tensor, _ hat: Tensor, into flat: inout Tensor?) {
    if flat != nil { columns(dy * hat).addColumnSums(to: &flat, at: scale.offset) }
  }

  /// Rows of W in a tensor.
  private func rows(of x: Tensor) -> Int { x.rowCount * parts }

  /// One part a row.
  private func columns(_ x: Tensor) -> Tensor { x.reshaped([rows(of: x), width]) }

  /// R × W from R × GW.
  private func summedOverParts(_ x: Tensor) -> Tensor {
    if parts == 1 { return x }
    let y = Tensor(repeating: 0, shape: [x.rowCount, width])
    for row in 0..<rows(of: x) {
      VectorMath.axpy(
        1, x.storage.base + row * width, onto: y.storage.base + row / parts * width, count: width)
    }
    return y
  }

  private func forEachRow(_ x: Tensor, _ body: @Sendable (Int, Int) -> Void) {
    Workers.run(over: rows(of: x), grain: max(1, Tensor.elementGrain / max(1, width))) { rows in
      for row in rows { body(row, row * width) }
    }
  }

  /// γ and β inside a flat vector, or γ made from it.
  private struct Weights: @unchecked Sendable {
    let storage: Buffer<Float>
    var made: Buffer<Float>?
    let scale: UnsafePointer<Float>
    let shift: UnsafePointer<Float>?

    /// - Parameter isDirection: whether `flat` is a change of parameters.
    init(_ layer: LayerNorm, _ flat: Tensor, isDirection: Bool = false) {
      let own = flat.storage.base + layer.scale.offset
      if layer.offset == 0 || isDirection {
        (storage, scale) = (flat.storage, UnsafePointer(own))
      } else {
        made = Buffer(uninitialized: layer.width)
        for k in 0..<layer.width { made?.base[k] = own[k] + layer.offset }
        (storage, scale) = (flat.storage, UnsafePointer(made?.base ?? own))
      }
      shift = layer.shift.map { UnsafePointer(flat.storage.base + $0.offset) }
    }

    /// y = γ ∘ h + β.
    func apply(
      _ h: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
      if let shift {
        for k in 0..<count { y[k] = scale[k] * h[k] + shift[k] }
      } else {
        for k in 0..<count { y[k] = scale[k] * h[k] }
      }
    }
  }
}
