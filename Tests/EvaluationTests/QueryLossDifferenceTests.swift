import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite("Query loss differences") struct QueryLossDifferenceTests {
  @Test("the most helpful by the mean over queries; of equal ones the first")
  func helpful() {
    let scores = Matrix<Float>([1, 3, 0, 2, 3, -1, 0, 2], rows: 2, columns: 4)
    // Means 2, 1, 0, 2.
    #expect(QueryLossDifference.helpful(1, by: scores) == [0])
    #expect(QueryLossDifference.helpful(3, by: scores) == [0, 1, 3])
  }

  @Test("the loss that rises is positive: means over queries and seeds, by hand")
  func differences() {
    // −ℓ of two queries: the run, then two removals.
    let first = Matrix<Float>([-1, -2, -2, -2, -1, -1.5], rows: 3, columns: 2)
    let second = Matrix<Float>([-1, -1, -1, -2, -1, -1], rows: 3, columns: 2)
    #expect(QueryLossDifference.differences([first]) == [0.5, -0.25])
    #expect(QueryLossDifference.differences([first, second]) == [0.5, -0.125])
  }
}
