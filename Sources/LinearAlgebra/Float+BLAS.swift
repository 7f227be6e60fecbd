import COpenBLAS

extension Float: BLASScalar {
  /// As `BLASScalar` says.
  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda),
      b, Int32(ldb), beta, c, Int32(ldc))
  }

  /// As `BLASScalar` says.
  public static func gemv(
    transpose: Bool, m: Int, n: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    x: UnsafePointer<Float>, beta: Float, y: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemv(
      CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), alpha, a,
      Int32(lda), x, 1, beta, y, 1)
  }

  /// As `BLASScalar` says.
  public static func syrk(
    transpose: Bool, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    cblas_ssyrk(
      CblasRowMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, Int32(n), Int32(k),
      alpha, a, Int32(lda), beta, c, Int32(ldc))
  }

  /// As `BLASScalar` says.
  public static func trsm(
    transpose: Bool, m: Int, n: Int, l: UnsafePointer<Float>, ldl: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int
  ) {
    cblas_strsm(
      CblasRowMajor, CblasRight, CblasLower, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit,
      Int32(m), Int32(n), 1, l, Int32(ldl), b, Int32(ldb))
  }

  /// As `BLASScalar` says.
  public static func axpy(
    count: Int, alpha: Float, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    cblas_saxpy(Int32(count), alpha, x, 1, y, 1)
  }

  /// As `BLASScalar` says.
  public static func dot(
    count: Int, x: UnsafePointer<Float>, y: UnsafePointer<Float>
  ) -> Float {
    cblas_sdot(Int32(count), x, 1, y, 1)
  }

  /// As `BLASScalar` says.
  public static func scale(count: Int, by alpha: Float, x: UnsafeMutablePointer<Float>) {
    cblas_sscal(Int32(count), alpha, x, 1)
  }

  /// As `BLASScalar` says.
  public static func transpose(
    rows: Int, columns: Int, from: UnsafePointer<Float>, stride: Int,
    to: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    transposeBlocks(rows, columns, from, stride, to, targetStride)
  }
}
