// Letters: B batch, P windows of an image, O outputs of a group, K values of its windows.
import Factors
import LinearAlgebra
import Tensors

extension ConvolutionProducts {
  /// ‖∇_W‖² + ‖∇_b‖² of every example, one image's windows at a time.
  ///
  ///     ‖Σ_p dy_p ⊗ x_p‖², written out as O × K or, where that is less, by the Grams of P windows:
  ///     Σ_{p,q} ⟨x_p, x_q⟩ ⟨dy_p, dy_q⟩
  ///
  /// - Parameters:
  ///   - dy: B × P × outputs.
  ///   - weight: whether the weight counts.
  ///   - bias: whether a bias counts.
  /// - Returns: B values.
  /// - Complexity: 2·B·min(P·O·K, P²·(O + K)) flops; memory of a worker P·K + min(O·K, 2P²) floats.
  /// - Precision: products in fp32, the last sums in lanes of fp32; same bits for any thread count.
  func squaredNorms(
    _ dy: Tensor, _ x: Tensor, batch: Int, weight: Bool, bias: Bool
  ) -> [Double] {
    let norms = Buffer<Double>(uninitialized: batch)
    let (inner, outer, positions) = (
      geometry.input.channels / groups, outputs / groups, geometry.positions
    )
    let (depth, channels) = (inner * geometry.area, geometry.input.channels)
    let byGrams = !FactorBlock.prefersFullGradients(
      pairs: positions * positions, left: outer, right: depth + (bias ? 1 : 0))
    Workers.run(slices: batch) { image in
      let windows = Buffer<Float>(uninitialized: positions * depth)
      let size = byGrams ? positions * positions : outer * depth
      let square = Buffer<Float>(uninitialized: size)
      let other = Buffer<Float>(uninitialized: byGrams ? size : 0)
      let sums = Buffer<Float>(uninitialized: outer)
      var total = 0.0
      for group in 0..<groups {
        let slopes = MatrixView(
          storage: dy.storage, offset: image * positions * outputs + group * outer,
          rows: positions, columns: outer, stride: outputs)
        if weight {
          geometry.unfold(
            x.storage.base + group * inner, channels: inner, pixelStride: channels,
            rows: image * positions..<(image + 1) * positions, into: windows.base)
          let values = MatrixView(
            storage: windows, rows: positions, columns: depth, stride: depth)
          if byGrams {
            func gram(_ a: MatrixView<Float>, _ target: Buffer<Float>) {
              blockProduct(
                a, a.transposed,
                into: MatrixView(
                  storage: target, rows: positions, columns: positions, stride: positions))
            }
            gram(values, square)
            gram(slopes, other)
            total += Double(VectorMath.dot(square.base, other.base, count: size))
          } else {
            blockProduct(
              slopes.transposed, values,
              into: MatrixView(storage: square, rows: outer, columns: depth, stride: depth))
            total += Double(VectorMath.squaredNorm(square.base, count: size))
          }
        }
        if bias {
          sums.base.update(repeating: 0, count: outer)
          for position in 0..<positions {
            VectorMath.axpy(
              1, dy.storage.base + (image * positions + position) * outputs + group * outer,
              onto: sums.base, count: outer)
          }
          total += Double(VectorMath.squaredNorm(sums.base, count: outer))
        }
      }
      norms.base[image] = total
    }
    return (0..<batch).map { norms.base[$0] }
  }
}
