import Components
import Tensors
import Testing
import TestSupport

@Suite("Curves of removal")
struct RemovalCurveTests {
  @Test("On a network that is linear in its masks the weights say every point")
  func linear() throws {
    let sample = ComponentSample(hidden: [50], queries: 4)
    let study = try sample.study(in: try ScratchFolder())
    let estimate = try ComponentMethod.loo.estimator.estimate(study)
    let before = study.passes
    let curve = try study.removalCurve(estimate)
    #expect(study.passes == before, "a curve is none of the estimate's passes")
    let truth = try sample.outputs().values(Matrix(repeating: 1, rows: 1, columns: 50))
    #expect(abs(curve.full - Double(truth.elements.reduce(0, +)) / 4) < 1e-6)
    for order in RemovalCurve.Order.allCases {
      let points = try #require(curve.points[order])
      // Powers of 20^(1/11), each once.
      #expect(points.map(\.removed) == [1, 2, 3, 4, 5, 7, 9, 12, 15, 20])
      for point in points { #expect(abs(point.output - point.predicted) < 1e-5, "\(order)") }
    }
  }

  @Test("The best first lower the output most, the worst least, random ones between them")
  func order() throws {
    let sample = ComponentSample(hidden: [40, 30], queries: 20)
    let study = try sample.study(in: try ScratchFolder(), .margin, share: 0.1)
    let estimate = try ComponentMethod.expected.estimator.estimate(study)
    let curve = try study.removalCurve(estimate)
    let ends = try RemovalCurve.Order.allCases.map { try #require(curve.points[$0]?.last) }
    #expect(ends.map(\.removed) == [28, 28, 28])
    #expect(ends[0].output < ends[2].output && ends[2].output < ends[1].output)
    #expect(ends[0].predicted < ends[2].predicted && ends[2].predicted < ends[1].predicted)
    // One component: the first of each order is the one of the extreme weight.
    let weights = estimate.weights
    let first = try #require(curve.points[.best]?.first)
    #expect(first.removed == 1)
    #expect(abs(curve.full - first.predicted - (weights.max() ?? 0)) < 1e-9)
  }

  @Test("Of few components at least one is taken away")
  func few() throws {
    let sample = ComponentSample(hidden: [2], queries: 3)
    let study = try sample.study(in: try ScratchFolder())
    let estimate = try ComponentMethod.loo.estimator.estimate(study)
    #expect(try study.removalCurve(estimate).points[.random]?.map(\.removed) == [1])
  }
}
