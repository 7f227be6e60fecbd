// Letters: n training examples, m right-hand sides.
import LinearAlgebra
import Tensors

/// The Cholesky factor of M = K + λ·diag(s), in the precision that its condition asks for.
///
/// The kernel's entries are sums in fp32: they carry errors of ε‖K‖, and so does an fp32 factor.
/// Where M, scaled to equal diagonals, is conditioned well by a bound that needs no solve,
///
///     κ(diag(s)^(−½) M diag(s)^(−½)) ≤ 1 + ‖diag(s)^(−½) K diag(s)^(−½)‖_F / λ
///                                    ≤ 1 + Σ_i K_ii / (λ s_i)        ≤ `singleConditionLimit`
///
/// (the norm is asked for where the trace does not decide)
/// doubles would only carry the kernel's own rounding further, at half the rate and twice the memory.
/// A Cholesky factor's error does not depend on the scaling (van der Sluis 1969): M is factored as it
/// is. Everything else, weak damping above all, is factored in fp64.
public enum RidgeFactor: Sendable {
  /// In fp32, in the kernel's own place.
  case single(Cholesky<Float>)
  /// In fp64.
  case double(Cholesky<Double>)

  /// Below this many examples fp64 costs nothing one would notice.
  static let singleCountLimit = 1_024
  /// Relative errors of fp32 solves stay near κ · 6e-8 at the worst, 1e-5 as measured.
  static let singleConditionLimit = 1e5

  /// Factors M.
  ///
  /// - Parameters:
  ///   - kernel: n × n, of which only the lower triangle is read; factored in its place in fp32, given up before fp64.
  ///   - damping: λ ≥ 0.
  ///   - scales: s > 0, n values; nil for 1.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` when λ = 0 and K is singular.
  /// - Complexity: n³/3 flops.
  public init(kernel: consuming Matrix<Float>, damping: Double, scales: [Double]?) throws {
    let name = "kernel K + λI"
    let n = kernel.rows
    let added = (0..<n).map { damping * (scales?[$0] ?? 1) }
    let bound = (0..<n).reduce(1.0) { $0 + max(0, Double(kernel[$1, $1])) / added[$1] }
    let isSingle =
      n > Self.singleCountLimit
      && (bound <= Self.singleConditionLimit
        || 1 + kernel.norm(over: added) <= Self.singleConditionLimit)
    if isSingle {
      for i in 0..<n { kernel[i, i] += Float(added[i]) }
      self = .single(try Cholesky(consume kernel, name: name))
    } else {
      var double = (consume kernel).lowerDouble
      for i in 0..<n { double[i, i] += added[i] }
      self = .double(try Cholesky(consume double, name: name))
    }
  }

  /// Whether the factor is in fp32.
  public var isSingle: Bool { if case .single = self { true } else { false } }

  /// n.
  public var order: Int {
    switch self {
    case .single(let factor): factor.order
    case .double(let factor): factor.order
    }
  }

  /// Bytes it holds on to.
  var byteCount: Int {
    switch self {
    case .single(let factor): factor.factor.count * MemoryLayout<Float>.size
    case .double(let factor): factor.factor.count * MemoryLayout<Double>.size
    }
  }

  /// B M⁻¹ of kernel rows, m × n.
  func solve(rows: Matrix<Float>) -> Matrix<Float> {
    switch self {
    case .single(let factor): factor.solve(rows: rows)
    case .double(let factor): factor.solve(rows: rows.double).float
    }
  }

  /// B M⁻¹ with the bits that a `KeptFactor` of this factor gives, m × n.
  ///
  /// Made for few rows; many are faster by `solve(rows:)`.
  public func solve(streaming rows: consuming Matrix<Float>) throws -> Matrix<Float> {
    switch self {
    case .single(let factor): try factor.tiles.solve(rows: rows)
    case .double(let factor): try factor.tiles.solve(rows: rows.double).float
    }
  }

  /// B M⁻¹ of targets, m × n.
  func solve(rows: Matrix<Double>) -> Matrix<Double> {
    switch self {
    case .single(let factor): factor.solve(rows: rows.float).double
    case .double(let factor): factor.solve(rows: rows)
    }
  }

  /// The diagonal of M⁻¹.
  public func inverseDiagonal() -> [Double] {
    switch self {
    case .single(let factor): factor.inverseDiagonal().map { Double($0) }
    case .double(let factor): factor.inverseDiagonal()
    }
  }
}

extension Matrix where Scalar == Float {
  /// ‖diag(d)^(−½) K diag(d)^(−½)‖_F of a symmetric matrix, from its lower triangle.
  fileprivate func norm(over d: [Double]) -> Double {
    let inverses = d.map { 1 / $0 }
    let sums = Buffer<Double>(uninitialized: rows)
    let (source, n) = (storage, rows)
    Workers.run(over: n, grain: 64) { range in
      for i in range {
        let row = source.base + i * n
        var sum = 0.0
        for j in 0..<i { sum += Double(row[j]) * Double(row[j]) * inverses[j] }
        let diagonal = Double(row[i]) * Double(row[i]) * inverses[i]
        sums.base[i] = (2 * sum + diagonal) * inverses[i]
      }
    }
    return (0..<n).reduce(0.0) { $0 + sums.base[$1] }.squareRoot()
  }
}
