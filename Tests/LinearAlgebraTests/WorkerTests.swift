import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

/// The only suite that changes the number of workers; others do not depend on it.
@Suite("Same bits for any number of workers")
struct WorkerTests {
  /// Whether `body` returns equal values with 1, 2 and 3 workers.
  private func isSame<Value: Equatable>(_ body: () throws -> Value) rethrows -> Bool {
    let results = try [1, 2, 3].map { try Execution.with(workers: $0, body) }
    return results[0] == results[1] && results[0] == results[2]
  }

  @Test("products", arguments: [(700, 600, 100), (64, 128, 784), (20, 30, 40000), (128, 784, 512)])
  func products(m: Int, n: Int, k: Int) {
    let a: Matrix<Float> = uniform(m, k, seed: 1)
    let b: Matrix<Float> = uniform(k, n, seed: 2)
    #expect(isSame { product(a, b) })
    let plan = TilePlan(m: m, n: n, k: k)
    #expect(plan.rowGrain < m || plan.columnGrain < n || plan.depthGrain < k)
  }

  @Test("symmetric products and matrix times vector")
  func symmetric() {
    let a: Matrix<Float> = uniform(700, 200, seed: 1)
    #expect(isSame { symmetricProduct(MatrixView(a)) })
    let x = a.row(3)
    #expect(
      isSame {
        var y = [Float](repeating: 0, count: 700)
        gemv(MatrixView(a), x, into: &y)
        return y
      })
  }

  @Test("Cholesky, its solves and inverses", arguments: [300, 1100])
  func cholesky(n: Int) throws {
    let a: Matrix<Double> = dominant(n, seed: n)
    let b: Matrix<Double> = uniform(70, n, seed: 1)
    #expect(try isSame { try Cholesky(a).factor })
    #expect(try isSame { try Cholesky(a).norm })
    let cholesky = try Cholesky(a)
    #expect(isSame { cholesky.solve(rows: b) })
    #expect(isSame { cholesky.halfSolve(rows: b) })
    #expect(isSame { cholesky.inverseDiagonal() })
    if n < 1000 { #expect(isSame { cholesky.inverse() }) }
  }

  @Test("Cholesky in float")
  func float() throws {
    let a: Matrix<Float> = dominant(600, seed: 2)
    #expect(try isSame { try Cholesky(a).factor })
  }

  @Test("a failed Cholesky names the same minor")
  func failure() {
    var a: Matrix<Double> = dominant(700, seed: 5)
    a[150, 150] = -1
    a[600, 600] = -1
    let expected = LinearAlgebraError.notPositiveDefinite(
      matrix: "matrix", order: 700, minor: 151, damping: 0)
    #expect(isSame { diagnosed { _ = try Cholesky(a) } as? LinearAlgebraError == expected })
    #expect(diagnosed { _ = try Cholesky(a) } as? LinearAlgebraError == expected)
  }

  @Test("eigenvectors and spectrum estimates")
  func eigen() throws {
    let a: Matrix<Double> = dominant(300, seed: 3)
    #expect(try isSame { try SymmetricEigen(a).vectors })
    let probes: Matrix<Double> = uniform(300, 4, seed: 4)
    #expect(
      try isSame {
        try SpectrumEstimate(a, probes: probes, steps: 20).quadratures.flatMap {
          $0.nodes + $0.weights
        }
      })
  }
}
