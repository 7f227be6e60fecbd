import Foundation
import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Cholesky")
struct CholeskyTests {
  @Test("a factor small enough to do by hand")
  func byHand() throws {
    let a = Matrix<Double>([4, 2, 2, 10], rows: 2, columns: 2)
    let cholesky = try Cholesky(a)
    #expect(cholesky.factor[0, 0] == 2 && cholesky.factor[1, 0] == 1 && cholesky.factor[1, 1] == 3)
    #expect(cholesky.solve([10, 14]) == [2, 1])
    #expect(abs(cholesky.logDeterminant - log(36)) < 1e-15)
    #expect(cholesky.norm == 12)
    #expect(distance(cholesky.inverse(), [10 / 36, -2 / 36, -2 / 36, 4 / 36]) < 1e-16)
    #expect(abs(cholesky.inverseDiagonal()[0] - 10 / 36) < 1e-16)
    // ‖A⁻¹‖₁ = 12/36
    #expect(abs(cholesky.reciprocalCondition - 0.25) < 1e-15)
  }

  static let sizes = [1, 2, 63, 64, 65, 127, 128, 129, 300]

  @Test("solves find the solution that made the problem", arguments: sizes, [1e1, 1e5])
  func solutions(n: Int, condition: Double) throws {
    for seed in 0..<2 {
      try check(n, condition, seed, Double.self)
      if condition < 1e3 { try check(n, condition, seed, Float.self) }
    }
  }

  private func check<S: BLASScalar>(
    _ n: Int, _ condition: Double, _ seed: Int, _: S.Type
  ) throws {
    let a: Matrix<S> = try symmetric(n, condition: condition, seed: seed)
    let known: Matrix<S> = uniform(5, n, seed: seed + 1)
    let cholesky = try Cholesky(a)
    let epsilon = Double(S.ulpOfOne)
    let tolerance = 4 * Double(n + 1) * epsilon * condition

    let found = cholesky.solve(rows: product(known, a))
    #expect(distance(found, known) <= tolerance * largest(known), "seed \(seed)")

    let half = cholesky.halfSolve(rows: known)
    let gram = product(MatrixView(half), MatrixView(half).transposed)
    let full = product(MatrixView(cholesky.solve(rows: known)), MatrixView(known).transposed)
    #expect(distance(gram, full) <= tolerance * largest(full), "seed \(seed)")

    let inverse = cholesky.inverse()
    #expect(distance(product(inverse, a), identity(n)) <= tolerance, "seed \(seed)")
    #expect(MatrixView(inverse).transposed.matrix == inverse, "seed \(seed)")
    for (i, value) in cholesky.inverseDiagonal().enumerated() {
      #expect(abs(Double(value - inverse[i, i])) <= tolerance * condition, "seed \(seed)")
    }

    let reciprocal = Double(cholesky.reciprocalCondition)
    #expect(reciprocal <= 1.5 * Double(n).squareRoot() / condition || n == 1, "seed \(seed)")
    #expect(reciprocal >= 0.5 / (condition * Double(n)), "seed \(seed)")
    if n > 1 {
      let logarithm = spacedValues(n, condition: condition).reduce(0) { $0 + log($1) }
      #expect(abs(cholesky.logDeterminant - logarithm) <= tolerance * Double(n), "seed \(seed)")
    }
  }

  @Test(
    "the factor times its transpose is the matrix, at every order around a tile edge",
    arguments: [255, 256, 257, 383, 384, 385])
  func reconstructs(n: Int) throws {
    let a: Matrix<Double> = dominant(n, seed: n)
    let l = lowerTriangle(try Cholesky(a).factor)
    let back = product(MatrixView(l), MatrixView(l).transposed)
    #expect(distance(back, a) <= Double(n) * Double.ulpOfOne * largest(a))
  }

  @Test("orders with larger tiles solve as well", arguments: [1030, 2060])
  func large(n: Int) throws {
    let a: Matrix<Double> = dominant(n, seed: n)
    let known: Matrix<Double> = uniform(3, n, seed: 1)
    let cholesky = try Cholesky(a)
    let found = cholesky.solve(rows: product(known, a))
    #expect(distance(found, known) <= 100 * Double(n) * Double.ulpOfOne)
    // The diagonal of the inverse at a few rows, by solving for a column of the identity.
    let diagonal = cholesky.inverseDiagonal()
    for i in [0, 127, 128, 256, 500, n - 1] {
      var column = [Double](repeating: 0, count: n)
      column[i] = 1
      #expect(abs(cholesky.solve(column)[i] - diagonal[i]) <= 1e-13)
    }
  }

