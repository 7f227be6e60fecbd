/// Linear algebra by plain loops in double.
enum Plain {
  typealias Rows = [[Double]]

  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }

  /// A Bᵀ.
  static func products(_ a: Rows, _ b: Rows) -> Rows { a.map { row in b.map { dot(row, $0) } } }

  /// AᵀA.
  static func gram(_ a: Rows) -> Rows {
    let columns = transposed(a)
    return products(columns, columns)
  }

  static func transposed(_ a: Rows) -> Rows {
    a.isEmpty ? [] : a[0].indices.map { j in a.map { $0[j] } }
  }

  static func damped(_ a: Rows, _ damping: Double) -> Rows {
    var a = a
    for i in a.indices { a[i][i] += damping }
    return a
  }

  static func damped(_ a: Rows, by diagonal: [Double]) -> Rows {
    var a = a
    for i in a.indices { a[i][i] += diagonal[i] }
    return a
  }

  static func trace(_ a: Rows) -> Double { a.indices.reduce(0) { $0 + a[$1][$1] } }

  /// A⁻¹ by Gauss–Jordan with pivots.
  static func inverse(_ matrix: Rows) -> Rows {
    let n = matrix.count
    var a = matrix.enumerated().map { i, row in row + (0..<n).map { $0 == i ? 1.0 : 0 } }
    for c in 0..<n {
      var pivot = c
      for r in c..<n where abs(a[r][c]) > abs(a[pivot][c]) { pivot = r }
      a.swapAt(c, pivot)
      let scale = 1 / a[c][c]
      for j in 0..<2 * n { a[c][j] *= scale }
      for r in 0..<n where r != c && a[r][c] != 0 {
        let factor = a[r][c]
        for j in 0..<2 * n { a[r][j] -= factor * a[c][j] }
      }
    }
    return a.map { Array($0[n...]) }
  }

  /// M b.
  static func apply(_ m: Rows, _ b: [Double]) -> [Double] { m.map { dot($0, b) } }

  /// The kernel ridge model's prediction at `query` from the examples `rows` alone.
  static func ridge(
    kernel: Rows, targets: [Double], rows: [Int], damping: Double, query: [Double]
  ) -> Double {
    let part = rows.map { i in rows.map { kernel[i][$0] } }
    let alpha = apply(inverse(damped(part, damping)), rows.map { targets[$0] })
    return dot(rows.map { query[$0] }, alpha)
  }
}
