import Factors
import TestSupport
import Tensors
import Testing

@testable import Projections

@Suite("Landmarks")
struct LandmarkTests {
  private func products(_ a: Matrix<Float>, _ i: Int, _ j: Int) -> Double {
    Sample.dot(a.rowsInDouble[i], a.rowsInDouble[j])
  }

  @Test("all examples as landmarks give the exact kernel", arguments: [UInt64(0), 1])
  func exact(seed: UInt64) throws {
    for g in [Sample.dense(30, seed: seed), Sample.sequences(30, seed: seed)] {
      let projector = try LandmarkProjector(drawing: 30, from: g, seed: seed)
      let rows = try projector.project(g).rowsInDouble
      let full = Sample.fullGradients(g)
      #expect(projector.jitter < 1e-6)
      for i in 0..<30 {
        for j in 0...i {
          let size = Sample.norm(full[i]) * Sample.norm(full[j])
          let error = Sample.dot(rows[i], rows[j]) - Sample.dot(full[i], full[j])
          #expect(abs(error) <= 1e-5 * size)
        }
      }
    }
  }

  @Test("landmarks are exact on themselves and never above the kernel elsewhere")
  func lowerBound() throws {
    let g = Sample.dense(40, seed: 3)
    let projector = try LandmarkProjector(drawing: 12, from: g, seed: 5)
    let rows = try projector.project(g).rowsInDouble
    let full = Sample.fullGradients(g)
    for i in 0..<40 {
      let exact = Sample.dot(full[i], full[i])
      let kept = Sample.dot(rows[i], rows[i])
      #expect(kept <= exact * (1 + 1e-5))
      if projector.rows.contains(i) { #expect(kept >= exact * (1 - 1e-5)) }
    }
  }

  @Test("more landmarks keep more of the trace, up to all of it", arguments: [UInt64(0), 9])
  func monotone(seed: UInt64) throws {
    let g = Sample.dense(60, seed: seed)
    let norms = g.squaredNorms()
    var last = 0.0
    for k in [1, 2, 5, 10, 20, 30, 40, 60] {
      let projector = try LandmarkProjector(drawing: k, from: g, seed: seed)
      let share = traceShare(features: try projector.project(g), kernelDiagonal: norms)
      #expect(share > last - 1e-5)
      #expect(share <= 1 + 1e-5)
      last = share
    }
    // 40 coordinates: 60 gradients span them.
    #expect(last > 1 - 1e-5)
  }

  @Test("draws are nested, distinct, reproducible, and differ by seed")
  func draws() throws {
    let long = try LandmarkProjector.drawnRows(20, of: 50, seed: 1)
    #expect(Set(long).count == 20)
    #expect(long.allSatisfy { (0..<50).contains($0) })
    #expect(try LandmarkProjector.drawnRows(7, of: 50, seed: 1) == Array(long.prefix(7)))
    #expect(try LandmarkProjector.drawnRows(20, of: 50, seed: 2) != long)
    for (k, n) in [(0, 5), (6, 5), (1, 0)] {
      #expect(diagnosed { _ = try LandmarkProjector.drawnRows(k, of: n, seed: 0) } != nil)
    }
  }

  @Test("duplicate, zero and tiny landmarks give finite features and the right kernel")
  func degenerate() throws {
    let base = Sample.dense(8, seed: 4)
    var g = base.gathered([0, 1, 0, 0, 2, 1, 3, 3, 4, 5])
    // Example 8 becomes zero, example 9 ten thousand times smaller.
    g = ExampleGradients(
      count: 10,
      blocks: g.blocks.map { block in
        let left = Tensor(
          block.terms[0].left.materialised(count: 10).elements,
          shape: [10, 1, block.leftWidth])
        for o in 0..<block.leftWidth {
          left.storage.base[8 * block.leftWidth + o] = 0
          left.storage.base[9 * block.leftWidth + o] *= 1e-4
        }
        return FactorBlock(
          weight: block.weight, bias: block.bias,
          term: OuterProductTerm(left: .dense(left), right: block.terms[0].right))
      })
    let projector = try LandmarkProjector(
      landmarks: g, rows: Array(0..<10), population: 10, seed: 0)
    let rows = try projector.project(g).rowsInDouble
    let full = Sample.fullGradients(g)
    #expect(projector.jitter > 0 && projector.jitter < 1e-4)
    for i in 0..<10 {
      for j in 0...i {
        let size = Sample.norm(full[i]) * Sample.norm(full[j])
        #expect(abs(Sample.dot(rows[i], rows[j]) - Sample.dot(full[i], full[j])) <= 1e-4 * size)
      }
    }
    #expect(rows[8].allSatisfy { $0 == 0 })
  }

  @Test("landmarks without any gradient are refused")
  func zero() {
    let g = Sample.dense(3, seed: 0)
    let zero = ExampleGradients(
      count: 3,
      blocks: g.blocks.map {
        FactorBlock(
          weight: $0.weight, bias: $0.bias,
          term: OuterProductTerm(
            left: .dense(Tensor(repeating: 0, shape: [3, 1, $0.leftWidth])),
            right: $0.terms[0].right))
      })
    let error = diagnosed { _ = try LandmarkProjector(drawing: 2, from: zero, seed: 0) }
    #expect(error?.what == "All 2 landmarks have a zero gradient.")
  }

  @Test("another choice of rows is another identity")
  func identity() throws {
    let g = Sample.dense(9, seed: 0)
    let a = try LandmarkProjector(drawing: 3, from: g, seed: 0)
    let b = try LandmarkProjector(drawing: 3, from: g, seed: 0)
    let c = try LandmarkProjector(
      landmarks: g.gathered([0, 1, 2]), rows: [0, 1, 2], population: 9, seed: 0)
    #expect(a.identity == b.identity)
    #expect(a.identity != c.identity)
    #expect(a.identity.parameters["population"] == "9")
  }
}

@Suite("Kept landmarks")
struct KeptLandmarkTests {
  @Test("from the factor that was kept, a projector gives the same bits")
  func kept() throws {
    for g in [Sample.dense(30, seed: 4), Sample.sequences(30, seed: 4)] {
      let made = try LandmarkProjector(drawing: 9, from: g, seed: 2)
      let kept = try LandmarkProjector(
        landmarks: g.gathered(made.rows), rows: made.rows, population: 30, seed: 2,
        factor: made.factor, jitter: made.jitter)
      #expect(kept.identity == made.identity && kept.jitter == made.jitter)
      #expect(try kept.project(g) == made.project(g))
    }
  }
}
