import Datasets
import Networks
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("trajectory and the top")
struct TrajectoryTests {
  let data = Problem.classes(30, seed: 1)
  let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]

  @Test("½ trak + ½ ntk-loo, each at unit spread within a query")
  func halves() throws {
    let queries = Problem.classes(5, seed: 2)
    let both = try Problem.model(sources, data, .trajectory).scores(queries)
    let trak = try Problem.model(sources, data, .trak).scores(queries)
    let ntk = try Problem.model(sources, data, .ntkLeaveOneOut).scores(queries)
    func unit(_ row: [Float]) -> [Double] {
      let mean = row.reduce(0) { $0 + Double($1) } / Double(row.count)
      let variance = row.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      return row.map { Double($0) / (variance / Double(row.count)).squareRoot() }
    }
    for q in 0..<5 {
      let expected = zip(unit(trak.row(q)), unit(ntk.row(q))).map { ($0 + $1) / 2 }
      #expect(relativeDifference(both.row(q), expected) < 1e-5)
    }
  }

  @Test("many inputs: the products the checkpoints share give each checkpoint's own scores")
  func sharedProducts() throws {
    let wide = Problem.classes(20, features: 300, seed: 1)
    let queries = Problem.classes(4, features: 300, seed: 2)
    let sources = [
      Problem.source(features: 300, seed: 1), Problem.source(features: 300, seed: 2),
    ]
    let none = ExampleWeight(.none)
    let both = try Problem.model(sources, wide, .trak, weight: none).scores(queries)
    let each = try sources.map {
      try Problem.model([$0], wide, .trak, weight: none).scores(queries).elements
    }
    let mean = zip(each[0], each[1]).map { (Double($0) + Double($1)) / 2 }
    #expect(relativeDifference(both.elements, mean) < 1e-5)
  }

  @Test("a query's scores do not depend on the others in the batch")
  func independent() throws {
    let queries = Problem.classes(6, seed: 2)
    let model = try Problem.model(sources, data, .trajectory)
    let all = try model.scores(queries)
    for q in 0..<6 {
      #expect(relativeDifference(try model.scores(queries.subset([q])).row(0), all.row(q)) < 1e-5)
    }
  }

  @Test("rows that are constant up to rounding have no spread and are left out")
  func constant() {
    let flat = Matrix<Float>(repeating: 0.1, rows: 1, columns: 7)
    let other = Matrix<Float>([1, -1, 1, -1, 1, -1, 0], rows: 1, columns: 7)
    var sum = flat.atUnitSpread(share: 0.5)
    sum.add(other.atUnitSpread(share: 0.5))
    let combined = sum.row(0)
    #expect(combined.allSatisfy { abs($0) < 1 })
    #expect(combined[0] > 0.5 && combined[1] < -0.5)
  }

  @Test("blocks of queries are the rows of the whole, and the mean is their mean")
  func blocks() throws {
    let queries = Problem.classes(9, seed: 2)
    let model = try Problem.model(sources, data, .trak)
    let all = try model.scores(queries)
    var rows = 0
    try model.forEachBlock(of: queries) { range, block in
      for (k, q) in range.enumerated() { #expect(block.row(k) == all.row(q)) }
      rows += range.count
    }
    #expect(rows == 9)
    for method in [Influence.Method.graddot, .gradcos, .trak, .ntkLeaveOneOut] {
      let model = try Problem.model(sources, data, method)
      let each = try model.scores(queries)
      let mean = (0..<30).map { i in (0..<9).reduce(0.0) { $0 + Double(each[$1, i]) } / 9 }
      #expect(relativeDifference(try model.scores(queries, mean: true).row(0), mean) < 1e-5)
    }
  }

  @Test("a run's top is the sorted matrix")
  func runTop() throws {
    let queries = Problem.classes(9, seed: 2)
    let model = try Problem.model(sources, data, .trajectory)
    let all = try model.scores(queries)
    let tops = try model.top(queries, mean: false, limit: 4)
    #expect(tops.count == 9)
    for (q, top) in tops.enumerated() {
      let row = all.row(q)
      let down = row.indices.filter { row[$0] > 0 }.sorted { (-row[$0], $0) < (-row[$1], $1) }
      let up = row.indices.filter { row[$0] < 0 }.sorted { (row[$0], $0) < (row[$1], $1) }
      #expect(top.highest.map(\.row) == Array(down.prefix(4)))
      #expect(top.lowest.map(\.row) == Array(up.prefix(4)))
    }
    let mean = try model.top(queries, mean: true, limit: 4)
    #expect(mean.count == 1)
  }

  @Test(
    "top examples are a stable sort's of each sign, with ties and NaN, for any limit and cut",
    arguments: [UInt64](0..<12))
  func top(seed: UInt64) {
    let stream = RandomStream(seed: seed, purpose: .probe)
    let n = 40
    let scores = (0..<n).map { i -> Float in
      let value = stream.integer(below: 9, at: UInt64(i))
      return value == 8 ? .nan : Float(value) - 4
    }
    for limit in [0, 1, 3, 17, n, n + 5] {
      let down = scores.indices.filter { scores[$0] > 0 }
        .sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(limit)
      let up = scores.indices.filter { scores[$0] < 0 }
        .sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(limit)
      for cut in [1, 7, n] {
        var top = TopExamples(limit: limit)
        for start in stride(from: 0, to: n, by: cut) {
          scores[start..<min(n, start + cut)].withUnsafeBufferPointer {
            top.take($0, from: start)
          }
        }
        #expect(top.highest.map(\.row) == Array(down), "limit \(limit) cut \(cut)")
        #expect(top.lowest.map(\.row) == Array(up), "limit \(limit) cut \(cut)")
        #expect(top.highest.map(\.score) == down.map { scores[$0] })
      }
    }
  }

  @Test("what helped is never among what harmed: a side is shorter, and 0 is on neither")
  func signs() {
    var top = TopExamples(limit: 3)
    for (row, score) in ([2, 0, 5, -0.0, 1, 4] as [Float]).enumerated() {
      top.take(row: row, score: score)
    }
    #expect(top.highest.map(\.row) == [2, 5, 0])
    #expect(top.lowest.isEmpty)
    top.take(row: 6, score: -1)
    #expect(top.lowest.map(\.row) == [6])
  }
}
