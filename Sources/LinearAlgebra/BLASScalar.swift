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

  /// Writes the transpose of rows × columns scalars.
  static func transpose(
    rows: Int, columns: Int, from: UnsafePointer<Self>, stride: Int,
    to: UnsafeMutablePointer<Self>, stride targetStride: Int)

  /// The first of `count` scalars that is NaN or infinite.
  static func firstNonFinite(count: Int, _ x: UnsafePointer<Self>) -> Int?

  /// y[i] += |x[i]|; returns the sum of all |x[i]|.
  static func addAbsolute(
    count: Int, _ x: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>
  ) -> Self

  // LAPACK. Each returns LAPACK's `info`. Symmetric and triangular matrices are row-major and
  // lower; to LAPACK's column-major eyes they are upper, so nothing is transposed.

  /// A = L Lᵀ in place, in the lower triangle.
  static func potrf(n: Int, a: UnsafeMutablePointer<Self>, lda: Int) -> Int

  /// 1 / (‖A‖₁ ‖A⁻¹‖₁), estimated from A's factor and ‖A‖₁.
  static func pocon(n: Int, l: UnsafePointer<Self>, ldl: Int, norm: Self) -> Self

  /// A = Q T Qᵀ, with T tridiagonal and Q as reflectors in the lower triangle of A.
  static func sytrd(
    n: Int, a: UnsafeMutablePointer<Self>, diagonal: UnsafeMutablePointer<Self>,
    side: UnsafeMutablePointer<Self>, tau: UnsafeMutablePointer<Self>
  ) -> Int

  /// Eigenvalues of a tridiagonal matrix, ascending in `diagonal`, and its eigenvectors as rows.
  static func stedc(
    n: Int, diagonal: UnsafeMutablePointer<Self>, side: UnsafeMutablePointer<Self>,
    vectors: UnsafeMutablePointer<Self>
  ) -> Int

  /// Eigenvalues of a tridiagonal matrix, ascending in `diagonal`.
  static func sterf(
    n: Int, diagonal: UnsafeMutablePointer<Self>, side: UnsafeMutablePointer<Self>
  ) -> Int

  /// Applies the Q of `sytrd` to `count` vectors that are rows of length n.
  static func ormtr(
    n: Int, count: Int, a: UnsafePointer<Self>, tau: UnsafePointer<Self>,
    rows: UnsafeMutablePointer<Self>
  ) -> Int

  /// A = U diag(σ) Vᵀ, thin, σ descending; A m × n is destroyed.
  static func gesdd(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, values: UnsafeMutablePointer<Self>,
    u: UnsafeMutablePointer<Self>, vt: UnsafeMutablePointer<Self>
  ) -> Int

  /// A = Q R for m ≥ n, R in the upper triangle of A and Q as reflectors below it.
  static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, tau: UnsafeMutablePointer<Self>
  ) -> Int

  /// The m × n matrix Q of `geqrf`, in place.
  static func orgqr(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, tau: UnsafePointer<Self>
  ) -> Int
}
