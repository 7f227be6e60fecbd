import COpenBLAS

extension Double: BLASScalar {
  /// As `BLASScalar` says.
  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double,
    a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int, beta: Double,
    c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda),
      b, Int32(ldb), beta, c, Int32(ldc))
  }

  /// As `BLASScalar` says.
  public static func gemv(
    transpose: Bool, m: Int, n: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    x: UnsafePointer<Double>, beta: Double, y: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemv(
      CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), alpha, a,
      Int32(lda), x, 1, beta, y, 1)
  }

  /// As `BLASScalar` says.
  public static func syrk(
    transpose: Bool, n: Int, k: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    cblas_dsyrk(
      CblasRowMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, Int32(n), Int32(k),
      alpha, a, Int32(lda), beta, c, Int32(ldc))
  }

  /// As `BLASScalar` says.
  public static func trsm(
    transpose: Bool, m: Int, n: Int, l: UnsafePointer<Double>, ldl: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int
  ) {
    cblas_dtrsm(
      CblasRowMajor, CblasRight, CblasLower, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      Int32(m), Int32(n), 1, l, Int32(ldl), b, Int32(ldb))
  }

  /// As `BLASScalar` says.
  public static func axpy(
    count: Int, alpha: Double, x: UnsafePointer<Double>, y: UnsafeMutablePointer<Double>
  ) {
    cblas_daxpy(Int32(count), alpha, x, 1, y, 1)
  }

  /// As `BLASScalar` says.
  public static func dot(
    count: Int, x: UnsafePointer<Double>, y: UnsafePointer<Double>
  ) -> Double {
    cblas_ddot(Int32(count), x, 1, y, 1)
  }

  /// As `BLASScalar` says.
  public static func scale(count: Int, by alpha: Double, x: UnsafeMutablePointer<Double>) {
    cblas_dscal(Int32(count), alpha, x, 1)
  }

  /// As `BLASScalar` says.
  public static func transpose(
    rows: Int, columns: Int, from: UnsafePointer<Double>, stride: Int,
    to: UnsafeMutablePointer<Double>, stride targetStride: Int
  ) {
    transposeBlocks(rows, columns, from, stride, to, targetStride)
  }
}
