// Letters: B batch, T positions, R = B·T rows, I inputs, O outputs.
import Factors
import LinearAlgebra
import Tensors

/// y = x Wᵀ + b over the last dimension, at every position.
///
/// - Source: PyTorch's `nn.Linear`, weight O × I.
public struct Linear: Layer {
  /// The weight, O × I.
  public let weight: Parameter
  /// The bias, O.
  public let bias: Parameter?
  let slot: Int
  /// False on what reads the network's inputs: nobody needs their gradient.
  let propagates: Bool

  /// The weight and the bias.
  public var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// Outputs a worker takes at a time; a multiple of what a kernel holds in registers.
  private static let outputGrain = 64

  private var outputs: Int { weight.shape[0] }
  private var inputs: Int { weight.shape[1] }

  /// y = x Wᵀ + b.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.save([x], at: slot)
    return affine(x, pass.parameters)
  }

  /// dx = dy W, dW = dyᵀ x, db = Σ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let x = pass.saved(at: slot)[0]
    accumulate(dy, x, into: &pass.gradient)
    if pass.recorder != nil {
      let positions = x.positionsOfExample
      let a = x.reshaped([pass.batch, positions, inputs])
      let d = dy.reshaped([pass.batch, positions, outputs])
      pass.recorder?.record(
        weight: weight, bias: bias,
        OuterProductTerm(
          left: .dense(d), right: bias == nil ? .dense(a) : .denseWithOne(a)))
    }
    return propagates ? times(dy, pass.parameters) : nil
  }

  /// ry = rx Wᵀ + x Vᵀ + v_b.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let tangent = pass.tangent else { return nil }
    let x = pass.saved(at: slot)[0]
    let ry = affine(x, tangent)
    pass.saveTangents(rx.map { [$0] } ?? [], at: slot)
    guard let rx else { return ry }
    gemm(
      MatrixView(rx), view(of: pass.parameters).transposed, into: MatrixView(ry), alpha: 1, beta: 1)
    return ry
  }

  /// rdx = rdy W + dy V, R(dW) = rdyᵀ x + dyᵀ rx.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let x = pass.saved(at: slot)[0]
    accumulate(dy, x, into: &pass.gradient)
    if let rdy { accumulate(rdy, x, into: &pass.gradientTangent) }
    if let rx = pass.savedTangents(at: slot).first {
      accumulateWeight(dy, rx, into: &pass.gradientTangent)
    }
    guard propagates else { return (nil, nil) }
    var rdx: Tensor?
    if let tangent = pass.tangent { rdx = times(dy, tangent) }
    if let rdy {
      let through = times(rdy, pass.parameters)
      if rdx == nil { rdx = through } else { rdx?.add(scaled: through, by: 1) }
    }
    return (times(dy, pass.parameters), rdx)
  }

  private func view(of flat: Tensor) -> MatrixView<Float> {
    MatrixView(
      storage: flat.storage, offset: weight.offset, rows: outputs, columns: inputs, stride: inputs)
  }

  private func affine(_ x: Tensor, _ flat: Tensor) -> Tensor {
    precondition(x.rowLength == inputs, "\(x.shape) into \(weight.name) \(weight.shape)")
    let y = Tensor(uninitialized: x.shape.dropLast() + [outputs])
    let suitsKernels = VectorMath.layerKernelsSuit(
      rows: y.rowCount, inputs: inputs, outputs: outputs)
    if let bias {
      for row in 0..<y.rowCount {
        (y.storage.base + row * outputs).update(
          from: flat.storage.base + bias.offset, count: outputs)
      }
    } else if suitsKernels {
      y.storage.base.update(repeating: 0, count: y.count)
    }
    if suitsKernels {
      let (source, w, target) = (x.storage, flat.storage, y.storage)
      Workers.run(over: outputs, grain: Linear.outputGrain) { range in
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
    guard let bias else { return }
    flat?.withUnsafeMutablePointer { base in
      VectorMath.columnSums(
        dy.storage.base, rows: dy.rowCount, columns: outputs, onto: base + bias.offset)
    }
  }

  private func accumulateWeight(_ dy: Tensor, _ x: Tensor, into flat: inout Tensor?) {
    guard let storage = flat?.writableStorage() else { return }
    if VectorMath.layerKernelsSuit(rows: x.rowCount, inputs: inputs, outputs: outputs) {
      let (left, right) = (dy.storage, x.storage)
      Workers.run(over: outputs, grain: Linear.outputGrain) { range in
        VectorMath.addLayerGradient(
          left.base + range.lowerBound, stride: outputs, right.base, rows: x.rowCount,
          outputs: range.count, inputs: inputs,
          onto: storage.base + (weight.offset + range.lowerBound * inputs))
      }
      return
    }
    gemm(
      MatrixView(dy).transposed, MatrixView(x),
      into: MatrixView(
        storage: storage, offset: weight.offset, rows: outputs, columns: inputs, stride: inputs),
      alpha: 1, beta: 1)
  }
}
