import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("SymmetricEigen, SVD, QR")
struct DecompositionTests {
  @Test("eigenvalues small enough to do by hand")
  func byHand() throws {
    let a = Matrix<Double>([2, 1, 1, 2], rows: 2, columns: 2)
    let eigen = try SymmetricEigen(a)
    #expect(abs(eigen.values[0] - 1) < 1e-15 && abs(eigen.values[1] - 3) < 1e-15)
    #expect(abs(abs(eigen.vectors[1, 0]) - 0.5.squareRoot()) < 1e-15)
    #expect(abs(eigen.vectors[1, 0] - eigen.vectors[1, 1]) < 1e-15)
  }

  @Test(
    "a symmetric matrix has the eigenvalues and vectors it was made of",
    arguments: [1, 2, 127, 128, 129, 300])
  func eigen(n: Int) throws {
    try checkEigen(n, Double.self)
    try checkEigen(n, Float.self)
  }

  private func checkEigen<S: BLASScalar>(_ n: Int, _: S.Type) throws {
    for seed in 0..<2 {
      let tolerance = 4 * Double(n + 1) * Double(S.ulpOfOne)
      let a: Matrix<S> = try symmetric(n, condition: 100, seed: seed)
      let eigen = try SymmetricEigen(a)
      for (value, expected) in zip(eigen.values, spacedValues(n, condition: 100)) {
        #expect(abs(Double(value) - expected) <= tolerance, "seed \(seed)")
      }
      let v = eigen.vectors
      let gram = product(MatrixView(v), MatrixView(v).transposed)
      #expect(distance(gram, identity(n)) <= tolerance, "seed \(seed)")
      var scaled = v
      for i in 0..<n { for j in 0..<n { scaled[i, j] *= eigen.values[i] } }
      let back = product(MatrixView(v).transposed, MatrixView(scaled))
      #expect(distance(back, a) <= tolerance, "seed \(seed)")
      let alone = try SymmetricEigen.values(of: a)
      for (value, other) in zip(alone, eigen.values) {
        #expect(abs(Double(value - other)) <= tolerance, "seed \(seed)")
      }
    }
  }

  @Test("only the lower triangle is read by eigen")
  func lowerTriangle() throws {
    let a: Matrix<Double> = dominant(60, seed: 1)
    var torn = a
    for i in 0..<60 { for j in i + 1..<60 { torn[i, j] = .nan } }
    #expect(try SymmetricEigen(torn).vectors == (try SymmetricEigen(a)).vectors)
  }

  static let shapes = [(1, 1), (3, 2), (2, 3), (127, 40), (40, 129), (300, 128)]

  @Test("a singular value decomposition multiplies back", arguments: shapes)
  func singular(m: Int, n: Int) throws {
    for seed in 0..<2 {
      let a: Matrix<Double> = uniform(m, n, seed: seed)
      let svd = try SVD(a)
      let r = min(m, n)
      let tolerance = 4 * Double(m + n) * Double.ulpOfOne * Double(m + n).squareRoot()
      var scaled = svd.u
      for i in 0..<m { for j in 0..<r { scaled[i, j] *= svd.values[j] } }
      #expect(distance(product(scaled, svd.vt), a) <= tolerance, "seed \(seed)")
      let left = product(MatrixView(svd.u).transposed, MatrixView(svd.u))
      let right = product(MatrixView(svd.vt), MatrixView(svd.vt).transposed)
      #expect(distance(left, identity(r)) <= tolerance, "seed \(seed)")
      #expect(distance(right, identity(r)) <= tolerance, "seed \(seed)")
      #expect(svd.values == svd.values.sorted(by: >), "seed \(seed)")
      #expect(svd.rank() == r, "seed \(seed)")
    }
  }

  @Test("the rank of a product of thin matrices is their width")
  func rank() throws {
    let thin: Matrix<Double> = uniform(60, 7, seed: 1)
    let wide: Matrix<Double> = uniform(7, 50, seed: 2)
    #expect(try SVD(product(thin, wide)).rank() == 7)
    #expect(try SVD(Matrix<Double>(repeating: 0, rows: 4, columns: 3)).rank() == 0)
  }

  @Test(
    "QR multiplies back, Q orthonormal and R upper triangular",
    arguments: shapes.filter { $0.0 >= $0.1 })
  func qr(m: Int, n: Int) throws {
    let a: Matrix<Float> = uniform(m, n, seed: m)
    let qr = try QR(a)
    let tolerance = 4 * Double(m) * Double(Float.ulpOfOne)
    #expect(distance(product(qr.q, qr.r), a) <= tolerance)
    let gram = product(MatrixView(qr.q).transposed, MatrixView(qr.q))
    #expect(distance(gram, identity(n)) <= tolerance)
    for i in 0..<n { for j in 0..<i { #expect(qr.r[i, j] == 0) } }
  }

  @Test("a NaN is named by every decomposition")
  func notFinite() {
    var a: Matrix<Double> = dominant(20, seed: 5)
    a[11, 4] = .nan
    let expected = LinearAlgebraError.nonFinite(matrix: "K", row: 11, column: 4)
    #expect(diagnosed { _ = try SymmetricEigen(a, name: "K") } as? LinearAlgebraError == expected)
    #expect(
      diagnosed { _ = try SymmetricEigen.values(of: a, name: "K") } as? LinearAlgebraError
        == expected)
    #expect(diagnosed { _ = try SVD(a, name: "K") } as? LinearAlgebraError == expected)
    #expect(diagnosed { _ = try QR(a, name: "K") } as? LinearAlgebraError == expected)
  }

  @Test("the text of an iteration that did not converge")
  func notConverged() {
    let error = LinearAlgebraError.notConverged(
      matrix: "K", rows: 30, columns: 20, method: "divide and conquer", remaining: 3)
    #expect(
      error.description == """
        error: divide and conquer of K (30 × 20) did not converge: 3 values are missing.
          at:  K
          fix: rescale the matrix: its elements span too wide a range for this precision.
        """)
    #expect(
      diagnosed { try requireConverged(3, "K", 30, 20, "divide and conquer") }
        as? LinearAlgebraError == error)
  }
}
