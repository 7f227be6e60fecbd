// Letters: B batch, P windows of an image, R = B·P rows, C channels in, O channels out, G groups,
// K = kh·kw·C/G values of a window.
import Factors
import LinearAlgebra
import Tensors

/// y = W ∗ x + b: at every window the same linear map of its pixels.
///
///     y[b, p, o] = b[o] + Σ_{i,j,c} W[o, c, i, j] x[b, p·stride − padding + (i, j)·dilation, c]
///
/// A product of unfolded windows (R × K) with the weights, in tiles that stay in the cache. As
/// factors it is a linear layer with P positions: inputs the windows, outputs the channels; each
/// group is a block of its own.
/// - Source: PyTorch's `nn.Conv2d`, weight O × C/G × kh × kw.
package struct Convolution2D: Layer {
  /// The weight, O × C/G × kh × kw.
  package let weight: Parameter
  /// The bias, O.
  package let bias: Parameter?
  /// Kernel, stride, padding and dilation, over the input's images.
  package let geometry: WindowGeometry
  /// Groups G that channels are cut into.
  package let groups: Int
  let slot: Int

  /// The weight and the bias.
  package var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// The images it makes.
  package var output: ImageShape {
    ImageShape(
      channels: weight.shape[0], height: geometry.outputHeight, width: geometry.outputWidth)
  }

  private var products: ConvolutionProducts {
    ConvolutionProducts(geometry: geometry, outputs: weight.shape[0], groups: groups)
  }

  /// y = W ∗ x + b.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.keep(x, at: slot)
    return affine(x, pass.parameters, pass.batch)
  }

  /// dx = Wᵀ ∗ dy, dW = Σ dy ⊗ windows, db = Σ dy.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let x = pass[slot, as: Tensor.self]
    if pass.selects(slot) {
      accumulate(dy, x, into: &pass.gradient, pass.batch)
      if pass.recorder != nil { record(dy, x, pass) }
    }
    return pass.propagates(slot) ? transposed(dy, pass.parameters, pass.batch) : nil
  }

  /// ry = W ∗ rx + V ∗ x + v_b.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    pass.keepTangent(rx, at: slot)
    var own: Tensor?
    if let tangent = pass.tangent, pass.selects(slot) {
      own = affine(pass[slot, as: Tensor.self], tangent, pass.batch)
    }
    guard let rx else { return own }
    let through = products.forward(
      rx, weights(pass.parameters), batch: pass.batch, bias: nil)
    guard var ry = own else { return through }
    ry.add(scaled: through, by: 1)
    return ry
  }

  /// rdx = Wᵀ ∗ rdy + Vᵀ ∗ dy, R(dW) = Σ rdy ⊗ windows(x) + dy ⊗ windows(rx).
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    var rdx: Tensor?
    if pass.selects(slot) {
      let x = pass[slot, as: Tensor.self]
      accumulate(dy, x, into: &pass.gradient, pass.batch)
      if let rdy { accumulate(rdy, x, into: &pass.gradientTangent, pass.batch) }
      if let rx = pass.tangent(at: slot, as: Tensor.self) {
        accumulateWeight(dy, rx, into: &pass.gradientTangent, pass.batch)
      }
      if pass.propagates(slot) { rdx = pass.tangent.map { transposed(dy, $0, pass.batch) } }
    }
    guard pass.propagates(slot) else { return (nil, nil) }
    if let rdy {
      let through = transposed(rdy, pass.parameters, pass.batch)
      if rdx == nil { rdx = through } else { rdx?.add(scaled: through, by: 1) }
    }
    return (transposed(dy, pass.parameters, pass.batch), rdx)
  }

  /// Its outputs through ReLU, masks and 2 × 2 max pooling.
  func pooled(
    _ x: Tensor, _ pass: Pass, _ narrow: NarrowConvolution, _ masks: [ChannelMasks]
  ) -> Tensor {
    precondition(x.count == pass.batch * geometry.input.count, "\(x.shape) into \(geometry.input)")
    let flat = pass.parameters
    return narrow.pooled(
      x, weights(flat), batch: pass.batch, bias: bias.map { (flat.storage, $0.offset) },
      masks: masks)
  }

  private func weights(_ flat: Tensor) -> ConvolutionWeights {
    ConvolutionWeights(
      flat.storage, offset: weight.offset, outputs: weight.shape[0], channels: weight.shape[1],
      area: geometry.area)
  }

  private func affine(_ x: Tensor, _ flat: Tensor, _ batch: Int) -> Tensor {
    products.forward(
      x, weights(flat), batch: batch, bias: bias.map { (flat.storage, $0.offset) })
  }

  private func transposed(_ dy: Tensor, _ flat: Tensor, _ batch: Int) -> Tensor {
    products.inputGradient(dy, weights(flat), batch: batch)
  }

  private func accumulate(_ dy: Tensor, _ x: Tensor, into flat: inout Tensor?, _ batch: Int) {
    accumulateWeight(dy, x, into: &flat, batch)
    if let bias { dy.addPixelSums(to: &flat, at: bias.offset) }
  }

  private func accumulateWeight(_ dy: Tensor, _ x: Tensor, into flat: inout Tensor?, _ batch: Int) {
    guard let storage = flat?.writableStorage() else { return }
    products.weightGradient(dy, x, batch: batch).add(to: storage, offset: weight.offset)
  }

  /// One block a group: its windows and its outputs' gradients.
  private func record(_ dy: Tensor, _ x: Tensor, _ pass: Pass) {
    if pass.recorder?.takesNorms ?? false {
      let norms = products.squaredNorms(
        dy, x, batch: pass.batch, weight: pass.selection.selects(weight),
        bias: bias.map { pass.selection.selects($0) } ?? false)
      pass.recorder?.record(squaredNorms: norms, of: weight)
      return
    }
    let (inner, outer) = (weight.shape[1], weight.shape[0] / groups)
    let gradients = dy.reshaped([pass.batch, geometry.positions, weight.shape[0]])
    let unfolded = pass.unfolded(at: slot) {
      (0..<groups).map {
        geometry.patches(x, batch: pass.batch, channels: $0 * inner..<($0 + 1) * inner)
      }
    }
    for (group, patches) in unfolded.enumerated() {
      let left = groups == 1 ? gradients : gradients.columns(group * outer..<(group + 1) * outer)
      let part = part(of: weight, group)
      pass.recorder?.record(
        weight: part, bias: bias.map { self.part(of: $0, group) },
        OuterProductTerm(
          left: .dense(left), right: bias == nil ? .dense(patches) : .denseWithOne(patches)))
    }
  }

  private func part(of parameter: Parameter, _ group: Int) -> Parameter {
    if groups == 1 { return parameter }
    let count = parameter.shape[0] / groups
    return Parameter(
      name: "\(parameter.name)[\(group * count)..<\((group + 1) * count)]",
      shape: [count] + parameter.shape.dropFirst(),
      offset: parameter.offset + group * parameter.count / groups)
  }
}

extension Tensor {
  /// Some of the last dimension's elements, copied.
  func columns(_ range: Range<Int>) -> Tensor {
    let result = Tensor(uninitialized: shape.dropLast() + [range.count])
    for row in 0..<rowCount {
      (result.storage.base + row * range.count).update(
        from: storage.base + row * rowLength + range.lowerBound, count: range.count)
    }
    return result
  }
}