  @Test("damping is added to the diagonal")
  func damping() throws {
    var a: Matrix<Double> = try symmetric(40, condition: 10, seed: 3)
    let damped = try Cholesky(a, damping: 0.25)
    for i in 0..<40 { a[i, i] += 0.25 }
    let plain = try Cholesky(a)
    let b: Matrix<Double> = uniform(4, 40, seed: 8)
    #expect(damped.solve(rows: b) == plain.solve(rows: b))
    #expect(damped.norm == plain.norm)
  }

  @Test("the upper triangle is not read, and the caller's copy is not written")
  func lowerTriangleOnly() throws {
    let a: Matrix<Double> = dominant(300, seed: 1)
    var torn = a
    for i in 0..<300 { for j in i + 1..<300 { torn[i, j] = .nan } }
    let before = a.elements
    let b: Matrix<Double> = uniform(2, 300, seed: 2)
    #expect(try Cholesky(torn).solve(rows: b) == (try Cholesky(a)).solve(rows: b))
    #expect(try Cholesky(torn).inverse() == (try Cholesky(a)).inverse())
    #expect(try Cholesky(torn).inverseDiagonal() == (try Cholesky(a)).inverseDiagonal())
    #expect(a.elements == before)
  }

  @Test("triangular solves undo products with the triangle", arguments: [1, 64, 65, 300, 700])
  func triangles(n: Int) throws {
    let l = lowerTriangle(try Cholesky(dominant(n, seed: n) as Matrix<Double>).factor)
    let known: Matrix<Double> = uniform(4, n, seed: 9)
    for transposed in [true, false] {
      let view = MatrixView(l)
      var b = product(MatrixView(known), transposed ? view.transposed : view)
      solveTriangular(rows: MatrixView(writing: &b), lower: view, transposed: transposed)
      #expect(distance(b, known) <= 100 * Double(n) * Double.ulpOfOne)
    }
  }

  @Test("a matrix that is not positive definite names its minor", arguments: [1, 70, 128, 290])
  func notPositive(minor: Int) {
    var a: Matrix<Double> = dominant(300, seed: 5)
    a[minor - 1, minor - 1] = -1
    let error = diagnosed { _ = try Cholesky(a, damping: 0.5, name: "Gram ΦᵀΦ") }
    #expect(
      error as? LinearAlgebraError
        == .notPositiveDefinite(matrix: "Gram ΦᵀΦ", order: 300, minor: minor, damping: 0.5))
    #expect(
      error?.description == """
        error: Gram ΦᵀΦ (300 × 300, damping 0.5) is not positive definite: leading minor \
        \(minor) failed.
          at:  row \(minor - 1) of Gram ΦᵀΦ
          fix: raise the damping above 0.5 (the mean eigenvalue is a good start), or remove \
        row \(minor - 1): it is zero, or a combination of the rows before it.
        """)
  }

  @Test("a NaN or an infinity names its element", arguments: [Double.nan, .infinity])
  func notFinite(value: Double) {
    for (row, column) in [(0, 0), (200, 3), (299, 299), (130, 130)] {
      var a: Matrix<Double> = dominant(300, seed: 5)
      a[row, column] = value
      let error = diagnosed { _ = try Cholesky(a, name: "Gram ΦᵀΦ") }
      #expect(
        error as? LinearAlgebraError == .nonFinite(matrix: "Gram ΦᵀΦ", row: row, column: column))
      #expect(
        error?.description == """
          error: Gram ΦᵀΦ has an element that is NaN or infinite.
            at:  row \(row), column \(column) of Gram ΦᵀΦ
            fix: look for examples whose gradients or outputs overflow, and leave them out.
          """)
    }
  }

  private func lowerTriangle(_ a: Matrix<Double>) -> Matrix<Double> {
    var result = a
    for i in 0..<a.rows { for j in i + 1..<a.rows { result[i, j] = 0 } }
    return result
  }
}
