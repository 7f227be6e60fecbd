import Foundation
import Tensors
import TestSupport
import Testing

@testable import LinearAlgebra

/// Identities between factorisations of one matrix, from a known spectrum.
@Suite("Identities between factorisations")
struct IdentityTests {
  static let sizes = [1, 2, 7, 33]
  static let seeds = 0..<3

  @Test("the log determinant is the sum over the eigenvalues", arguments: sizes, seeds)
  func logDeterminant(n: Int, seed: Int) throws {
    let a: Matrix<Double> = try symmetric(n, condition: 50, seed: seed)
    for damping in [0, 0.3] {
      let expected = spacedValues(n, condition: 50).reduce(0) { $0 + log($1 + damping) }
      let found = try Cholesky(a, damping: damping).logDeterminant
      #expect(abs(found - expected) < 1e-11 * Double(n), "seed \(seed)")
      let values = try SymmetricEigen.values(of: a)
      #expect(abs(values.reduce(0) { $0 + log($1 + damping) } - expected) < 1e-11 * Double(n))
    }
  }

  @Test(
    "the trace and the diagonal of the inverse are those of the eigenvectors", arguments: sizes,
    seeds)
  func inverse(n: Int, seed: Int) throws {
    let a: Matrix<Double> = try symmetric(n, condition: 20, seed: seed)
    let factor = try Cholesky(a, damping: 0.1)
    let eigen = try SymmetricEigen(a)
    let diagonal = factor.inverseDiagonal()
    let full = factor.inverse()
    // Rows of `vectors` are the eigenvectors.
    for i in 0..<n {
      let expected = (0..<n).reduce(0.0) { sum, k in
        sum + eigen.vectors[k, i] * eigen.vectors[k, i] / (eigen.values[k] + 0.1)
      }
      #expect(abs(diagonal[i] - expected) < 1e-11 * max(1, expected), "seed \(seed)")
      #expect(abs(full[i, i] - diagonal[i]) < 1e-11 * max(1, expected), "seed \(seed)")
    }
    let trace = spacedValues(n, condition: 20).reduce(0) { $0 + 1 / ($1 + 0.1) }
    #expect(abs(diagonal.reduce(0, +) - trace) < 1e-10 * trace, "seed \(seed)")
  }

  @Test(
    "singular values are the roots of the gram's eigenvalues, and |R| has their product",
    arguments: [(5, 5), (12, 4), (40, 9)], seeds)
  func singular(shape: (Int, Int), seed: Int) throws {
    let (m, n) = shape
    let a: Matrix<Double> = uniform(m, n, seed: seed)
    let values = try SVD(a).values
    let gram = symmetricProduct(MatrixView(a).transposed)
    let eigen = try SymmetricEigen.values(of: gram)
    for (value, square) in zip(values, eigen.reversed()) {
      #expect(abs(value * value - square) < 1e-12 * Double(m) * values[0] * values[0])
    }
    let r = try QR(a).r
    let product = (0..<n).reduce(0.0) { $0 + log(abs(r[$1, $1])) }
    #expect(abs(product - values.reduce(0) { $0 + log($1) }) < 1e-9, "seed \(seed)")
    let norm = a.elements.reduce(0) { $0 + $1 * $1 }
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } - norm) < 1e-12 * norm * Double(n))
  }

  @Test(
    "the singular values of the transpose are the same, its vectors change sides", arguments: seeds)
  func transposed(seed: Int) throws {
    let a: Matrix<Double> = uniform(7, 4, seed: seed)
    let (one, other) = (try SVD(a), try SVD(MatrixView(a).transposed.matrix))
    for k in 0..<4 {
      #expect(abs(one.values[k] - other.values[k]) < 1e-13)
      let along = (0..<7).reduce(0.0) { $0 + one.u[$1, k] * other.vt[k, $1] }
      #expect(abs(abs(along) - 1) < 1e-9, "seed \(seed)")
    }
  }

  @Test(
    "solving and multiplying back is the right-hand side, many at once as one by one",
    arguments: sizes, seeds)
  func solves(n: Int, seed: Int) throws {
    let a: Matrix<Double> = try symmetric(n, condition: 100, seed: seed)
    let factor = try Cholesky(a, damping: 0.05)
    let b: Matrix<Double> = uniform(4, n, seed: seed + 10)
    let solved = factor.solve(rows: b)
    for row in 0..<4 {
      let x = solved.row(row)
      let alone = factor.solve(b.row(row))
      for i in 0..<n {
        let back = (0..<n).reduce(0.05 * x[i]) { $0 + a[i, $1] * x[$1] }
        #expect(abs(back - b[row, i]) < 1e-12 * Double(n), "seed \(seed)")
        #expect(abs(alone[i] - x[i]) < 1e-11 * Double(n), "seed \(seed)")
      }
    }
  }

  @Test("the reciprocal condition is at least that of the norms, and falls with the condition")
  func condition() throws {
    var before = 1.0 + 1e-12
    for condition in [1.0, 10, 1e3, 1e6] {
      let a: Matrix<Double> = try symmetric(12, condition: condition, seed: 3)
      let factor = try Cholesky(a)
      let inverse = factor.inverse()
      func norm(_ m: Matrix<Double>) -> Double {
        (0..<12).map { m.row($0).reduce(0) { $0 + abs($1) } }.max() ?? 0
      }
      let exact = 1 / (norm(a) * norm(inverse))
      let found = Double(factor.reciprocalCondition)
      // LAPACK's estimate of ‖A⁻¹‖ is from below, and within a factor of three.
      #expect(found >= exact * (1 - 1e-9) && found <= 3 * exact, "\(condition)")
      #expect(found < before)
      before = found
    }
  }

  static let words: [ErrorWords] = [
    ErrorWords(
      LinearAlgebraError.notPositiveDefinite(matrix: "gram", order: 4, minor: 3, damping: 0),
      """
      error: gram (4 × 4, damping 0.0) is not positive definite: leading minor 3 failed.
        at:  row 2 of gram
        fix: raise the damping above 0.0 (the mean eigenvalue is a good start), or remove row 2: \
      it is zero, or a combination of the rows before it.
      """),
    ErrorWords(
      LinearAlgebraError.nonFinite(matrix: "kernel", row: 1, column: 7),
      """
      error: kernel has an element that is NaN or infinite.
        at:  row 1, column 7 of kernel
        fix: look for examples whose gradients or outputs overflow, and leave them out.
      """),
    ErrorWords(
      LinearAlgebraError.notConverged(
        matrix: "kernel", rows: 5, columns: 5, method: "divide and conquer", remaining: 2),
      """
      error: divide and conquer of kernel (5 × 5) did not converge: 2 values are missing.
        at:  kernel
        fix: rescale the matrix: its elements span too wide a range for this precision.
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
