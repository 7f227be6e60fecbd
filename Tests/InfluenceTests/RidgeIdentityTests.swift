import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Influence

/// Identities of ridge regression that hold for any kernel, damping and scales: closed forms against
/// refits by plain loops in double.
@Suite("Identities of ridge models")
struct RidgeIdentityTests {
  /// A kernel of rank k, its targets (n × 2), and scales that differ by a factor of four or are nil.
  private struct Case {
    let kernel: Plain.Rows
    let targets: Plain.Rows
    let scales: [Double]?
    let damping: Double
    let ridge: KernelRidge

    init(n: Int = 13, rank: Int = 7, seed: UInt64, damping: Double, isScaled: Bool) throws {
      let (kernel, targets, matrix) = SpectrumTests.problem(n, rank, seed: seed)
      (self.kernel, self.targets, self.damping) = (kernel, targets, damping)
      let draws = Problem.values([n], seed: seed, index: 9)
      scales = isScaled ? (0..<n).map { 0.5 + 1.5 / Double(1 + abs(draws[$0])) } : nil
      ridge = try KernelRidge(kernel: matrix, damping: damping, scales: scales)
    }

    var n: Int { kernel.count }

    /// λ s_i.
    func added(_ i: Int) -> Double { damping * (scales?[i] ?? 1) }

    var inverse: Plain.Rows {
      Plain.inverse(Plain.damped(kernel, by: (0..<n).map(added)))
    }

    /// The prediction of target c at row i from the examples `rows` alone.
    func refit(at i: Int, from rows: [Int], target c: Int) -> Double {
      let part = rows.enumerated().map { place, a in
        rows.enumerated().map { other, b in kernel[a][b] + (place == other ? added(a) : 0) }
      }
      let alpha = Plain.apply(Plain.inverse(part), rows.map { targets[$0][c] })
      return Plain.dot(rows.map { kernel[i][$0] }, alpha)
    }

    var targetMatrix: Matrix<Double> {
      Matrix(targets.flatMap { $0 }, rows: n, columns: 2)
    }

    /// α_S = (M⁻¹Y)_S.
    func dual(_ group: [Int]) -> Matrix<Double> {
      let columns = (0..<2).map { c in Plain.apply(inverse, targets.map { $0[c] }) }
      return Matrix(
        group.flatMap { i in columns.map { $0[i] } }, rows: group.count, columns: 2)
    }
  }

  static let seeds: [UInt64] = [0, 1, 2, 3]

  @Test("solves and the inverse's diagonal are those of Gauss", arguments: seeds, [false, true])
  func solves(seed: UInt64, isScaled: Bool) throws {
    let model = try Case(seed: seed, damping: 0.7, isScaled: isScaled)
    let inverse = model.inverse
    let rows = Problem.values([3, model.n], seed: seed, index: 5)
    let found = model.ridge.solve(rows: Matrix(rows.elements, rows: 3, columns: model.n))
    let expected = Plain.products(
      (0..<3).map { row in (0..<model.n).map { Double(rows[row, $0]) } }, inverse)
    #expect(relativeDifference(found.elements, expected.flatMap { $0 }) < 1e-5, "seed \(seed)")
    let diagonal = (0..<model.n).map { inverse[$0][$0] }
    #expect(relativeDifference(model.ridge.inverseDiagonal(), diagonal) < 1e-5, "seed \(seed)")
  }

  @Test(
    "leave-one-out residuals are those of n refits", arguments: seeds, [(0.05, false), (0.7, true)])
  func leaveOneOut(seed: UInt64, kind: (damping: Double, isScaled: Bool)) throws {
    let model = try Case(seed: seed, damping: kind.damping, isScaled: kind.isScaled)
    let found = model.ridge.leaveOneOutResiduals(
      targets: model.targetMatrix, inverseDiagonal: model.ridge.inverseDiagonal())
    for i in 0..<model.n {
      let others = (0..<model.n).filter { $0 != i }
      for c in 0..<2 {
        let expected = model.targets[i][c] - model.refit(at: i, from: others, target: c)
        #expect(abs(found[i, c] - expected) < 1e-4 * max(1, abs(expected)), "seed \(seed) \(i)")
      }
    }
  }

