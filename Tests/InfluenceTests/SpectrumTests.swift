import Foundation
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Damping")
struct SpectrumTests {
  /// A kernel of known features: n × n of rank at most k, with noise-free and noisy targets.
  static func problem(_ n: Int, _ k: Int, seed: UInt64) -> (Plain.Rows, Plain.Rows, Matrix<Float>) {
    let features = Problem.values([n, k], seed: seed)
    let rows = (0..<n).map { i in (0..<k).map { Double(features[i, $0]) } }
    let kernel = Plain.products(rows, rows)
    let noise = Problem.values([n, 2], seed: seed, index: 3)
    let targets = (0..<n).map { i in
      [rows[i][0] + Double(noise[i, 0]), rows[i][1] + 0.3 * Double(noise[i, 1])]
    }
    return (
      kernel, targets, Matrix(kernel.flatMap { $0.map { Float($0) } }, rows: n, columns: n)
    )
  }

  static func grid(_ mean: Double) -> [Double] {
    (-16...12).map { mean * pow(10, Double($0) / 4) }
  }

  @Test("GCV and leave-one-out choose what brute force chooses", arguments: [UInt64(0), 1, 2, 3])
  func choices(seed: UInt64) throws {
    let n = 16
    let (kernel, targets, matrix) = Self.problem(n, 6, seed: seed)
    let spectrum = try RidgeSpectrum(kernel: matrix)
    let mean = Plain.trace(kernel) / Double(n)
    var best = (gcv: (Double.infinity, 0.0), loo: (Double.infinity, 0.0))
    for damping in Self.grid(mean) {
      let inverse = Plain.inverse(Plain.damped(kernel, damping))
      var (residual, loo) = (0.0, 0.0)
      for c in 0..<2 {
        let y = targets.map { $0[c] }
        // Residuals y − K(K + λ)⁻¹y of the fit, and errors of the n refits.
        let fitted = Plain.apply(kernel, Plain.apply(inverse, y))
        residual += zip(y, fitted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        for i in 0..<n {
          let prediction = Plain.ridge(
            kernel: kernel, targets: y, rows: (0..<n).filter { $0 != i }, damping: damping,
            query: kernel[i])
          loo += (y[i] - prediction) * (y[i] - prediction)
        }
      }
      let freedom = 1 - Plain.trace(Plain.products(kernel, inverse)) / Double(n)
      let gcv = residual / Double(n) / (freedom * freedom)
      if gcv < best.gcv.0 { best.gcv = (gcv, damping) }
      if loo < best.loo.0 { best.loo = (loo, damping) }
    }
    let found = spectrum.choices(
      targets: Matrix(targets.flatMap { $0 }, rows: n, columns: 2))
    #expect(abs(found.generalisedCrossValidation / best.gcv.1 - 1) < 1e-6)
    #expect(abs(found.leaveOneOut / best.loo.1 - 1) < 1e-6)
  }

  @Test("effective rank and condition number by hand, damped and not")
  func figures() throws {
    let kernel = Matrix<Float>([4, 0, 0, 0, 2, 0, 0, 0, 0], rows: 3, columns: 3)
    let spectrum = try RidgeSpectrum(kernel: kernel)
    #expect(spectrum.isExact)
    #expect(spectrum.meanEigenvalue == 2)
    #expect(abs(spectrum.largest - 4) < 1e-6)
    #expect(abs(spectrum.effectiveRank(damping: 2) - (4.0 / 6 + 0.5)) < 1e-6)
    #expect(abs(spectrum.conditionNumber(damping: 2) - 3) < 1e-6)
    #expect(spectrum.numericalRank == 2)
    #expect(spectrum.effectiveRank(damping: 0) == 2)
    #expect(spectrum.conditionNumber(damping: 0) == .infinity)
  }

  @Test("rows of a sample are the same every time, ascending, all when they fit")
  func sample() {
    let limit = RidgeSpectrum.sampleLimit
    #expect(RidgeSpectrum.sampledRows(of: limit) == Array(0..<limit))
    let rows = RidgeSpectrum.sampledRows(of: 3 * limit)
    #expect(rows == RidgeSpectrum.sampledRows(of: 3 * limit))
    #expect(rows.count == limit && Set(rows).count == limit && rows == rows.sorted())
    #expect(rows != RidgeSpectrum.sampledRows(of: 3 * limit, seed: 1))
    #expect(rows.allSatisfy { 0..<3 * limit ~= $0 })
  }

  @Test("a sample's eigenvalues are enlarged to the whole kernel's")
  func enlarged() throws {
    // Four equal rows of a kernel of eight equal ones: largest eigenvalue 8, not 4.
    let ones = Matrix<Float>(repeating: 1, rows: 4, columns: 4)
    let spectrum = try RidgeSpectrum(
      sampleKernel: ones, rows: [0, 2, 4, 6], count: 8, meanEigenvalue: 1)
    #expect(!spectrum.isExact)
    #expect(abs(spectrum.largest - 8) < 1e-6)
    #expect(abs(spectrum.effectiveRank(damping: 8) - 0.5) < 1e-6)
  }

  @Test("every rule gives its λ, and the report what it is worth")
  func rules() throws {
    let (kernel, targets, matrix) = Self.problem(16, 6, seed: 5)
    let y = Matrix(targets.flatMap { $0 }, rows: 16, columns: 2)
    let mean = Double(matrix.meanOfDiagonal)
    #expect(abs(mean / (Plain.trace(kernel) / 16) - 1) < 1e-6)
    let choices = try RidgeSpectrum(kernel: matrix).choices(targets: y)
    for (rule, expected) in [
      (DampingRule.standard, mean), (.timesMeanEigenvalue(2.5), 2.5 * mean), (.value(0.3), 0.3),
      (.value(0), 0), (.generalisedCrossValidation, choices.generalisedCrossValidation),
      (.leaveOneOut, choices.leaveOneOut),
    ] {
      for diagnose in [false, true] {
        let report = try rule.choose(for: matrix, diagnose: diagnose) { y }
        #expect(report.damping == expected)
        #expect(report.rule == rule.description)
        #expect(report.meanEigenvalue == mean)
        let needs = diagnose || rule == .generalisedCrossValidation || rule == .leaveOneOut
        #expect((report.spectrum != nil) == needs)
        #expect((report.leaveOneOut == choices.leaveOneOut) == needs)
        if let spectrum = report.spectrum {
          #expect(spectrum == spectrum.sorted(by: >))
          #expect(report.sampledRows == 16)
          #expect(report.effectiveRank?.isNaN == false)
          #expect(report.conditionNumber?.isNaN == false)
        }
      }
    }
  }

  @Test("the report's lines are these")
  func lines() throws {
    let kernel = Matrix<Float>([4, 0, 0, 2], rows: 2, columns: 2)
    let report = try DampingRule.value(2).choose(for: kernel, diagnose: true) {
      Matrix([1, 0], rows: 2, columns: 1)
    }
    #expect(report.lines.count == 3)
    #expect(report.lines[0] == "damping λ = 2 (2.0; mean eigenvalue 3)")
    #expect(
      report.lines[2] == "  largest eigenvalue 4, condition number 1.5, effective rank 1.167"
        + " (from 2 rows)")
  }

  @Test("λ = 0 on a singular kernel is an error of the solve, not a number")
  func singular() throws {
    let kernel = Matrix<Float>(repeating: 1, rows: 4, columns: 4)
    #expect(throws: LinearAlgebraError.self) { _ = try KernelRidge(kernel: kernel, damping: 0) }
  }
}
