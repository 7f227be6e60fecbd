import Datasets
import Tensors
import Testing

@testable import Curation

@Suite struct UnlearnTests {
  @Test func `a line of numbers is that of each output, a line of classes has one slope`() {
    // z = 3 ŷ + 1 in the first column, z = −ŷ in the second.
    let predicted = Matrix<Float>([0, 0, 1, 2, 2, 4], rows: 3, columns: 2)
    let numbers = OutputLine(
      Tensor([1, 0, 4, -2, 7, -4], shape: [3, 2]), predicted, centres: false)
    #expect(numbers.slopes == [3, -1] && numbers.intercepts == [1, 0])
    #expect(numbers.values([5, 5]) == [16, -5])
    // Rows less their means: ŷ ∓ (0, .5, 1), z ∓ (1, 2, 3): slope 2, intercepts 1 and −1.
    let classes = OutputLine(
      Tensor([9, 7, 3, -1, 5, -1], shape: [3, 2]),
      Matrix([0, 0, 1, 0, 2, 0], rows: 3, columns: 2), centres: true)
    #expect(classes.slopes == [2, 2] && classes.intercepts == [1, -1])
    #expect(classes.values([4, 0]) == [5, -5])
  }

  private func examples(test: Int) -> UnlearnExamples {
    func numbers(_ count: Int) -> Dataset {
      Dataset(
        inputs: Tensor(repeating: 0, shape: [count, 1]),
        targets: .values(Tensor(repeating: 0, shape: [count, 1])))
    }
    return UnlearnExamples(
      SplitData(train: numbers(3), test: numbers(test), normalisation: .none), forgotten: [2],
      kept: [0, 1])
  }

  @Test func `distances are roots of means over the examples, less what seeds differ by`() {
    let set = examples(test: 1)
    #expect(set.data.count == 4 && set.kept == 1..<3 && set.test == 3..<4)
    func values(_ v: [Float]) -> Matrix<Float> { Matrix(v, rows: 4, columns: 1) }
    let truth = [values([0, 0, 0, 0]), values([2, 1, 7, 0]), values([4, 0, 0, 3])]
    func isNear(_ found: Double?, _ expected: Double) -> Bool {
      abs((found ?? .nan) - expected) < 1e-12
    }
    let seeds = UnlearnDistances(amongst: truth, set)
    let third = 1.0 / 3
    #expect(isNear(seeds.forgotten, 8 * third))
    #expect(isNear(seeds.kept, 10 * third) && seeds.test == 2)
    // Means 2, 1/3, 7/3, 1 with variances 4, 1/3, 49/3, 3. One network: 4/3 of them is taken off.
    let one = UnlearnDistances([values([6, 0, 0, 0])], from: truth, set)
    let ofOne: Double = 16 - 16 * third
    #expect(isNear(one.forgotten, ofOne.squareRoot()))
    #expect(one.kept == 0 && one.test == 0)
    // Two networks, whose mean is compared: 5/6.
    let two = UnlearnDistances([values([8, 4, 0, 9]), values([4, 8, 0, 9])], from: truth, set)
    let ofTwo: Double = 16 - 10 * third
    #expect(isNear(two.forgotten, ofTwo.squareRoot()))
    let (first, second): (Double, Double) = (17 * third, 7 * third)
    let squares: Double = first * first + second * second - 5.0 / 6 * (50 * third)
    #expect(isNear(two.kept, (squares / 2).squareRoot()))
    #expect(isNear(two.test, 61.5.squareRoot()))
    #expect(
      UnlearnDistances([values([0, 0, 0, 0])], from: truth, examples(test: 0)).test == nil)
  }

  @Test(arguments: [
    (5.0, 0.5, 1.0, UnlearnOutcome.Verdict.unlearned), (5.1, 0.5, 1.0, .failed),
    (4.0, 0.6, 1.5, .failed), (4.0, 0.5, 1.5, .unlearned), (4.0, 0.1, 1.6, .failed),
  ])
  func `half of the distance is to be gone, and the others are to stay`(
    forgotten: Double, kept: Double, test: Double, verdict: UnlearnOutcome.Verdict
  ) {
    // On kept examples the distance before, .5, is the limit; on test examples a quarter of two seeds', 1.5.
    let seeds = UnlearnDistances(forgotten: 6, kept: 1, test: 6)
    let before = UnlearnDistances(forgotten: 10, kept: 0.5, test: 1)
    let outcome = UnlearnOutcome(
      .matching, right: [[true, false, true, true], [false, true, true, true]],
      examples(test: 1),
      distance: UnlearnDistances(forgotten: forgotten, kept: kept, test: test), before: before,
      seeds: seeds)
    #expect(outcome.verdict == verdict)
    let closed: Double = 1 - forgotten / 10
    #expect(outcome.closed == closed)
    #expect(outcome.forgottenRight == 50 && outcome.testRight == 100)
  }

  @Test func `a distance that is small beside that of two seeds is none`() {
    let seeds = UnlearnDistances(forgotten: 8, kept: 1, test: nil)
    let near = UnlearnDistances(forgotten: 2, kept: 1, test: nil)
    let outcome = UnlearnOutcome(
      .ascent, right: [], examples(test: 0), distance: near, before: near, seeds: seeds)
    #expect(outcome.verdict == .indistinct && outcome.closed == nil)
    let unknown = UnlearnOutcome(
      .ascent, right: [], examples(test: 0), distance: nil, before: nil, seeds: nil)
    #expect(unknown.verdict == nil && unknown.testRight == nil)
  }
}