  @Test(
    "a group's residuals are those of one refit without it", arguments: seeds,
    [[4], [0, 12], [3, 5, 7, 9], [11, 2, 6, 1, 8, 10]])
  func groups(seed: UInt64, group: [Int]) throws {
    let model = try Case(seed: seed, damping: 0.5, isScaled: seed % 2 == 1)
    let found = try model.ridge.groupResiduals(group, dual: model.dual(group))
    let others = (0..<model.n).filter { !group.contains($0) }
    for (place, i) in group.enumerated() {
      for c in 0..<2 {
        let expected = model.targets[i][c] - model.refit(at: i, from: others, target: c)
        #expect(abs(found[place, c] - expected) < 1e-4 * max(1, abs(expected)), "seed \(seed) \(i)")
      }
    }
    if group.count == 1 {
      let alone = model.ridge.leaveOneOutResiduals(
        targets: model.targetMatrix, inverseDiagonal: model.ridge.inverseDiagonal())
      #expect(relativeDifference(found.elements, alone.row(group[0])) < 1e-5)
    }
  }

  @Test("the order of a group does not matter to its residuals", arguments: seeds)
  func order(seed: UInt64) throws {
    let model = try Case(seed: seed, damping: 0.5, isScaled: true)
    let (group, turned) = ([2, 8, 5], [5, 2, 8])
    let one = try model.ridge.groupResiduals(group, dual: model.dual(group))
    let other = try model.ridge.groupResiduals(turned, dual: model.dual(turned))
    #expect(
      relativeDifference(other.elements, [2, 0, 1].flatMap { Array(one.row($0)) }) < 1e-10)
  }

  @Test("leverages sum to the effective rank, are within 0 and 1, and fall with the damping")
  func leverages() throws {
    for seed in Self.seeds {
      var before = [Double](repeating: 1 + 1e-5, count: 13)
      for damping in [0.01, 0.3, 4] {
        let (_, _, matrix) = SpectrumTests.problem(13, 7, seed: seed)
        let spectrum = try RidgeSpectrum(kernel: matrix)
        let report = DampingRule.value(damping).report(
          meanEigenvalue: spectrum.meanEigenvalue, spectrum: spectrum, choices: nil)
        let ridge = DualRidge(
          try KernelRidge(kernel: matrix, damping: damping), report: report,
          isZero: [Bool](repeating: false, count: 13))
        let found = ridge.leverages()
        let sum = found.reduce(0, +)
        #expect(
          abs(sum - spectrum.effectiveRank(damping: damping)) < 1e-3, "seed \(seed), \(damping)")
        #expect(zip(found, before).allSatisfy { $0 >= 0 && $0 < $1 }, "seed \(seed), \(damping)")
        before = found
      }
    }
  }

  @Test("damping far above the kernel leaves the targets as residuals, and solves rows over it")
  func heavy() throws {
    let model = try Case(seed: 2, damping: 1e7, isScaled: true)
    let residuals = model.ridge.leaveOneOutResiduals(
      targets: model.targetMatrix, inverseDiagonal: model.ridge.inverseDiagonal())
    #expect(relativeDifference(residuals.elements, model.targets.flatMap { $0 }) < 1e-4)
    let rows = Problem.values([1, model.n], seed: 1)
    let solved = model.ridge.solve(rows: Matrix(rows.elements, rows: 1, columns: model.n))
    let expected = (0..<model.n).map { Double(rows[$0]) / model.added($0) }
    #expect(relativeDifference(solved.elements, expected) < 1e-4)
  }

  @Test("leverages of features that are hardly damped are those of the hat matrix in double")
  func hatMatrix() throws {
    // Linear regression: the features are (x, 1), so that the plain hat matrix is known.
    let data = Problem.numbers(30, seed: 6)
    let source = Problem.source(hidden: [], outputs: 1, seed: 1)
    let rows = (0..<30).map { i in (0..<4).map { Double(data.inputs[i, $0]) } + [1] }
    let gram = Plain.gram(rows)
    // A condition beyond 10⁷: fp32 would be wrong in the third digit.
    let damping = 1e-9 * Plain.trace(gram) / 30
    let folder = try ScratchFolder()
    let model = try Problem.features(
      [source], data,
      ScoringOptions(
        method: .trak, classification: false, outputFunction: .prediction,
        exampleWeight: ExampleWeight(.none),
        damping: .value(damping)), in: folder.path)
    let inverse = Plain.inverse(Plain.damped(gram, damping))
    let expected = rows.map { Plain.dot($0, Plain.apply(inverse, $0)) }
    let found = try model.selfInfluence()
    #expect(relativeDifference(found, expected) < 1e-6)
    #expect(abs(found.reduce(0) { $0 + Double($1) } - 5) < 1e-5)
  }

  @Test("scales are a whitening: cross-validation chooses on diag(s)^(−½) K diag(s)^(−½)")
  func whitening() throws {
    for seed in Self.seeds {
      let model = try Case(seed: seed, damping: 0.5, isScaled: true)
      let scales = try #require(model.scales)
      let roots = scales.map { 1 / $0.squareRoot() }
      var white: [Float] = []
      for i in 0..<model.n {
        for j in 0..<model.n {
          let entry: Double = model.kernel[i][j] * roots[i] * roots[j]
          white.append(Float(entry))
        }
      }
      let whitened = try RidgeSpectrum(
        kernel: Matrix(white, rows: model.n, columns: model.n))
      let plain = Matrix(
        model.kernel.flatMap { $0.map { Float($0) } }, rows: model.n, columns: model.n)
      let scaled = try RidgeSpectrum(kernel: plain, scales: scales)
      #expect(relativeDifference(scaled.eigenvalues, whitened.eigenvalues) < 1e-5, "seed \(seed)")
      #expect(abs(scaled.largest / whitened.largest - 1) < 1e-5)
    }
  }

  @Test("the spectrum of a matrix of known eigenvalues has them, and every figure that follows")
  func known() throws {
    for seed in Self.seeds {
      let q = try QR(
        Matrix<Double>(
          Problem.values([6, 6], seed: seed).elements.map { Double($0) }, rows: 6, columns: 6)
      ).q
      let values = [0.5, 1, 2, 3, 5, 8.5]
      let kernel = Matrix<Float>(
        (0..<36).map { place in
          let (i, j) = (place / 6, place % 6)
          return Float((0..<6).reduce(0.0) { $0 + q[i, $1] * values[$1] * q[j, $1] })
        }, rows: 6, columns: 6)
      let spectrum = try RidgeSpectrum(kernel: kernel)
      #expect(relativeDifference(spectrum.eigenvalues, values) < 1e-5, "seed \(seed)")
      #expect(abs(spectrum.meanEigenvalue - 20.0 / 6) < 1e-4)
      #expect(abs(spectrum.conditionNumber(damping: 1.5) - 10.0 / 2) < 1e-4)
      let rank = values.reduce(0) { $0 + $1 / ($1 + 1.5) }
      #expect(abs(spectrum.effectiveRank(damping: 1.5) - rank) < 1e-4, "seed \(seed)")
      #expect(spectrum.numericalRank == 6)
    }
  }
}

