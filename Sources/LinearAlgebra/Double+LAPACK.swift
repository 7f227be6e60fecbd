import COpenBLAS

// LAPACKE's `_work` functions: they check nothing, and this module has checked already.

extension Double {
  /// As `BLASScalar` says.
  public static func firstNonFinite(count: Int, _ x: UnsafePointer<Double>) -> Int? {
    scanForNonFinite(count, x)
  }

  /// As `BLASScalar` says.
  public static func addAbsolute(
    count: Int, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) -> Double {
    accumulateAbsolute(count, x, y)
  }

  /// As `BLASScalar` says.
  public static func potrf(n: Int, a: UnsafeMutablePointer<Double>, lda: Int) -> Int {
    Int(LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, upper, Int32(n), a, Int32(lda)))
  }

  /// As `BLASScalar` says.
  public static func pocon(
    n: Int, l: UnsafePointer<Double>, ldl: Int, norm: Double
  ) -> Double {
    var reciprocal: Double = 0
    _ = LAPACKE_dpocon(
      LAPACK_COL_MAJOR, upper, Int32(n), l, Int32(ldl), norm, &reciprocal)
    return reciprocal
  }

  /// As `BLASScalar` says.
  public static func sytrd(
    n: Int, a: UnsafeMutablePointer<Double>, diagonal: UnsafeMutablePointer<Double>,
    side: UnsafeMutablePointer<Double>, tau: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dsytrd(
        LAPACK_COL_MAJOR, upper, Int32(n), a, Int32(max(1, n)), diagonal, side, tau))
  }

  /// As `BLASScalar` says.
  public static func stedc(
    n: Int, diagonal: UnsafeMutablePointer<Double>, side: UnsafeMutablePointer<Double>,
    vectors: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dstedc(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "I")), Int32(n), diagonal, side, vectors,
        Int32(max(1, n))))
  }

  /// As `BLASScalar` says.
  public static func sterf(
    n: Int, diagonal: UnsafeMutablePointer<Double>, side: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(LAPACKE_dsterf(Int32(n), diagonal, side))
  }

  /// As `BLASScalar` says.
  public static func ormtr(
    n: Int, count: Int, a: UnsafePointer<Double>, tau: UnsafePointer<Double>,
    rows: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dormtr(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "L")), upper, Int8(UInt8(ascii: "N")), Int32(n),
        Int32(count), a, Int32(max(1, n)), tau, rows, Int32(max(1, n))))
  }

  // A row-major m × n matrix is to LAPACK its n × m transpose: Aᵀ = V diag(σ) Uᵀ, and a QR of A is
  // an LQ of Aᵀ.

  /// As `BLASScalar` says.
  public static func gesdd(
    m: Int, n: Int, a: UnsafeMutablePointer<Double>, values: UnsafeMutablePointer<Double>,
    u: UnsafeMutablePointer<Double>, vt: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dgesdd(
        LAPACK_COL_MAJOR, Int8(UInt8(ascii: "S")), Int32(n), Int32(m), a, Int32(max(1, n)),
        values, vt, Int32(max(1, n)), u, Int32(max(1, min(m, n)))))
  }

  /// As `BLASScalar` says.
  public static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Double>, tau: UnsafeMutablePointer<Double>
  ) -> Int {
    Int(LAPACKE_dgelqf(LAPACK_COL_MAJOR, Int32(n), Int32(m), a, Int32(max(1, n)), tau))
  }

  /// As `BLASScalar` says.
  public static func orgqr(
    m: Int, n: Int, a: UnsafeMutablePointer<Double>, tau: UnsafePointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dorglq(
        LAPACK_COL_MAJOR, Int32(n), Int32(m), Int32(n), a, Int32(max(1, n)), tau))
  }
}

/// LAPACK's word for the triangle that is the lower one to a row-major reader.
private let upper = Int8(UInt8(ascii: "U"))
