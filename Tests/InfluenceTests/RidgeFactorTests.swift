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