@Suite("Arithmetic of scores")
struct ScoreArithmeticTests {
  private func scores(_ seed: UInt64) -> Matrix<Float> {
    Matrix(Problem.values([4, 9], seed: seed).elements, rows: 4, columns: 9)
  }

  @Test(
    "rows at unit spread have deviation 1 and their order, one by one",
    arguments: 0..<4 as Range<UInt64>)
  func spread(seed: UInt64) {
    let plain = scores(seed)
    let found = plain.atUnitSpread(share: 0.5)
    for row in 0..<4 {
      let values = found.row(row).map { Double($0) }
      let mean = values.reduce(0, +) / 9
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 9).squareRoot()
      #expect(abs(deviation - 0.5) < 1e-6, "seed \(seed)")
      #expect(zip(values, plain.row(row)).allSatisfy { ($0 > 0) == ($1 > 0) })
    }
    // A row alone is what it is among others.
    let alone = Matrix(Array(plain.row(2)), rows: 1, columns: 9).atUnitSpread(share: 0.5)
    #expect(Array(alone.row(0)) == Array(found.row(2)))
  }

  @Test("rows without spread become 0, and NaNs are no part of it")
  func degenerate() {
    let same = Matrix<Float>(repeating: 3, rows: 1, columns: 4).atUnitSpread(share: 1)
    #expect(same.elements == [0, 0, 0, 0])
    let holes = Matrix<Float>([.nan, 1, 3, .nan], rows: 1, columns: 4)
    #expect(holes.inverseSpread(row: 0) == 1)
    let found = holes.atUnitSpread(share: 2)
    #expect(found[0, 0].isNaN && found[0, 1] == 2 && found[0, 2] == 6)
    let none = Matrix<Float>([.nan, .nan], rows: 1, columns: 2)
    #expect(none.inverseSpread(row: 0) == 0)
  }

  @Test("columns, rows and sums are scaled element by element", arguments: 0..<3 as Range<UInt64>)
  func scaling(seed: UInt64) {
    let (a, b) = (scores(seed), scores(seed + 10))
    var columns = a
    columns.multiplyColumns(by: (0..<9).map { Float($0) - 4 })
    let rows = a.scaled(rows: [0.5, -1, 0, 2])
    var sum = a
    sum.add(b, times: -0.25)
    sum.scale(by: 3)
    var divided = a
    divided.divide(rows: [2, 0, 4, 1], [1, 2, 4, 8, 0, 1, 1, 1, 1])
    for i in 0..<4 {
      for j in 0..<9 {
        #expect(columns[i, j] == a[i, j] * (Float(j) - 4))
        #expect(rows[i, j] == a[i, j] * [0.5, -1, 0, 2][i])
        #expect(abs(sum[i, j] - 3 * (a[i, j] - 0.25 * b[i, j])) < 1e-5)
        let by = [2, 0, 4, 1][i] * [1, 2, 4, 8, 0, 1, 1, 1, 1][j] as Float
        #expect(divided[i, j] == (by == 0 ? 0 : a[i, j] / by))
      }
    }
    // Values: another matrix with the same storage is not changed.
    #expect(a.elements == scores(seed).elements)
  }

  @Test("parts by position move to the token that is predicted")
  func delayed() {
    let parts = Matrix<Float>([1, 2, 3, 4, 5, 6], rows: 2, columns: 3)
    #expect(parts.delayed.elements == [0, 1, 2, 0, 4, 5])
    #expect(Matrix<Float>([7, 8], rows: 2, columns: 1).delayed.elements == [0, 0])
  }

  static let errors: [(InfluenceError, String)] = [
    (
      .noFeatures(of: "trace", available: "margin"),
      """
      error: there are no features of trace
        at:  features of margin
        fix: collect them, or score on the exact kernel (‹kernel: exact›)
      """
    ),
    (
      .noSteps(path: "P/r/steps.h5", run: "r"),
      """
      error: the training of r kept no gradients of its steps
        at:  P/r/steps.h5
        fix: train it with `save: {projector: kronecker, at: steps}` in the run file's `training`, \
      or leave ‹kernel› out
      """
    ),
    (
      .noRate(method: "tracin", checkpoint: "seed-0/epoch-2"),
      """
      error: tracin needs the learning rate that training had at each checkpoint
        at:  seed-0/epoch-2
        fix: use graddot, which is per unit of learning rate, or write the `training` of these \
      weights, all its epochs, into the run file and import again
      """
    ),
    (
      .groupNeedsDamping,
      """
      error: the ridge model behind trak has no residuals with damping 0: no group can be deleted \
      from it
        at:  ‹damping›
        fix: use ‹damping: mean›, or a number above 0
      """
    ),
    (
      .noDynamics(weight: "trajectory", run: "r"),
      """
      error: example weight 'trajectory' needs the training's dynamics
        at:  r
        fix: train with Ascribe (dynamics are kept by default), or use ‹exampleWeight: leaveOneOut›
      """
    ),
    (
      .unknownWeight("finale", known: ["final", "none"]),
      """
      error: there is no example weight 'finale'
        at:  ‹exampleWeight›
        fix: choose one of final, none
      """
    ),
    (
      .noStore(path: "P/r/train.h5", run: "r", method: "ntk-loo"),
      """
      error: no features were collected
        at:  P/r/train.h5
        fix: collect them: ascribe collect r ‹method: ntk-loo›
      """
    ),
  ]

  @Test("errors are told with their place and their remedy", arguments: errors.indices)
  func words(index: Int) {
    let (error, text) = Self.errors[index]
    #expect(error.description == text)
  }
}
