import Tensors

/// A scalar that OpenBLAS has routines for: `Float` or `Double`.
///
/// The requirements are the routines as this module calls them: row-major, single-threaded,
/// unchecked. Callers use `gemm`, `Cholesky` and their like.
public protocol BLASScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// C = α op(A) op(B) + β C, with op(A) m × k, op(B) k × n.
  static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Self,
    a: UnsafePointer<Self>, lda: Int, b: UnsafePointer<Self>, ldb: Int, beta: Self,
    c: UnsafeMutablePointer<Self>, ldc: Int)

  /// y = α op(A) x + β y, with A stored m × n.
  static func gemv(
    transpose: Bool, m: Int, n: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    x: UnsafePointer<Self>, beta: Self, y: UnsafeMutablePointer<Self>)

  /// The lower triangle of C = α A Aᵀ + β C (A n × k), or of α Aᵀ A + β C (A k × n).
  static func syrk(
    transpose: Bool, n: Int, k: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// B = B L⁻¹, or B L⁻ᵀ when transposed, with B m × n and L lower triangular.
  static func trsm(
    transpose: Bool, m: Int, n: Int, l: UnsafePointer<Self>, ldl: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int)

  /// y += α x.
  static func axpy(
    count: Int, alpha: Self, x: UnsafePointer<Self>, y: UnsafeMutablePointer<Self>)

  /// x · y.
  static func dot(count: Int, x: UnsafePointer<Self>, y: UnsafePointer<Self>) -> Self

  /// x = α x.
  static func scale(count: Int, by alpha: Self, x: UnsafeMutablePointer<Self>)

  /// Copies `count` scalars that lie `step` apart.
  static func copy(
    count: Int, from: UnsafePointer<Self>, step: Int, to: UnsafeMutablePointer<Self>,
    step targetStep: Int)
}
