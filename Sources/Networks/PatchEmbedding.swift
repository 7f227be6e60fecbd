// Letters: B batch, P patches of an image, T = P + 1 positions, W width.
import Factors
import Tensors

/// An image as a sequence: a class token's vector, then a linear map of every patch; each with the
/// vector of its position.
///
///     y_0 = c + E_0,   y_{p+1} = (K ∗ x)_p + b + E_{p+1}
///
/// Images are B × H × W × C between layers; K is a convolution whose windows stand side by side.
///
/// - Source: Dosovitskiy et al. 2021 (arXiv:2010.11929); shapes of Hugging Face's `ViTEmbeddings`.
public struct PatchEmbedding: Layer {
  /// K and b: W × C × patch × patch and W.
  public let projection: Convolution2D
  /// c, 1 × 1 × W.
  public let classToken: Parameter
  /// E, 1 × T × W.
  public let positions: Parameter

  /// The class token, the positions and the projection, in Hugging Face's order.
  public var parameters: [Parameter] { [classToken, positions] + projection.parameters }

  /// Plans the projection.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    let isSelected = plan.selects([classToken, positions])
    return projection.plan(&plan, inputMatters: inputMatters) || isSelected
  }

  private var width: Int { classToken.count }
  private var places: Int { positions.shape[1] }

  /// y from images.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    joined(projection.forward(x, pass), pass.parameters, pass)
  }

  /// dc = Σ_B dy_0, dE_t = Σ_B dy_t; the patches' gradients go to the projection.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    accumulate(dy, into: &pass.gradient)
    if pass.recorder != nil {
      pass.recorder?.record(
        elementwise: classToken, .dense(dy.firstPositions().reshaped([pass.batch, 1, width])))
      let indices = (0..<pass.batch * places).map { Int32($0 % places) }
      pass.recorder?.record(
        weight: positions, bias: nil,
        OuterProductTerm(
          left: .oneHot(indices: indices, positions: places, width: places), right: .dense(dy)))
    }
    return pass.reaches(projection.slot) ? projection.backward(patches(dy), pass) : nil
  }

  /// ry_0 = v_c + V_E0, ry_{p+1} = R(K ∗ x)_p + V_E(p+1).
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let tangent = pass.tangent else { return nil }
    let patches = projection.forwardTangent(rx, pass)
    guard patches != nil || pass.selects([classToken, positions]) else { return nil }
    return joined(
      patches ?? Tensor(repeating: 0, shape: projection.output.batch(pass.batch)), tangent, pass)
  }

  /// The gradients of sums have no tangents of their own: those of rdy alone.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    accumulate(dy, into: &pass.gradient)
    if let rdy { accumulate(rdy, into: &pass.gradientTangent) }
    guard pass.reaches(projection.slot) else { return (nil, nil) }
    return projection.backwardTangent(patches(dy), rdy.map { patches($0) }, pass)
  }

  /// The class token and the patches in one sequence, positions of a flat vector added.
  private func joined(_ patches: Tensor, _ flat: Tensor, _ pass: Pass) -> Tensor {
    precondition(patches.count == pass.batch * (places - 1) * width, "\(patches.shape), \(places)")
    let y = Tensor(uninitialized: [pass.batch, places, width])
    let (source, theta, target) = (patches.storage, flat.storage, y.storage)
    let (width, size) = (width, places * width)
    Workers.run(over: pass.batch, grain: max(1, Tensor.elementGrain / size)) { examples in
      for example in examples {
        let row = target.base + example * size
        row.update(from: theta.base + classToken.offset, count: width)
        (row + width).update(from: source.base + example * (size - width), count: size - width)
        VectorMath.add(row, theta.base + positions.offset, into: row, count: size)
      }
    }
    return y
  }

  /// dy without the class token's row.
  private func patches(_ dy: Tensor) -> Tensor {
    let result = Tensor(uninitialized: projection.output.batch(dy.shape[0]))
    let size = places * width
    for example in 0..<dy.shape[0] {
      (result.storage.base + example * (size - width)).update(
        from: dy.storage.base + example * size + width, count: size - width)
    }
    return result
  }

  private func accumulate(_ dy: Tensor, into flat: inout Tensor?) {
    guard flat != nil else { return }
    dy.firstPositions().addColumnSums(to: &flat, at: classToken.offset)
    dy.reshaped([dy.shape[0], places * width]).addColumnSums(to: &flat, at: positions.offset)
  }
}
