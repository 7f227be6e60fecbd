import Testing

@testable import Tensors

/// Suggestions for mistyped words, exhaustively over short ones.
@Suite("Nearest words") struct NearestWordTests {
  /// All words of at most four letters a and b: 31.
  static let words: [String] = (0...4).reduce(into: []) { all, length in
    for bits in 0..<1 << length {
      all.append(String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "b" }))
    }
  }

  /// Letters inserted, removed, replaced or swapped with their neighbour, by the recursion itself.
  private func plain(_ a: Substring, _ b: Substring) -> Int {
    guard let x = a.last, let y = b.last else { return max(a.count, b.count) }
    let (shortA, shortB) = (a.dropLast(), b.dropLast())
    var best = min(plain(shortA, b) + 1, plain(a, shortB) + 1)
    best = min(best, plain(shortA, shortB) + (x == y ? 0 : 1))
    if x == shortB.last, shortA.last == y {
      best = min(best, plain(shortA.dropLast(), shortB.dropLast()) + 1)
    }
    return best
  }

  @Test("the distance of any two short words is that of the recursion, and the same both ways")
  func distances() {
    for a in Self.words {
      for b in Self.words {
        let found = editDistance(a, b)
        #expect(found == plain(a[...], b[...]), "\(a) \(b)")
        #expect(found == editDistance(b, a) && (found == 0) == (a == b), "\(a) \(b)")
        #expect(found >= abs(a.count - b.count) && found <= max(a.count, b.count))
      }
    }
  }

  @Test(
    "what is suggested is within a third of the letters, or begins alike",
    arguments: [
      ("epochs", ["epoch", "batch"], "epoch"), ("rat", ["rate", "seed"], "rate"),
      ("dampnig", ["damping", "dumping"], "damping"), ("lr", ["rate", "seed"], nil),
      ("Batch", ["batch"], "batch"), ("momentumm", ["momentum", "moments"], "momentum"),
      ("weight", ["weightDecay", "width"], "weightDecay"), ("we", ["weightDecay"], nil),
      ("rate", ["rate"], nil), ("tain", ["train", "main"], "main"), ("", ["a", "ab"], nil),
      ("abc", [], nil),
    ] as [(String, [String], String?)])
  func suggestions(word: String, known: [String], suggested: String?) {
    #expect(nearest(to: word, among: known) == suggested)
    #expect(nearest(to: word, among: known.reversed()) == suggested)
  }

  @Test("of equally near words the first in the alphabet is suggested, whatever their order")
  func ties() {
    #expect(nearest(to: "cat", among: ["rat", "bat", "hat"]) == "bat")
    #expect(nearest(to: "cat", among: ["hat", "bat", "rat"]) == "bat")
  }
}
