// Letters: B batch, T positions, W width.
import Tensors

/// The first position of a sequence, B × T × W to B × W: the class token.
public struct FirstPosition: Layer {
  let slot: Int

  /// y = x_0.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    // T also for a batch of none.
    pass.keep(SavedSizes(sizes: [x.positionsOfExample]), at: slot)
    return x.firstPositions()
  }

  /// dx_0 = dy, dx_t = 0.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { placed(dy, pass) }

  /// ry = rx_0.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { rx?.firstPositions() }

  /// Both in the first position.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (placed(dy, pass), rdy.map { placed($0, pass) })
  }

  private func placed(_ dy: Tensor, _ pass: Pass) -> Tensor {
    let (places, width) = (pass[slot, as: SavedSizes.self].sizes[0], dy.rowLength)
    let dx = Tensor(repeating: 0, shape: [pass.batch, places, width])
    for example in 0..<pass.batch {
      (dx.storage.base + example * places * width).update(
        from: dy.storage.base + example * width, count: width)
    }
    return dx
  }
}

extension Tensor {
  /// Row 0 of every example of B × T × W, B × W.
  func firstPositions() -> Tensor {
    let (places, width) = (positionsOfExample, rowLength)
    let result = Tensor(uninitialized: [shape[0], width])
    for example in 0..<shape[0] {
      (result.storage.base + example * width).update(
        from: storage.base + example * places * width, count: width)
    }
    return result
  }
}
