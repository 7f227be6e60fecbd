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

  @Test func `distances are roots of means over the examples, then means over networks or pairs`() {
    let set = examples(test: 1)
    #expect(set.data.count == 4 && set.kept == 1..<3 && set.test == 3..<4)
    func values(_ v: [Float]) -> Matrix<Float> { Matrix(v, rows: 4, columns: 1) }
    let truth = [values([0, 0, 0, 0]), values([2, 1, 7, 0]), values([4, 0, 0, 3])]
    let found = UnlearnDistances(values([1, 0, 0, 0]), from: truth, set)
    #expect(found.forgotten == (1 + 1 + 3) / 3.0)
    #expect(found.kept == 5 / 3.0 && found.test == 1)
    let floor = UnlearnDistances(amongst: truth, set)
    #expect(floor.forgotten == (2 + 4 + 2) / 3.0)
    #expect(floor.kept == (5 + 0 + 5) / 3.0 && floor.test == 2)
    #expect(
      UnlearnDistances(values([0, 0, 0, 0]), from: truth, examples(test: 0)).test == nil)
  }

  @Test(arguments: [
    (6.0, 1.0, 1.0, UnlearnOutcome.Verdict.unlearned), (6.1, 1.0, 1.0, .failed),
    (4.0, 1.2, 1.2, .unlearned), (4.0, 1.21, 1.0, .failed), (4.0, 1.0, 2.41, .failed),
    (4.0, 1.0, 2.4, .unlearned),
  ])
  func `half of the distance is to be gone, and the others are to stay`(
    forgotten: Double, kept: Double, test: Double, verdict: UnlearnOutcome.Verdict
  ) {
    let floor = UnlearnDistances(forgotten: 2, kept: 1, test: 2)
    let before = UnlearnDistances(forgotten: 10, kept: 0.5, test: 1)
    let outcome = UnlearnOutcome(
      .matching, right: [true, false, true, true], examples(test: 1),
      distance: UnlearnDistances(forgotten: forgotten, kept: kept, test: test), before: before,
      floor: floor)
    // Above the floor where a test distance of 1.2 would be above 1.2 times that before.
    #expect(outcome.verdict == verdict)
    #expect(outcome.closed == (10 - forgotten) / 8)
    #expect(outcome.forgottenRight == 100 && outcome.testRight == 100)
  }

  @Test func `a network that is as near as another seed has nothing to forget`() {
    let floor = UnlearnDistances(forgotten: 2, kept: 1, test: nil)
    let near = UnlearnDistances(forgotten: 2.1, kept: 1, test: nil)
    let outcome = UnlearnOutcome(
      .ascent, right: [], examples(test: 0), distance: near, before: near, floor: floor)
    #expect(outcome.verdict == .indistinct && outcome.closed == nil)
    let unknown = UnlearnOutcome(
      .ascent, right: [], examples(test: 0), distance: nil, before: nil, floor: nil)
    #expect(unknown.verdict == nil && unknown.testRight == nil)
  }
}
