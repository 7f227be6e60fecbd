import Datasets
import Gradients
import Networks
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Damping by residuals")
struct DampingProfileTests {
  let data = Problem.classes(30, seed: 1)
  let queries = Problem.classes(6, seed: 2)
  let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]

  /// 1 − p of the label, the mean over the sources.
  func residuals() throws -> [Double] {
    let classes = try #require(data.classes)
    return (0..<data.count).map { i in
      sources.reduce(0) {
        $0 + (1 - Double($1.outputs(of: data).softmax()[i, Int(classes[i])])) / 2
      }
    }
  }

  @Test("s is mean over residual, floored at a thousandth of the mean")
  func scales() throws {
    let scales = try #require(DampingProfile.residual.scales([0.1, 0.3, 0.2, 0, -1, 0.6]))
    #expect(relativeDifference(scales, [2, 2 / 3.0, 1, 1000, 1000, 1 / 3.0]) < 1e-6)
    #expect(DampingProfile.uniform.scales([0.1, 0.3]) == nil)
    #expect(DampingProfile.residual.scales([0, 0]) == nil)
    #expect(DampingProfile.residual.scales([.nan, 1]) == [1000, 0.5])
  }

  @Test("trak on the kernel and on features is the weighted ridge of a plain loop")
  func trak() throws {
    let folder = try ScratchFolder()
    let d = try residuals()
    let mean = d.reduce(0, +) / Double(d.count)
    let s = d.map { mean / $0 }
    var expected = [[Double]](
      repeating: [Double](repeating: 0, count: data.count), count: queries.count)
    for source in sources {
      let (phi, query) = (
        try source.full(data, .margin), try source.full(queries, .margin)
      )
      let kernel = Plain.products(phi, phi)
      let lambda = Plain.trace(kernel) / Double(data.count)
      let inverse = Plain.inverse(Plain.damped(kernel, by: s.map { lambda * $0 }))
      for (q, row) in Plain.products(query, phi).enumerated() {
        for (i, value) in Plain.apply(inverse, row).enumerated() {
          expected[q][i] += value * d[i] / 2
        }
      }
    }
    let model = try Problem.model(sources, data, .trak, profile: .residual)
    let flat = expected.flatMap { $0 }
    #expect(relativeDifference(try model.scores(queries).elements, flat) < 1e-5)
    let even = try Problem.model(sources, data, .trak).scores(queries)
    #expect(relativeDifference(even.elements, flat) > 1e-2)
    let primal = try TRAKTests().features(sources, data, model.options, in: folder.path)
    #expect(relativeDifference(try primal.scores(queries).elements, flat) < 1e-5)
    #expect(
      relativeDifference(try primal.selfInfluence(), try model.selfInfluence()) < 1e-5)
  }

  @Test("leave-one-out residuals are those of the weighted ridge fitted without the example")
  func leaveOneOut() throws {
    let source = Problem.source(seed: 3)
    let fit = try LeaveOneOutTests.Regression(source, data, data)
    let s = (0..<30).map { 0.2 + Double($0) / 10 }
    let ridge = try KernelRidge(
      kernel: Matrix(fit.kernel.flatMap { $0.map { Float($0) } }, rows: 30, columns: 30),
      damping: fit.damping, scales: s)
    let found = ridge.leaveOneOutResiduals(
      targets: Matrix(Plain.transposed(fit.targets).flatMap { $0 }, rows: 30, columns: 3),
      inverseDiagonal: ridge.inverseDiagonal())
    let expected = (0..<30).flatMap { i in
      (0..<3).map { c in
        let kept = (0..<30).filter { $0 != i }
        let part = Plain.damped(
          kept.map { a in kept.map { fit.kernel[a][$0] } }, by: kept.map { fit.damping * s[$0] })
        let alpha = Plain.apply(Plain.inverse(part), kept.map { fit.targets[c][$0] })
        return fit.targets[c][i] - Plain.dot(kept.map { fit.kernel[i][$0] }, alpha)
      }
    }
    #expect(relativeDifference(found.elements, expected) < 1e-6)
  }

  @Test("one checkpoint takes the trajectory's residuals, else its leave-one-out residuals")
  func single() throws {
    let recorded = (0..<30).map { Float($0 + 1) / 31 }
    let given = try Problem.model(
      [sources[0]], data, .trajectory, profile: .residual, trajectory: recorded)
    #expect(try given.dampingScales() == DampingProfile.residual.scales(recorded))
    let own = try Problem.model([sources[0]], data, .trajectory, profile: .residual)
    let left = try Problem.model([sources[0]], data, .trak, weight: ExampleWeight(.leaveOneOut))
    #expect(try own.dampingScales() == DampingProfile.residual.scales(left.weights()))
  }

  @Test("cross-validation looks at the whitened kernel")
  func spectrum() throws {
    let (kernel, targets, matrix) = SpectrumTests.problem(16, 20, seed: 5)
    let s = (0..<16).map { 0.5 + Double($0) / 8 }
    let white = kernel.indices.map { i in
      kernel.indices.map { kernel[i][$0] / (s[i] * s[$0]).squareRoot() }
    }
    let spectrum = try RidgeSpectrum(kernel: matrix, scales: s)
    #expect(abs(spectrum.eigenvalues.reduce(0, +) / Plain.trace(white) - 1) < 1e-6)
    let reference = try RidgeSpectrum(
      sampleKernel: Matrix(white.flatMap { $0.map { Float($0) } }, rows: 16, columns: 16),
      rows: Array(0..<16), count: 16, meanEigenvalue: spectrum.meanEigenvalue)
    let plain = Matrix(targets.flatMap { $0 }, rows: 16, columns: 2)
    let whitened = Matrix(
      targets.enumerated().flatMap { i, row in row.map { $0 / s[i].squareRoot() } },
      rows: 16, columns: 2)
    #expect(spectrum.choices(targets: plain) == reference.choices(targets: whitened))
  }

  @Test("numbers and undamped methods have no residual damping, and say so")
  func refusals() throws {
    let text = diagnosed {
      _ = try ScoringOptions(
        method: .trak, classification: false, exampleWeight: nil, dampingProfile: .residual)
    }
    #expect(text?.what.contains("these targets are numbers") == true)
    let undamped = diagnosed {
      _ = try ScoringOptions(
        method: .graddot, classification: true, exampleWeight: nil, dampingProfile: .residual)
    }
    #expect(undamped?.what.contains("graddot has no damping") == true)
    #expect(
      try ScoringOptions(method: .trak, classification: false, exampleWeight: nil).dampingProfile
        == .uniform)
    #expect(
      try ScoringOptions(method: .trajectory, classification: true, exampleWeight: nil)
        .dampingProfile == .residual)
  }
}
