import LinearAlgebra
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Precision of the ridge factor")
struct RidgeFactorTests {
  static let n = RidgeFactor.singleCountLimit + 6

  /// K = Φ Φᵀ of 40 random features.
  static let kernel: Matrix<Float> = {
    let features = Matrix<Float>(uninitialized: n, 40)
    RandomStream(seed: 3, purpose: .probe).fillGaussian(features.storage.base, count: n * 40)
    return product(MatrixView(features), MatrixView(features).transposed)
  }()

  static let scales = (0..<n).map { $0 % 7 == 0 ? 20 : 0.5 + Double($0 % 3) }

  func isSingle(damping: Double) throws -> Bool {
    let factor = try RidgeFactor(
      kernel: Self.kernel, damping: damping, scales: Self.scales)
    if case .single = factor { return true }
    return false
  }

  @Test("mean-eigenvalue damping is factored in fp32, a thousandth of it in fp64")
  func choice() throws {
    let mean = Double(Self.kernel.meanOfDiagonal)
    #expect(try isSingle(damping: mean))
    #expect(try !isSingle(damping: mean / 1_000))
  }

  @Test("where the trace does not decide, the norm of the kernel does")
  func norm() throws {
    // A rank of 40 with eigenvalues near 1/40 of the trace: the norm is 1/√40 of it.
    let even = (0..<Self.n).map { _ in 1.0 }
    let mean = Self.kernel.meanOfDiagonal
    let trace = mean * Double(Self.n)
    for (share, expected) in [(0.5, true), (0.02, false)] {
      let damping = trace / RidgeFactor.singleConditionLimit * share
      let factor = try RidgeFactor(kernel: Self.kernel, damping: damping, scales: even)
      #expect(factor.isSingle == expected, "\(share)")
    }
  }

  @Test("a factor reads nothing above the diagonal")
  func lowerOnly() throws {
    var half = Self.kernel
    for i in 0..<Self.n { for j in i + 1..<Self.n { half[i, j] = .nan } }
    for damping in [1.0, 1e-3].map({ $0 * Self.kernel.meanOfDiagonal }) {
      let whole = try RidgeFactor(kernel: Self.kernel, damping: damping, scales: Self.scales)
      let lower = try RidgeFactor(kernel: half, damping: damping, scales: Self.scales)
      #expect(whole.isSingle == lower.isSingle)
      #expect(whole.inverseDiagonal() == lower.inverseDiagonal())
      let (a, b) = (
        try RidgeSpectrum(kernel: Self.kernel, scales: Self.scales),
        try RidgeSpectrum(kernel: half, scales: Self.scales)
      )
      #expect(a.eigenvalues == b.eigenvalues)
    }
  }

  @Test("few examples are factored in fp64")
  func few() throws {
    let kernel = Matrix<Float>([2, 1, 1, 2], rows: 2, columns: 2)
    guard case .double = try RidgeFactor(kernel: kernel, damping: 1, scales: nil) else {
      Issue.record("fp32")
      return
    }
  }

  @Test("fp32 and fp64 agree to 1e-5 in solves and 1e-6 in the inverse's diagonal")
  func precision() throws {
    let damping = Double(Self.kernel.meanOfDiagonal)
    let single = try RidgeFactor(
      kernel: Self.kernel, damping: damping, scales: Self.scales)
    let double = Self.kernel.double
    for i in 0..<Self.n { double.storage.base[i * Self.n + i] += damping * Self.scales[i] }
    let reference = try Cholesky(double)
    let rows = Matrix(Self.kernel.row(5) + Self.kernel.row(800), rows: 2, columns: Self.n)
    #expect(
      relativeDifference(
        single.solve(rows: rows).elements, reference.solve(rows: rows.double).elements) < 1e-5)
    #expect(relativeDifference(single.inverseDiagonal(), reference.inverseDiagonal()) < 1e-6)
  }
}
