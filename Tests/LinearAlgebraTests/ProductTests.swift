import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Products")
struct ProductTests {
  @Test("a product small enough to do by hand")
  func byHand() {
    let a = Matrix<Double>([1, 2, 3, 4], rows: 2, columns: 2)
    let b = Matrix<Double>([5, 6, 7, 8], rows: 2, columns: 2)
    #expect(product(a, b).elements == [19, 22, 43, 50])
    #expect(product(MatrixView(a).transposed, MatrixView(b)).elements == [26, 30, 38, 44])
    var y: [Double] = [1, 1]
    gemv(MatrixView(a), [1, 2], into: &y, alpha: 2, beta: 3)
    #expect(y == [13, 25])
    #expect(symmetricProduct(MatrixView(a)).elements == [5, 11, 11, 25])
  }

  static let shapes = [
    (1, 1, 1), (2, 3, 4), (127, 5, 9), (128, 129, 17), (300, 64, 33), (5, 300, 128), (3, 2, 9000),
    (30, 31, 9000), (400, 300, 120),
  ]

  @Test("every orientation agrees with a plain loop", arguments: shapes)
  func orientations(m: Int, n: Int, k: Int) {
    check(m, n, k, Float.self)
    check(m, n, k, Double.self)
  }

  private func check<S: BLASScalar>(_ m: Int, _ n: Int, _ k: Int, _: S.Type) {
    let tolerance = Double(k + 2) * Double(S.ulpOfOne) * Double(k)
    for seed in 0..<2 {
      let a = MatrixView(uniform(m, k, seed: seed) as Matrix<S>)
      let b = MatrixView(uniform(k, n, seed: seed + 10) as Matrix<S>)
      let start: Matrix<S> = uniform(m, n, seed: seed + 20)
      let expected = plainProduct(a, b, alpha: -2, beta: 0.5, c: start)
      let (at, bt) = (MatrixView(a.transposed.matrix), MatrixView(b.transposed.matrix))
      for (left, right) in [(a, b), (at.transposed, b), (a, bt.transposed)] {
        var c = start
        gemm(left, right, into: MatrixView(writing: &c), alpha: -2, beta: 0.5)
        #expect(distance(c, expected) <= tolerance, "seed \(seed)")
        var serial = start
        gemmSerial(left, right, into: MatrixView(writing: &serial), alpha: -2, beta: 0.5)
        #expect(serial == c, "seed \(seed)")
      }
      var ct = MatrixView(start).transposed.matrix
      let target = MatrixView(writing: &ct).transposed
      gemm(at.transposed, bt.transposed, into: target, alpha: -2, beta: 0.5)
      #expect(distance(target.matrix, expected) <= tolerance, "seed \(seed)")
    }
  }

  @Test("a product of rectangles reads and writes nothing outside them")
  func rectangles() {
    let a: Matrix<Float> = uniform(20, 30, seed: 1)
    let b: Matrix<Float> = uniform(30, 20, seed: 2)
    var c = Matrix<Float>(repeating: 7, rows: 10, columns: 10)
    let (left, right) = (MatrixView(a)[3..<8, 4..<13], MatrixView(b)[1..<10, 2..<6])
    let target = MatrixView(writing: &c)[2..<7, 5..<9]
    gemm(left, right, into: target)
    #expect(distance(target.matrix, plainProduct(left, right)) < 1e-5)
    for row in 0..<10 {
      for column in 0..<10 where !(2..<7).contains(row) || !(5..<9).contains(column) {
        #expect(c[row, column] == 7)
      }
    }
  }

  @Test("β = 0 forgets a NaN in the result")
  func forgetsContents() {
    for (m, n, k) in [(2, 2, 2), (300, 300, 100), (8, 8, 9000), (4, 4, 0)] {
      var c = Matrix<Float>(repeating: .nan, rows: m, columns: n)
      let a = Matrix<Float>(repeating: 1, rows: m, columns: k)
      let b = Matrix<Float>(repeating: 1, rows: k, columns: n)
      gemm(MatrixView(a), MatrixView(b), into: MatrixView(writing: &c))
      #expect(c == Matrix(repeating: Float(k), rows: m, columns: n))
    }
  }

