import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Triangles in tiles")
struct TriangleTilesTests {
  @Test("a solve small enough to do by hand")
  func byHand() throws {
    // L = [2 0; 1 3], L Lᵀ = [4 2; 2 10]
    let cholesky = try Cholesky(Matrix<Double>([4, 2, 2, 10], rows: 2, columns: 2))
    for edge in [1, 2] {
      let x = try cholesky.tiles(edge: edge).solve(rows: Matrix([10, 14], rows: 1, columns: 2))
      #expect(x.elements == [2, 1], "edge \(edge)")
    }
  }

  @Test("tiles of any edge and any number of rows find the solution that made the problem")
  func solutions() throws {
    for (n, edge) in [(1, 1), (64, 64), (65, 64), (200, 64), (300, 128), (300, 300), (1300, 64)] {
      for m in [0, 1, 4, 5, 70] {
        let a: Matrix<Double> = try symmetric(n, condition: 1e3, seed: n)
        let known: Matrix<Double> = uniform(m, n, seed: m)
        let found = try Cholesky(a).tiles(edge: edge).solve(rows: product(known, a))
        let tolerance = 4 * Double(n + 1) * Double.ulpOfOne * 1e3
        #expect(distance(found, known) <= tolerance, "n \(n), edge \(edge), m \(m)")
      }
    }
  }

  @Test("floats solve as a plain loop in double, within their rounding")
  func plainLoop() throws {
    let n = 150
    let a: Matrix<Float> = try symmetric(n, condition: 1e2, seed: 7)
    let cholesky = try Cholesky(a)
    let b: Matrix<Float> = uniform(3, n, seed: 8)
    let found = try cholesky.tiles(edge: 64).solve(rows: b)
    for row in 0..<3 {
      var x = (0..<n).map { Double(b[row, $0]) }
      for i in 0..<n {
        for j in 0..<i { x[i] -= Double(cholesky.factor[i, j]) * x[j] }
        x[i] /= Double(cholesky.factor[i, i])
      }
      for i in (0..<n).reversed() {
        for j in i + 1..<n { x[i] -= Double(cholesky.factor[j, i]) * x[j] }
        x[i] /= Double(cholesky.factor[i, i])
      }
      for i in 0..<n {
        #expect(abs(Double(found[row, i]) - x[i]) <= 1e2 * Double(n) * 6e-8, "\(row), \(i)")
      }
    }
  }

  @Test("a solve has the same bits for any worker count")
  func workers() throws {
    let a: Matrix<Float> = try symmetric(700, condition: 1e2, seed: 3)
    let tiles = try Cholesky(a).tiles(edge: 64)
    for m in [1, 40] {
      let b: Matrix<Float> = uniform(m, 700, seed: 4)
      let results = try [1, 2, 5].map { workers in
        try Execution.with(workers: workers) { try tiles.solve(rows: b) }
      }
      #expect(results[0] == results[1] && results[0] == results[2], "m \(m)")
    }
  }

  @Test("a tile that cannot be had ends the solve with its error")
  func failure() throws {
    let cholesky = try Cholesky(identity(200) as Matrix<Double>)
    for missing in [(0, 0), (1, 0), (3, 3), (3, 1)] {
      let tiles = HoledTiles(tiles: cholesky.tiles(edge: 64), missing: missing)
      #expect(throws: HoledTiles.Missing.self) {
        _ = try tiles.solve(rows: Matrix<Double>(repeating: 1, rows: 2, columns: 200))
      }
    }
  }
}

private struct HoledTiles: TriangleTiles {
  struct Missing: Error {}
  let tiles: FactorTiles<Double>
  let missing: (row: Int, column: Int)
  var order: Int { tiles.order }
  var edge: Int { tiles.edge }

  func withTile(
    row: Int, column: Int, _ body: (MatrixView<Double>) throws -> Void
  ) throws {
    if (row, column) == missing { throw Missing() }
    try tiles.withTile(row: row, column: column, body)
  }
}
