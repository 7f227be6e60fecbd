import COpenBLAS

// LAPACKE's `_work` functions: they check nothing, and this module has checked already.

extension Float {
  /// As `BLASScalar` says.
  public static func firstNonFinite(count: Int, _ x: UnsafePointer<Float>) -> Int? {
    scanForNonFinite(count, x)
  }

  /// As `BLASScalar` says.
  public static func addAbsolute(
    count: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
  ) -> Float {
    accumulateAbsolute(count, x, y)
  }

  /// As `BLASScalar` says.
  public static func potrf(n: Int, a: UnsafeMutablePointer<Float>, lda: Int) -> Int {
    Int(LAPACKE_spotrf_work(LAPACK_COL_MAJOR, upper, Int32(n), a, Int32(lda)))
  }

  /// As `BLASScalar` says.
  public static func pocon(
    n: Int, l: UnsafePointer<Float>, ldl: Int, norm: Float
  ) -> Float {
    var reciprocal: Float = 0
    _ = LAPACKE_spocon(
      LAPACK_COL_MAJOR, upper, Int32(n), l, Int32(ldl), norm, &reciprocal)
    return reciprocal
  }

  /// As `BLASScalar` says.
  public static func sytrd(
    n: Int, a: UnsafeMutablePointer<Float>, diagonal: UnsafeMutablePointer<Float>,
    side: UnsafeMutablePointer<Float>, tau: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(
      LAPACKE_ssytrd(
        LAPACK_COL_MAJOR, upper, Int32(n), a, Int32(max(1, n)), diagonal, side, tau))
  }

  /// As `BLASScalar` says.
  public static func stedc(
    n: Int, diagonal: UnsafeMutablePointer<Float>, side: UnsafeMutablePointer<Float>,
    vectors: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sstedc(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "I")), Int32(n), diagonal, side, vectors,
        Int32(max(1, n))))
  }

  /// As `BLASScalar` says.
  public static func sterf(
    n: Int, diagonal: UnsafeMutablePointer<Float>, side: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(LAPACKE_ssterf(Int32(n), diagonal, side))
  }

  /// As `BLASScalar` says.
  public static func ormtr(
    n: Int, count: Int, a: UnsafePointer<Float>, tau: UnsafePointer<Float>,
    rows: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sormtr(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "L")), upper, Int8(UInt8(ascii: "N")), Int32(n),
        Int32(count), a, Int32(max(1, n)), tau, rows, Int32(max(1, n))))
  }

  // A row-major m × n matrix is to LAPACK its n × m transpose: Aᵀ = V diag(σ) Uᵀ, and a QR of A is
  // an LQ of Aᵀ.

  /// As `BLASScalar` says.
  public static func gesdd(
    m: Int, n: Int, a: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>,
    u: UnsafeMutablePointer<Float>, vt: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sgesdd(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "S")), Int32(n), Int32(m), a, Int32(max(1, n)),
        values, vt, Int32(max(1, n)), u, Int32(max(1, min(m, n)))))
  }

  /// As `BLASScalar` says.
  public static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Float>, tau: UnsafeMutablePointer<Float>
  ) -> Int {
    Int(LAPACKE_sgelqf(LAPACK_COL_MAJOR, Int32(n), Int32(m), a, Int32(max(1, n)), tau))
  }

  /// As `BLASScalar` says.
  public static func orgqr(
    m: Int, n: Int, a: UnsafeMutablePointer<Float>, tau: UnsafePointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sorglq(
        LAPACK_COL_MAJOR, Int32(n), Int32(m), Int32(n), a, Int32(max(1, n)), tau))
  }
}

/// LAPACK's word for the triangle that is the lower one to a row-major reader.
private let upper = Int8(UInt8(ascii: "U"))
