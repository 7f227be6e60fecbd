import Tensors

/// Lanczos recursions of several probes side by side: each step is one product with the matrix.
///
///     A q_s = β_s q_{s−1} + α_s q_s + β_{s+1} q_{s+1}
struct Lanczos<S: BLASScalar> {
  /// The recursion of each probe.
  private(set) var recursions: [Recursion]

  /// The tridiagonal matrix of one probe.
  struct Recursion {
    /// α, the diagonal.
    var diagonal: [S] = []
    /// β, beside the diagonal: side[s] couples s and s + 1.
    var side: [S] = []
    /// The largest ‖A q‖ so far, a lower bound of ‖A‖.
    var scale: S = 0
    /// Whether the space reachable from the probe is exhausted.
    var isFinished = false

    /// Nodes and weights of the Gauss quadrature that belongs to the recursion.
    func quadrature(
      name: String
    ) throws(LinearAlgebraError) -> (nodes: [Double], weights: [Double]) {
      let count = diagonal.count
      if count == 0 { return ([], []) }
      var (values, couplings) = (diagonal, side + [0])
      let vectors = Matrix<S>(uninitialized: count, count)
      let info = S.stedc(
        n: count, diagonal: &values, side: &couplings, vectors: vectors.storage.base)
      try requireConverged(info, "Lanczos form of \(name)", count, count, "divide and conquer")
      let first = (0..<count).map { Double(vectors[$0, 0]) }
      let total = first.reduce(0) { $0 + $1 * $1 }
      return (values.map { Double($0) }, first.map { $0 * $0 / total })
    }
  }

  init(_ matrix: Matrix<S>, probes: Matrix<S>, steps: Int) {
    let (n, b) = (matrix.rows, probes.columns)
    recursions = Array(repeating: Recursion(), count: b)
    // basis: for each probe steps × n, a Lanczos vector in each row; current and next: b × n.
    let basis = Matrix<S>(uninitialized: b * steps, n)
    let current = MatrixView(probes).transposed.matrix
    let next = Matrix<S>(uninitialized: b, n)
    for probe in 0..<b { normalise(current.storage.base + probe * n, n) }
    for step in 0..<steps {
      gemm(MatrixView(current), MatrixView(matrix), into: MatrixView(next))
      let states = recursions
      let results = Buffer<S>(uninitialized: 3 * b)
      Workers.run(slices: b) { probe in
        if states[probe].isFinished { return }
        let q = current.storage.base + probe * n
        let w = next.storage.base + probe * n
        let mine = MatrixView(basis).rows(probe * steps..<probe * steps + step + 1)
        (mine.start + step * n).update(from: q, count: n)
        let scale = max(states[probe].scale, norm(w, n))
        let diagonal = S.dot(count: n, x: q, y: w)
        for _ in 0..<2 { orthogonalise(w, against: mine) }
        let length = norm(w, n)
        // What is left is rounding: the space of this probe is exhausted.
        let isRounding = length <= S(n).squareRoot() * S.ulpOfOne * scale
        let result = results.base + 3 * probe
        (result[0], result[1], result[2]) = (diagonal, isRounding ? 0 : length, scale)
        if !isRounding { S.scale(count: n, by: 1 / length, x: w) }
        q.update(from: w, count: n)
      }
      for probe in 0..<b where !recursions[probe].isFinished {
        let result = results.base + 3 * probe
        let coupling = result[1]
        recursions[probe].diagonal.append(result[0])
        recursions[probe].scale = result[2]
        if coupling == 0 || step + 1 == steps {
          recursions[probe].isFinished = true
        } else {
          recursions[probe].side.append(coupling)
        }
      }
      if recursions.allSatisfy(\.isFinished) { break }
    }
  }
}

/// w ← w − Qᵀ (Q w), the rows of Q orthonormal.
private func orthogonalise<S: BLASScalar>(
  _ w: UnsafeMutablePointer<S>, against q: MatrixView<S>
) {
  var shares = [S](repeating: 0, count: q.rows)
  S.gemv(
    transpose: false, m: q.rows, n: q.columns, alpha: 1, a: q.start, lda: q.leading, x: w, beta: 0,
    y: &shares)
  S.gemv(
    transpose: true, m: q.rows, n: q.columns, alpha: -1, a: q.start, lda: q.leading, x: shares,
    beta: 1, y: w)
}

private func norm<S: BLASScalar>(_ x: UnsafePointer<S>, _ n: Int) -> S {
  S.dot(count: n, x: x, y: x).squareRoot()
}

private func normalise<S: BLASScalar>(_ x: UnsafeMutablePointer<S>, _ n: Int) {
  let length = norm(x, n)
  precondition(length > 0, "a probe of length \(length)")
  S.scale(count: n, by: 1 / length, x: x)
}
