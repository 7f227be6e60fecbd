import Testing

@testable import Curation

@Suite("Decoys")
struct DecoyTests {
  /// 1,000 examples of four classes, a tenth of them of the last.
  static let labels = (0..<1_000).map { Int32($0 % 10 == 9 ? 3 : $0 % 3) }

  @Test("uniform decoys change 4 % of the labels, every time to another class", arguments: 0..<5)
  func uniform(seed: Int) {
    let decoys = Decoys.uniform(Self.labels, classes: 4, seed: UInt64(seed))
    #expect(decoys.rows.count == 40 && decoys.rows == decoys.rows.sorted())
    #expect(
      Self.labels.indices.filter { decoys.labels[$0] != Self.labels[$0] } == decoys.rows)
    #expect(decoys.labels.allSatisfy { (0..<4).contains($0) })
    #expect(decoys == .uniform(Self.labels, classes: 4, seed: UInt64(seed)))
    #expect(decoys != .uniform(Self.labels, classes: 4, seed: UInt64(seed) + 100))
  }

  @Test("adaptive decoys are as the suspects are, and never more than 15 % of a class")
  func adaptive() {
    // Ten suspects have label 1 and should be 0: eight of ten pseudo-suspects and suspects.
    let suspects = Array(Self.labels.indices.filter { Self.labels[$0] == 1 }.prefix(10))
    let counts = [300, 300, 300, 100]
    let transitions = LabelTransitions(
      of: suspects, labels: Self.labels, suggested: [Int32](repeating: 0, count: 1_000),
      counts: counts, prior: 0)
    let decoys = Decoys.adaptive(Self.labels, transitions, seed: 1)
    #expect(decoys.rows.count == 40)
    #expect(decoys.rows.allSatisfy { Self.labels[$0] == 0 && decoys.labels[$0] == 1 })

    // Of a class with three examples: one.
    let few = (0..<200).map { Int32($0 < 3 ? 1 : 0) }
    let rare = LabelTransitions(
      of: [5], labels: few, suggested: [Int32](repeating: 1, count: 200), counts: [197, 3],
      prior: 0)
    #expect(Decoys.adaptive(few, rare, seed: 2).rows.count == 1)
  }

  @Test("without suspects every other label is as likely as its class is large")
  func prior() {
    let transitions = LabelTransitions(
      of: [], labels: Self.labels, suggested: Self.labels, counts: [300, 300, 300, 100], prior: 10)
    for given in 0..<4 {
      #expect(transitions.weights[given * 4 + given] == 0)
      for suggested in 0..<4 where suggested != given {
        let expected = 10 * Double(suggested == 3 ? 100 : 300) / 3_000
        #expect(abs(transitions.weights[given * 4 + suggested] - expected) < 1e-12)
      }
    }
    #expect(transitions.pair(at: 0) == (0, 1) && transitions.pair(at: 0.999_999) == (3, 2))
  }

  @Test("hard decoys take their second choice, on examples that are unsure and rightly labelled")
  func hard() {
    let margins = (0..<1_000).map { $0 % 2 == 0 ? Float(0.05) : $0 % 4 == 1 ? 2 : -0.5 }
    let second = Self.labels.map { ($0 + 1) % 4 }
    let decoys = Decoys.hard(Self.labels, margins: margins, second: second, seed: 3)
    #expect(decoys.rows.count == 40)
    #expect(decoys.rows.allSatisfy { margins[$0] > 0 && decoys.labels[$0] == second[$0] })
    // e^(−0.2) against e^(−8): of 500 unsure and 250 sure ones, 0.04 sure ones are expected.
    #expect(decoys.rows.count { margins[$0] > 1 } <= 1)
  }
}
