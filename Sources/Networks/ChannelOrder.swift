// Letters: B batch, C channels, P = H·W pixels.
import CKernels
import Tensors

/// Images as data has them, B × C × H × W, to B × H × W × C.
package struct ChannelsLast: Layer {
  let shape: ImageShape

  /// The same values, a pixel's channels side by side.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    precondition(x.count == pass.batch * shape.count, "\(x.shape) as images of \(shape)")
    return x.transposedExamples(shape.channels, shape.positions, to: shape.batch(pass.batch))
  }

  /// dy in the order of x, B × C × H × W.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { restored(dy, pass) }

  /// rx in the order of y.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { forward($0, pass) }
  }

  /// Both in the order of x.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (restored(dy, pass), rdy.map { restored($0, pass) })
  }

  private func restored(_ dy: Tensor, _ pass: Pass) -> Tensor {
    dy.transposedExamples(
      shape.positions, shape.channels,
      to: [pass.batch, shape.channels, shape.height, shape.width])
  }
}

/// B × H × W × C to one row an example, B × (C·H·W) in PyTorch's order: `nn.Flatten`.
package struct FlattenImage: Layer {
  let shape: ImageShape

  /// The same values, channel by channel.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor { flattened(x, pass) }

  /// dy in the order of x.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { restored(dy, pass) }

  /// rx in the order of y.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { flattened($0, pass) }
  }

  /// Both in the order of x.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (restored(dy, pass), rdy.map { restored($0, pass) })
  }

  private func flattened(_ x: Tensor, _ pass: Pass) -> Tensor {
    x.transposedExamples(shape.positions, shape.channels, to: [pass.batch, shape.count])
  }

  private func restored(_ dy: Tensor, _ pass: Pass) -> Tensor {
    dy.transposedExamples(shape.channels, shape.positions, to: shape.batch(pass.batch))
  }
}

extension Tensor {
  /// Every example's `rows` × `columns` values transposed.
  fileprivate func transposedExamples(_ rows: Int, _ columns: Int, to shape: [Int]) -> Tensor {
    if rows == 1 || columns == 1 { return reshaped(shape) }
    let result = Tensor(uninitialized: shape)
    let (source, target, size) = (storage, result.storage, rows * columns)
    Workers.run(over: shape[0], grain: Swift.max(1, Tensor.elementGrain / size)) { examples in
      for example in examples {
        ascribe_transpose(
          source.base + example * size, Int64(rows), Int64(columns), Int64(columns), 1,
          target.base + example * size, Int64(rows))
      }
    }
    return result
  }
}
