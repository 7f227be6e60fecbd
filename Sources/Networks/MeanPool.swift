// Letters: B batch, T positions, W width.
import Tensors

/// The mean over an example's positions, B × T × W to B × W.
public struct MeanPool: Layer {
  let slot: Int

  /// y = mean_t x_t.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    // T also for a batch of none.
    pass.keep(SavedSizes(sizes: [x.positionsOfExample]), at: slot)
    return pooled(x, pass)
  }

  /// dx_t = dy / T.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { spread(dy, pass) }

  /// ry = mean_t rx_t.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { pooled($0, pass) }
  }

  /// rdx_t = rdy / T.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (spread(dy, pass), rdy.map { spread($0, pass) })
  }

  private func pooled(_ x: Tensor, _ pass: Pass) -> Tensor {
    let width = x.rowLength
    let positions = x.positionsOfExample
    var y = Tensor(repeating: 0, shape: [pass.batch, width])
    y.withUnsafeMutablePointer { base in
      for row in 0..<x.rowCount {
        VectorMath.axpy(
          1 / Float(positions), x.storage.base + row * width,
          onto: base + row / positions * width, count: width)
      }
    }
    return y
  }

  private func spread(_ dy: Tensor, _ pass: Pass) -> Tensor {
    let width = dy.rowLength
    let positions = pass[slot, as: SavedSizes.self].sizes[0]
    let dx = Tensor(repeating: 0, shape: [pass.batch, positions, width])
    for row in 0..<dx.rowCount {
      VectorMath.axpy(
        1 / Float(positions), dy.storage.base + row / positions * width,
        onto: dx.storage.base + row * width, count: width)
    }
    return dx
  }
}
