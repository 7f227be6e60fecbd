// Letters: R rows, I inputs, O outputs.
import CKernels

/// Products of a layer with few rows and wide inputs, for processors with AVX-512.
///
/// BLAS packs its operands first, which for a batch of 64 costs a fifth of the forward product.
/// These do not: on one core of a Xeon 64 × 784 into 128 takes 0.80 of its time.
extension VectorMath {
  /// Whether these products are faster than BLAS: by shape and processor alone.
  public static func layerKernelsSuit(rows: Int, inputs: Int, outputs: Int) -> Bool {
    Processor.level >= 4 && inputs >= 256 && inputs.isMultiple(of: 16) && rows <= 256
      && outputs >= 16 && outputs * inputs <= 1 << 17
  }

  /// y ← y + x Wᵀ.
  ///
  /// - Parameters:
  ///   - x: R × I.
  ///   - weight: O × I; I a multiple of 16.
  ///   - y: R × O, rows `stride` apart.
  /// - Precision: fp32; an element's order of additions depends on I alone, so rows and outputs may
  ///   be cut anywhere.
  public static func addLayerForward(
    _ x: UnsafePointer<Float>, rows: Int, weight: UnsafePointer<Float>, outputs: Int, inputs: Int,
    onto y: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(inputs.isMultiple(of: 16), "\(inputs) inputs")
    ascribe_layer_forward(
      x, Int64(rows), weight, Int64(outputs), Int64(inputs), y, Int64(stride))
  }

  /// dW ← dW + dyᵀ x.
  ///
  /// - Parameters:
  ///   - dy: R × O, rows `stride` apart.
  ///   - x: R × I; I a multiple of 16.
  ///   - dw: O × I.
  /// - Precision: fp32, rows in order, then onto what was there; outputs may be cut anywhere.
  public static func addLayerGradient(
    _ dy: UnsafePointer<Float>, stride: Int, _ x: UnsafePointer<Float>, rows: Int, outputs: Int,
    inputs: Int, onto dw: UnsafeMutablePointer<Float>
  ) {
    precondition(inputs.isMultiple(of: 16), "\(inputs) inputs")
    ascribe_layer_gradient(
      dy, Int64(stride), x, Int64(rows), Int64(outputs), Int64(inputs), dw)
  }
}
