import Foundation
import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Spectrum estimates")
struct SpectrumTests {
  private func signs(_ n: Int, _ count: Int, seed: Int) -> Matrix<Double> {
    var probes: Matrix<Double> = uniform(n, count, seed: seed)
    for i in 0..<n { for j in 0..<count { probes[i, j] = probes[i, j] < 0 ? -1 : 1 } }
    return probes
  }

  @Test("the exact path has the eigenvalues")
  func exact() throws {
    let values = spacedValues(50, condition: 100)
    let a: Matrix<Double> = try symmetric(50, condition: 100, seed: 1)
    let spectrum = try SpectrumEstimate(exact: a)
    #expect(spectrum.isExact)
    #expect(abs(spectrum.largestEigenvalue - 1) < 1e-13)
    #expect(abs(spectrum.smallestEigenvalue - 0.01) < 1e-13)
    #expect(abs(spectrum.conditionNumber() - 100) < 1e-9)
    #expect(abs(spectrum.meanEigenvalue * 50 - values.reduce(0, +)) < 1e-12)
    let rank = values.reduce(0) { $0 + $1 / ($1 + 0.1) }
    #expect(abs(spectrum.effectiveRank(damping: 0.1) - rank) < 1e-11)
    #expect(abs(spectrum.conditionNumber(damping: 1) - 2 / 1.01) < 1e-12)
  }

  @Test("probes that are a basis and as many steps as rows give the exact traces")
  func complete() throws {
    let a: Matrix<Double> = try symmetric(30, condition: 20, seed: 2)
    let estimate = try SpectrumEstimate(a, probes: identity(30), steps: 200)
    let exact = try SpectrumEstimate(exact: a)
    for power in 1...3 {
      let f = { (x: Double) in pow(x, Double(power)) }
      #expect(abs(estimate.estimateTrace(f) - exact.estimateTrace(f)) < 1e-11)
    }
    #expect(
      abs(estimate.effectiveRank(damping: 0.05) - exact.effectiveRank(damping: 0.05)) < 1e-10)
  }

  @Test("eight probes of signs come within the standard error", arguments: 0..<4)
  func stochastic(seed: Int) throws {
    let n = 300
    let a: Matrix<Double> = try symmetric(n, condition: 1e4, seed: seed)
    let estimate = try SpectrumEstimate(a, probes: signs(n, 8, seed: seed + 50), steps: 40)
    let exact = try SpectrumEstimate(exact: a)
    #expect(!estimate.isExact)
    // Kaniel and Paige: the largest node misses by tan²θ / T²(1 + 2γ), γ the gap below λ_max = 1.
    let gap = 1 - spacedValues(n, condition: 1e4)[n - 2]
    let chebyshev = cosh(39 * acosh(1 + 2 * gap))
    #expect(1 - estimate.largestEigenvalue <= Double(n) / (chebyshev * chebyshev))
    #expect(1 - estimate.largestEigenvalue >= -1e-12)
    #expect(estimate.smallestEigenvalue >= exact.smallestEigenvalue - 1e-12)
    // Var(vᵀ f v) = 2 Σ_{i≠j} f_ij² ≤ 2 Σ f(λ)² for signs: four standard errors.
    for damping in [0.01, 0.1] {
      let f = { (x: Double) in x / (x + damping) }
      let error = (2 * exact.estimateTrace { f($0) * f($0) } / 8).squareRoot()
      #expect(abs(estimate.estimateTrace(f) - exact.estimateTrace(f)) <= 4 * error)
    }
  }

  @Test("a recursion ends when its space is exhausted, in float as well")
  func exhausted() throws {
    // Rank 3: a Krylov space has four dimensions at most.
    let thin: Matrix<Float> = uniform(200, 3, seed: 1)
    let a = symmetricProduct(MatrixView(thin))
    let probes: Matrix<Float> = uniform(200, 2, seed: 2)
    let spectrum = try SpectrumEstimate(a, probes: probes, steps: 50)
    let exact = try SpectrumEstimate(exact: a)
    #expect(
      abs(spectrum.largestEigenvalue - exact.largestEigenvalue)
        <= 200 * Double(Float.ulpOfOne) * exact.largestEigenvalue)
    #expect(spectrum.quadratures.allSatisfy { $0.nodes.count < 20 })
    #expect(abs(spectrum.effectiveRank(damping: 1) - exact.effectiveRank(damping: 1)) < 150)
  }

  @Test("the zero matrix has a spectrum of zeros")
  func zero() throws {
    let a = Matrix<Double>(repeating: 0, rows: 10, columns: 10)
    let spectrum = try SpectrumEstimate(a, probes: signs(10, 2, seed: 1))
    #expect(spectrum.largestEigenvalue == 0 && spectrum.effectiveRank(damping: 1) == 0)
    #expect(spectrum.conditionNumber() == .infinity)
  }

  @Test("a NaN is named")
  func notFinite() {
    var a: Matrix<Double> = dominant(10, seed: 1)
    a[2, 7] = .nan
    let probes = signs(10, 1, seed: 1)
    #expect(
      diagnosed { _ = try SpectrumEstimate(a, probes: probes, name: "kernel") }
        as? LinearAlgebraError == .nonFinite(matrix: "kernel", row: 2, column: 7))
  }
}
