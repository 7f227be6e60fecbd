import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite struct MixedProductTests {
  @Test func aSmallOneByHand() {
    // Aᵀ A of [[1, 2], [3, 4]], added to ones; above the diagonal nothing is touched.
    var c = Matrix<Double>(repeating: 1, rows: 2, columns: 2)
    let a = Matrix<Float>([1, 2, 3, 4], rows: 2, columns: 2)
    addSymmetricProduct(ofTransposed: MatrixView(a), to: MatrixView(writing: &c))
    #expect(c.elements == [11, 1, 15, 21])
  }

  @Test(arguments: [(1, 1), (255, 7), (257, 97), (1000, 193), (700, 300)])
  func withinItsBoundOfAPlainLoop(size: (Int, Int)) {
    let (n, k) = size
    let a: Matrix<Float> = uniform(n, k, seed: n)
    var c = Matrix<Double>(repeating: 0, rows: k, columns: k)
    addSymmetricProduct(ofTransposed: MatrixView(a), to: MatrixView(writing: &c))
    let bound = 256 * 0x1p-24 / (1 - 256 * 0x1p-24)
    var worst = 0.0
    for i in 0..<k {
      for j in 0...i {
        var (sum, sizes) = (0.0, 0.0)
        for row in 0..<n {
          let term = Double(a[row, i]) * Double(a[row, j])
          sum += term
          sizes += abs(term)
        }
        #expect(abs(c[i, j] - sum) <= bound * sizes)
        worst = max(worst, abs(c[i, j] - sum) / max(sizes, 1e-30))
      }
    }
    // As random roundings it is far below the bound.
    #expect(worst < 1e-6)
  }

  @Test func sameBitsForAnyNumberOfWorkers() {
    let a: Matrix<Float> = uniform(600, 230, seed: 3)
    let results = [1, 2, 5].map { count in
      Execution.with(workers: count) {
        var c = Matrix<Double>(repeating: 0.25, rows: 230, columns: 230)
        addSymmetricProduct(ofTransposed: MatrixView(a), to: MatrixView(writing: &c))
        return c
      }
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func aKeptFactorSolvesToTheSameBits() throws {
    let a: Matrix<Double> = try symmetric(150, condition: 1e4, seed: 2)
    let made = try Cholesky(a, damping: 0.5)
    let kept = try Cholesky(factor: made.factor, damping: made.damping, norm: made.norm)
    let b: Matrix<Double> = uniform(5, 150, seed: 8)
    #expect(kept.solve(rows: b) == made.solve(rows: b))
    #expect(kept.halfSolve(rows: b) == made.halfSolve(rows: b))
    #expect(kept.logDeterminant == made.logDeterminant)
    #expect(kept.reciprocalCondition == made.reciprocalCondition)
    var broken = made.factor
    broken[7, 7] = 0
    #expect(
      throws: LinearAlgebraError.notPositiveDefinite(
        matrix: "M", order: 150, minor: 8, damping: 0.5)
    ) { try Cholesky(factor: broken, damping: 0.5, norm: 1, name: "M") }
  }
}