  @Test(
    "a matrix times its transpose is symmetric and agrees with a plain loop",
    arguments: [(1, 1), (2, 5), (127, 40), (129, 200), (300, 300)])
  func symmetric(n: Int, k: Int) {
    let a: Matrix<Double> = uniform(n, k, seed: n)
    let c = symmetricProduct(MatrixView(a))
    let view = MatrixView(a)
    let tolerance = Double((k + 2) * k) * Double.ulpOfOne
    #expect(distance(c, plainProduct(view, view.transposed)) <= tolerance)
    #expect(MatrixView(c).transposed.matrix == c)
    let lower = lowerProduct(view)
    for i in 0..<n { #expect(lower.row(i)[...i] == c.row(i)[...i], "row \(i)") }
    let other = symmetricProduct(view.transposed)
    #expect(
      distance(other, plainProduct(view.transposed, view)) <= Double((n + 2) * n) * .ulpOfOne)
    #expect(MatrixView(other).transposed.matrix == other)
  }

  @Test("gemv agrees with gemm in both orientations")
  func vectors() {
    let a: Matrix<Double> = uniform(200, 3000, seed: 4)
    let x: [Double] = (uniform(1, 3000, seed: 5) as Matrix<Double>).elements
    var y = [Double](repeating: .nan, count: 200)
    gemv(MatrixView(a), x, into: &y)
    let expected = product(a, Matrix(x, rows: 3000, columns: 1))
    #expect(distance(expected, y) < 3000 * 3000 * Double.ulpOfOne)
    var back = [Double](repeating: 1, count: 3000)
    gemv(MatrixView(a).transposed, y, into: &back, beta: 1)
    let adjoint = zip(x, back).reduce(0) { $0 + $1.0 * ($1.1 - 1) }
    let square = y.reduce(0) { $0 + $1 * $1 }
    #expect(abs(adjoint - square) <= 3000 * Double.ulpOfOne * square * 10)
  }

  @Test("a tensor's product keeps its leading dimensions")
  func tensors() {
    let a = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 1, 2])
    let b = Tensor([1, 0, 1, 1], shape: [2, 2])
    let c = matmul(a, b)
    #expect(c.shape == [3, 1, 2])
    #expect(c.elements == [3, 2, 7, 4, 11, 6])
  }

  @Test("empty products")
  func empty() {
    let none = Matrix<Double>(repeating: 0, rows: 0, columns: 3)
    #expect(product(none, uniform(3, 2, seed: 0)).rows == 0)
    let sum = product(MatrixView(none).transposed, MatrixView(none))
    #expect(sum == Matrix(repeating: 0, rows: 3, columns: 3))
  }

  @Test(
    "lower tiles cover the diagonal and what is below it once",
    arguments: [(1, 1), (10, 3), (300, 64), (129, 128)])
  func tiles(order: Int, grain: Int) {
    var counts = [Int](repeating: 0, count: order * order)
    for (rows, columns) in lowerTiles(order: order, grain: grain) {
      for i in rows { for j in columns { counts[i * order + j] += 1 } }
    }
    for i in 0..<order {
      for j in 0...i where counts[i * order + j] != 1 { Issue.record("element \(i), \(j)") }
    }
  }

  @Test("large products are cut, small ones are not, and a deep one along its depth")
  func plans() {
    let small = TilePlan(m: 64, n: 10, k: 64)
    #expect(small.rowGrain == 64 && small.columnGrain == 10 && small.depthGrain == 64)
    let large = TilePlan(m: 5000, n: 5000, k: 784)
    #expect(large.rowGrain <= 640 && large.columnGrain <= 2560 && large.depthGrain == 784)
    let thin = TilePlan(m: 64, n: 128, k: 784)
    #expect(thin.rowGrain == 64 && thin.columnGrain == 64)
    let deep = TilePlan(m: 64, n: 64, k: 1_000_000)
    #expect(deep.rowGrain == 64 && deep.depthGrain < 100_000)
  }
}
