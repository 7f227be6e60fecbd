import CKernels

/// Element-wise functions over `count` floats, at vector speed.
///
/// Goals in order: right at the edges (±0, ±∞, NaN, denormals), the stated error, the same bits on
/// every processor with fused multiply-add (others differ in the last bits), speed.
/// Input and output pointers are equal or do not overlap. Errors are the largest found against
/// double-precision libm over every 16th float (2²⁸ of them, all exponents), in units in the last
/// place of the result; `VectorMathErrorTests` holds them to that. Without fused multiply-add
/// reckon a quarter more (exp 1.2). All functions run on the caller's thread; `Tensor`'s use the
/// workers.
public enum VectorMath {
  /// y = eˣ; 0.87 ulp, denormal results too.
  ///
  /// - Source: Cody and Waite 1980; own minimax polynomial (tools/reference/polynomials.py).
  public static func exp(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_exp(x, y, Int64(count)) }

  /// y = ln x; −∞ at ±0, NaN below; 0.80 ulp, denormal x too.
  public static func log(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_log(x, y, Int64(count)) }

  /// y = tanh x; 1.33 ulp.
  public static func tanh(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_tanh(x, y, Int64(count)) }

  /// y = erf x; 1.00 ulp (1.1 without fused multiply-add).
  public static func erf(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_erf(x, y, Int64(count)) }

  /// y = x Φ(x), the Gaussian error linear unit in its exact form.
  ///
  /// 6.1 ulp for |x| <= 13; beyond, x or −0, which is less than 4e-36 away. Negative x keep their
  /// digits, as 0.5 x (1 + erf(x / √2)) does not; −0 at −∞.
  public static func gelu(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu(x, y, Int64(count)) }

  /// y = Φ(x) + x φ(x), the derivative of `gelu`; 2.5e-7 absolute.
  public static func geluDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu_derivative(x, y, Int64(count)) }

  /// y = φ(x) (2 − x²), the second derivative of `gelu`; 2e-7 absolute.
  public static func geluSecondDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu_second_derivative(x, y, Int64(count)) }

  /// y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), PyTorch's `gelu(approximate="tanh")`.
  public static func geluTanh(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu_tanh(x, y, Int64(count)) }

  /// The derivative of `geluTanh`.
  public static func geluTanhDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu_tanh_derivative(x, y, Int64(count)) }

  /// The second derivative of `geluTanh`.
  public static func geluTanhSecondDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_gelu_tanh_second_derivative(x, y, Int64(count)) }

  /// y = x / (1 + e⁻ˣ).
  public static func silu(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_silu(x, y, Int64(count)) }

  /// The derivative of `silu`.
  public static func siluDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_silu_derivative(x, y, Int64(count)) }

  /// The second derivative of `silu`.
  public static func siluSecondDerivative(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_silu_second_derivative(x, y, Int64(count)) }

  /// y = max(x, 0); NaN stays.
  public static func relu(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_relu(x, y, Int64(count)) }

  /// dx = x > 0 ? dy : 0.
  public static func reluBackward(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
    count: Int
  ) { ascribe_relu_backward(dy, x, dx, Int64(count)) }

  /// y ← y + α x.
  public static func axpy(
    _ alpha: Float, _ x: UnsafePointer<Float>, onto y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_axpy(alpha, x, y, Int64(count)) }

  /// x ← α x.
  public static func scale(_ alpha: Float, _ x: UnsafeMutablePointer<Float>, count: Int) {
    ascribe_scale(alpha, x, x, Int64(count))
  }

  /// y = α x.
  public static func scale(
    _ alpha: Float, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_scale(alpha, x, y, Int64(count)) }

  /// c = a + b.
  public static func add(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    count: Int
  ) { ascribe_add(a, b, c, Int64(count)) }

  /// c = a − b.
  public static func subtract(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    count: Int
  ) { ascribe_subtract(a, b, c, Int64(count)) }

  /// c = a · b, element by element.
  public static func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    count: Int
  ) { ascribe_multiply(a, b, c, Int64(count)) }

  /// c ← c + a · (b + shift), element by element.
  public static func multiplyAdd(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, plus shift: Float = 0,
    onto c: UnsafeMutablePointer<Float>, count: Int
  ) { ascribe_multiply_add(a, b, shift, c, Int64(count)) }

  /// The first index whose element is infinite or NaN, nil when all are finite.
  public static func firstNonFinite(_ x: UnsafePointer<Float>, count: Int) -> Int? {
    let index = ascribe_first_nonfinite(x, Int64(count))
    return index < 0 ? nil : Int(index)
  }
}
