import Gradients
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

/// The ridge model on stored features in its two forms: k × k and n × n.
@Suite("forms of the ridge model on features")
struct FeatureRidgeFormsTests {
  static let (rows, columns) = (11, 40)

  private func kernel(
    _ folder: ScratchFolder, zero: [Int] = [], deleted: [Int] = []
  ) throws -> FeatureKernel {
    let data = Problem.classes(Self.rows, seed: 1)
    let source = Problem.source(seed: 2)
    return FeatureKernel(
      try StoreGramTests.store(
        folder / "train.h5", rows: Self.rows, columns: Self.columns, perShard: 4,
        zero: zero, deleted: deleted),
      group: "c",
      projector: try ProjectionChoice(kind: .identity, dimension: 1)
        .projector(for: source, target: .output(.margin), data),
      source: source, target: .output(.margin), data: data)
  }

  private var targets: Matrix<Double> {
    Matrix(Problem.values([Self.rows, 3], seed: 6)).double
  }

  private func choice(scaled: Bool) -> DampingChoice {
    let draws = Problem.values([Self.rows], seed: 5)
    let targets = targets
    return DampingChoice(
      rule: .timesMeanEigenvalue(0.3),
      scales: scaled ? (0..<Self.rows).map { 0.5 + Double(abs(draws[$0])) } : nil,
      diagnoses: false, targets: { targets })
  }

  private func live(_ values: [Double], _ deleted: [Int]) -> [Double] {
    values.indices.filter { !deleted.contains($0 % Self.rows) }.map { values[$0] }
  }

  @Test(
    "n × n says what k × k says: solves, leverages, residuals of one and of groups, directions",
    arguments: [false, true], [[], [2, 9]])
  func forms(scaled: Bool, deleted: [Int]) throws {
    let folder = try ScratchFolder()
    let kernel = try kernel(folder, zero: [4], deleted: deleted)
    let choice = choice(scaled: scaled)
    let (wide, dual) = (
      try PrimalRidge(kernel, choice), try FeatureDualRidge(kernel, choice)
    )
    #expect(abs(dual.report.damping / wide.report.damping - 1) < 1e-6)
    #expect(dual.notes == wide.notes.filter { !$0.contains("zero for every example") })
    #expect(dual.notes.count == 1)

    let queries = Matrix(Problem.values([3, Self.columns], seed: 7))
    let solved = try dual.solve(queries).block(0..<Self.rows)
    let expected = try wide.solve(queries).block(0..<Self.rows)
    #expect(
      relativeDifference(
        live(solved.double.elements, deleted), live(expected.double.elements, deleted)) < 1e-5)
    for row in deleted { #expect((0..<3).allSatisfy { solved[$0, row] == 0 }) }

    #expect(
      relativeDifference(
        live(dual.leverages(), deleted), live(try wide.leverages(), deleted)) < 1e-5)
    #expect(
      relativeDifference(
        live(dual.inverseDiagonal(), deleted), live(try wide.inverseDiagonal(), deleted)) < 1e-5)

    let (one, other) = (
      dual.leaveOneOutResiduals(targets: targets),
      try wide.leaveOneOutResiduals(targets: targets)
    )
    for row in 0..<Self.rows {
      for c in 0..<3 {
        if deleted.contains(row) {
          #expect(one[row, c].isNaN && other[row, c].isNaN)
        } else {
          #expect(abs(one[row, c] - other[row, c]) < 1e-5)
        }
      }
    }

    let group = [0, 5, 7]
    let alpha = Matrix(
      group.flatMap { row in (0..<3).map { one[row, $0] * dual.inverseDiagonal()[row] } },
      rows: group.count, columns: 3)
    #expect(
      relativeDifference(
        try dual.groupResiduals(group, dual: alpha).elements,
        try wide.groupResiduals(group, dual: alpha).elements) < 1e-5)

    guard let products = wide.solve(queries) as? FeatureProducts else {
      Issue.record("products of another form")
      return
    }
    #expect(
      relativeDifference(
        try dual.direction(queries).double.elements, products.coordinates.double.elements) < 1e-5)
  }

  @Test("without damping the direction has the solved products with the examples")
  func undamped() throws {
    let folder = try ScratchFolder()
    let kernel = try kernel(folder)
    let model = try FeatureDualRidge(
      kernel,
      DampingChoice(rule: .value(0), scales: nil, diagnoses: false, targets: { self.targets }))
    let query = Matrix(Problem.values([1, Self.columns], seed: 7))
    let products = try kernel.products(try model.direction(query)).block(0..<Self.rows)
    let solved = try model.solve(query).block(0..<Self.rows)
    #expect(relativeDifference(products.double.elements, solved.double.elements) < 1e-4)
  }

  @Test("the n × n form from twice as many features as examples on")
  func choice() throws {
    #expect(FeatureDualRidge.suits(rows: 20, columns: 40))
    #expect(!FeatureDualRidge.suits(rows: 20, columns: 39))
    let folder = try ScratchFolder()
    #expect(try kernel(folder).ridge(choice(scaled: false)) is FeatureDualRidge)
  }

  @Test("nothing but zeros is refused")
  func zeros() throws {
    let folder = try ScratchFolder()
    let kernel = try kernel(folder, zero: Array(0..<Self.rows))
    #expect(throws: InfluenceError.self) {
      try FeatureDualRidge(kernel, choice(scaled: false))
    }
  }
}
