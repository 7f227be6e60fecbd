import Randomness
import Testing

@testable import Influence

@Suite("top examples")
struct TopExamplesTests {
  /// Scores with many ties, some NaN and infinities.
  private func scores(_ count: Int, seed: UInt64) -> [Float] {
    let stream = RandomStream(seed: seed, purpose: .probe)
    return (0..<count).map { index in
      let value = stream.integer(below: 41, at: UInt64(index))
      return value == 40 ? .nan : value == 39 ? .infinity : Float(value) - 20
    }
  }

  private func sorted(_ scores: [Float], limit: Int) -> (high: [Int], low: [Int]) {
    let rows = scores.indices.filter { !scores[$0].isNaN }
    let high = rows.sorted { (scores[$1], $0) < (scores[$0], $1) }
    let low = rows.sorted { (scores[$0], $0) < (scores[$1], $1) }
    return (Array(high.prefix(limit)), Array(low.prefix(limit)))
  }

  @Test("however the stream is cut and whoever saw which part, it is what sorting gives")
  func property() {
    for seed in UInt64(0)..<20 {
      let stream = RandomStream(seed: seed, purpose: .probe, index: 1)
      let count = 1 + stream.integer(below: 1500, at: 0)
      let limit = stream.integer(below: 12, at: 1)
      let scores = scores(count, seed: seed)
      let expected = sorted(scores, limit: limit)
      var parts = [TopExamples](repeating: TopExamples(limit: limit), count: 3)
      var pieces: [Range<Int>] = []
      var start = 0
      while start < count {
        let size = 1 + stream.integer(below: 400, at: UInt64(2 + start))
        pieces.append(start..<min(count, start + size))
        start += size
      }
      // Pieces out of order: earlier rows displace equal later ones.
      for (index, piece) in pieces.reversed().enumerated() {
        Array(scores[piece]).withUnsafeBufferPointer {
          parts[index % 3].take($0, from: piece.lowerBound)
        }
      }
      var left = parts[0]
      left.merge(parts[1])
      left.merge(parts[2])
      var right = parts[1]
      right.merge(parts[2])
      var outer = parts[0]
      outer.merge(right)
      var ordered = TopExamples(limit: limit)
      scores.withUnsafeBufferPointer { ordered.take($0) }
      for top in [left, outer, ordered] {
        #expect(top.highest.map(\.row) == expected.high, "seed \(seed)")
        #expect(top.lowest.map(\.row) == expected.low, "seed \(seed)")
        #expect(top.highest.allSatisfy { $0.score == scores[$0.row] })
      }
    }
  }
}
