// Letters: B batch, T positions, R = B·T rows, I inputs, O outputs.
import Factors
import LinearAlgebra
import Tensors

/// y = x Wᵀ + b over the last dimension, at every position.
///
/// - Source: PyTorch's `nn.Linear`, weight O × I; transposed, GPT-2's `Conv1D`, weight I × O.
package struct Linear: Layer {
  /// The weight, O × I, or I × O when transposed.
  package let weight: Parameter
  /// The bias, O.
  package let bias: Parameter?
  /// Whether the weight is stored I × O.
  package let isTransposed: Bool
  let slot: Int

  /// The weight and the bias.
  package var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// Outputs a worker takes at a time; a multiple of what a kernel holds in registers.
  ///
  /// Fewer outputs than 128 are shared by workers only where there is work for two: what a row of
  /// outputs costs is in microseconds. Bits do not depend on it.
  private func outputGrain(rows: Int) -> Int {
    rows * inputs > 1 << 16 ? max(16, min(64, outputs / 32 * 16)) : 64
  }

  var outputs: Int { weight.shape[isTransposed ? 1 : 0] }
  var inputs: Int { weight.shape[isTransposed ? 0 : 1] }

  /// x as it is multiplied, and which rows of the activations these are; nil: all.
  private struct State: SavedState {
    let x: Tensor
    let rows: TokenRows?
    var tensors: [Tensor] { [x] }
  }

  /// y = x Wᵀ + b, 0 at padding that is left out (`TokenRows`).
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let rows = TokenRows(of: x, pass)
    let x = rows.packed(x)
    pass.keep(State(x: x, rows: rows), at: slot)
    return rows.padded(affine(x, pass.parameters))
  }

  /// dx = dy W, dW = dyᵀ x, db = Σ dy.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let (x, rows) = (pass[slot, as: State.self].x, pass[slot, as: State.self].rows)
    let d = rows.packed(dy)
    if pass.selects(slot) {
      accumulate(d, x, into: &pass.gradient)
      if pass.recorder != nil { record(dy, rows.padded(x), pass) }
    }
    return pass.propagates(slot) ? rows.padded(times(d, pass.parameters)) : nil
  }

  /// Left sides are the rows of the weight as it is stored.
  private func record(_ dy: Tensor, _ x: Tensor, _ pass: Pass) {
    let positions = x.positionsOfExample
    let a = x.reshaped([pass.batch, positions, inputs])
    let d = dy.reshaped([pass.batch, positions, outputs])
    if isTransposed {
      pass.recorder?.record(
        weight: weight, bias: nil, OuterProductTerm(left: .dense(a), right: .dense(d)))
      if let bias { pass.recorder?.record(elementwise: bias, .dense(d)) }
      return
    }
    pass.recorder?.record(
      weight: weight, bias: bias,
      OuterProductTerm(left: .dense(d), right: bias == nil ? .dense(a) : .denseWithOne(a)))
  }

  /// ry = rx Wᵀ + x Vᵀ + v_b.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    let state = pass.state(at: slot, as: State.self)
    let rows = rx.map { TokenRows(of: $0, pass) } ?? state?.rows
    let moved = rx.map { rows.packed($0) }
    pass.keepTangent(moved, at: slot)
    var own: Tensor?
    if let tangent = pass.tangent, pass.selects(slot) {
      own = affine(pass[slot, as: State.self].x, tangent)
    }
    guard let moved else { return own.map { rows.padded($0) } }
    let ry = own ?? Tensor(uninitialized: moved.shape.dropLast() + [outputs])
    gemm(
      MatrixView(moved), view(of: pass.parameters).transposed, into: MatrixView(ry), alpha: 1,
      beta: own == nil ? 0 : 1)
    return rows.padded(ry)
  }

  /// rdx = rdy W + dy V, R(dW) = rdyᵀ x + dyᵀ rx.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let rows = TokenRows(of: dy, pass)
    let (d, rd) = (rows.packed(dy), rdy.map { rows.packed($0) })
    var rdx: Tensor?
    if pass.selects(slot) {
      let x = pass[slot, as: State.self].x
      accumulate(d, x, into: &pass.gradient)
      if let rd { accumulate(rd, x, into: &pass.gradientTangent) }
      if let rx = pass.tangent(at: slot, as: Tensor.self) {
        accumulateWeight(d, rx, into: &pass.gradientTangent)
      }
      if let tangent = pass.tangent, pass.propagates(slot) { rdx = times(d, tangent) }
    }
    guard pass.propagates(slot) else { return (nil, nil) }
    if let rd {
      let through = times(rd, pass.parameters)
      if rdx == nil { rdx = through } else { rdx?.add(scaled: through, by: 1) }
    }
    return (rows.padded(times(d, pass.parameters)), rdx.map { rows.padded($0) })
  }

  /// The weight's place in a flat vector as O × I.
  private func view(of flat: Tensor) -> MatrixView<Float> { view(flat.storage) }

  private func view(_ storage: Buffer<Float>) -> MatrixView<Float> {
    let stored = MatrixView(
      storage: storage, offset: weight.offset, rows: weight.shape[0], columns: weight.shape[1],
      stride: weight.shape[1])
    return isTransposed ? stored.transposed : stored
  }

  private func suitsKernels(rows: Int) -> Bool {
    !isTransposed && VectorMath.layerKernelsSuit(rows: rows, inputs: inputs, outputs: outputs)
  }

  private func affine(_ x: Tensor, _ flat: Tensor) -> Tensor {
    precondition(x.rowLength == inputs, "\(x.shape) into \(weight.name) \(weight.shape)")
    let y = Tensor(uninitialized: x.shape.dropLast() + [outputs])
    let suitsKernels = suitsKernels(rows: y.rowCount)
    if let bias {
      let (source, target, width) = (flat.storage, y.storage, outputs)
      Workers.run(over: y.rowCount, grain: max(1, Tensor.elementGrain / max(1, width))) { rows in
        for row in rows {
          (target.base + row * width).update(from: source.base + bias.offset, count: width)
        }
      }
    } else if suitsKernels {
      y.storage.base.update(repeating: 0, count: y.count)
    }
    if suitsKernels {
      let (source, w, target) = (x.storage, flat.storage, y.storage)
      Workers.run(over: outputs, grain: outputGrain(rows: y.rowCount)) { range in
        VectorMath.addLayerForward(
          source.base, rows: y.rowCount,
          weight: w.base + (weight.offset + range.lowerBound * inputs), outputs: range.count,
          inputs: inputs, onto: target.base + range.lowerBound, stride: outputs)
      }
      return y
    }
    gemm(
      MatrixView(x), view(of: flat).transposed, into: MatrixView(y), alpha: 1,
      beta: bias == nil ? 0 : 1)
    return y
  }

  private func times(_ dy: Tensor, _ flat: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: dy.shape.dropLast() + [inputs])
    gemm(MatrixView(dy), view(of: flat), into: MatrixView(dx), alpha: 1, beta: 0)
    return dx
  }

  private func accumulate(_ dy: Tensor, _ x: Tensor, into flat: inout Tensor?) {
    accumulateWeight(dy, x, into: &flat)
    if let bias { dy.addColumnSums(to: &flat, at: bias.offset) }
  }

  private func accumulateWeight(_ dy: Tensor, _ x: Tensor, into flat: inout Tensor?) {
    guard let storage = flat?.writableStorage() else { return }
    if suitsKernels(rows: x.rowCount) {
      let (left, right) = (dy.storage, x.storage)
      Workers.run(over: outputs, grain: outputGrain(rows: x.rowCount)) { range in
        VectorMath.addLayerGradient(
          left.base + range.lowerBound, stride: outputs, right.base, rows: x.rowCount,
          outputs: range.count, inputs: inputs,
          onto: storage.base + (weight.offset + range.lowerBound * inputs))
      }
      return
    }
    gemm(
      MatrixView(dy).transposed, MatrixView(x), into: view(storage), alpha: 1, beta: 1)
  }
}
