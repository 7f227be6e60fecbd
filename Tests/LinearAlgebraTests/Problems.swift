import Tensors

@testable import LinearAlgebra

/// Uniform numbers in [−1, 1) from a seed (SplitMix64).
struct Stream {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) / Double(1 << 52) - 1
  }
}

/// A matrix of uniform numbers.
func uniform<S: BLASScalar>(_ rows: Int, _ columns: Int, seed: Int) -> Matrix<S> {
  var stream = Stream(seed)
  let result = Matrix<S>(uninitialized: rows, columns)
  for i in 0..<result.count { result.storage.base[i] = S(stream.next()) }
  return result
}

/// A matrix with orthonormal columns.
func orthonormal<S: BLASScalar>(_ n: Int, seed: Int) throws -> Matrix<S> {
  try QR(uniform(n, n, seed: seed)).q
}

/// Q diag(λ) Qᵀ with the eigenvalues of `spacedValues`.
func symmetric<S: BLASScalar>(_ n: Int, condition: Double, seed: Int) throws -> Matrix<S> {
  let q: Matrix<S> = try orthonormal(n, seed: seed)
  var scaled = q
  let values = spacedValues(n, condition: condition)
  for row in 0..<n {
    for column in 0..<n { scaled[row, column] *= S(values[column].squareRoot()) }
  }
  return symmetricProduct(MatrixView(scaled))
}

/// Eigenvalues from 1/κ to 1, ascending, dense at the lower end.
func spacedValues(_ n: Int, condition: Double) -> [Double] {
  (0..<n).map { i in
    let share = n == 1 ? 1 : Double(i) / Double(n - 1)
    return 1 / condition + (1 - 1 / condition) * share * share * share
  }
}

/// A positive definite matrix for speed, not for accuracy: B Bᵀ + 8 I with B n × 32.
func dominant<S: BLASScalar>(_ n: Int, seed: Int) -> Matrix<S> {
  var a = symmetricProduct(MatrixView(uniform(n, 32, seed: seed) as Matrix<S>))
  for i in 0..<n { a[i, i] += 8 }
  return a
}

/// max |a − b| over all elements.
func distance<S: BLASScalar>(_ a: Matrix<S>, _ b: Matrix<S>) -> Double {
  zip(a.elements, b.elements).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
}

/// max |a| over all elements.
func largest<S: BLASScalar>(_ a: Matrix<S>) -> Double {
  a.elements.reduce(0) { max($0, abs(Double($1))) }
}

/// The identity.
func identity<S: BLASScalar>(_ n: Int) -> Matrix<S> {
  var result = Matrix<S>(repeating: 0, rows: n, columns: n)
  for i in 0..<n { result[i, i] = 1 }
  return result
}

/// α A B + β C in double precision, term by term.
func plainProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, alpha: Double = 1, beta: Double = 0, c: Matrix<S>? = nil
) -> [Double] {
  let (left, right) = (a.matrix.elements.map(Double.init), b.matrix.elements.map(Double.init))
  let start = c?.elements.map(Double.init) ?? []
  let (m, n, k) = (a.rows, b.columns, a.columns)
  var result = [Double](repeating: 0, count: m * n)
  result.withUnsafeMutableBufferPointer { result in
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        for i in 0..<m {
          for p in 0..<k {
            let factor = alpha * left[i * k + p]
            for j in 0..<n { result[i * n + j] += factor * right[p * n + j] }
          }
        }
      }
    }
    if beta != 0 { for i in 0..<m * n { result[i] += beta * start[i] } }
  }
  return result
}

/// max |a − b| against a plain result.
func distance<S: BLASScalar>(_ a: Matrix<S>, _ b: [Double]) -> Double {
  zip(a.elements, b).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}
