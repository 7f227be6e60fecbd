import Datasets
import TestSupport
import Testing

@testable import Text

/// Unigram tokenizers against the ids and texts that tools/reference/unigram_files.py wrote, of ten
/// scripts.
@Suite struct UnigramTests {
  let known: TokenizerTests.Cases

  init() throws { known = try Fixture.load("Unigram/cases.json") }

  @Test(
    "ids, decoded texts and places are those of the tokenizers library",
    arguments: ["t5", "xlmr", "albert", "bytes"])
  func parity(name: String) throws {
    let expected = try #require(known.cases.first { $0.name == name })
    let tokenizer = try Tokenizer(contentsOf: fixture("Unigram/\(name).json"))
    #expect(tokenizer.vocabulary.count == expected.size)
    for (text, result) in zip(known.texts, expected.results) {
      let tokens = try tokenizer.tokens(of: text)
      let ids = tokens.map(\.id)
      #expect(ids == result.ids, "\(text.debugDescription)")
      let template = tokenizer.template
      #expect(template.prefix + ids + template.suffix == result.whole)
      #expect(tokenizer.text(of: result.ids).utf8.elementsEqual(result.decoded.utf8))
      #expect(tokenizer.text(of: result.ids, .kept).utf8.elementsEqual(result.kept.utf8))
    }
  }

  /// Tokens a, b, ab, abc with scores, and an unknown one.
  let model = UnigramModel(
    ids: [["?"]: 0, ["a"]: 1, ["b"]: 2, ["a", "b"]: 3, ["b", "c"]: 4],
    scores: [-9, -1, -2, -2.5, -1], unknown: 0, bytes: nil)

  @Test("the likeliest way is taken: by hand")
  func byHand() {
    func ids(_ word: String) -> [Int32] { model.tokens(of: Array(word.unicodeScalars)).map(\.id) }
    // ab: −2.5 against −1 − 2. abc: a bc at −2 against ab ? at −2.5 − 19.
    #expect(ids("ab") == [3])
    #expect(ids("abc") == [1, 4])
    // x and y are not known: one token for both.
    #expect(ids("xya") == [0, 1])
    #expect(ids("") == [])
  }

  @Test("no other way is likelier: all ways of short words", arguments: 0..<20)
  func exhaustive(seed: Int) {
    var draws = Draws(seed: seed)
    let word = Array(draws.text(of: ["a", "b", "c", "x"], atMost: 8).unicodeScalars)
    func score(_ tokens: [TokenModel.Token]) -> Double {
      // An unknown token may stand for several scalars, each at least score − 10.
      var sum = 0.0
      for (index, token) in tokens.enumerated() {
        let end = index + 1 < tokens.count ? tokens[index + 1].place : word.count
        sum += token.id == 0 ? Double(end - token.place) * -19 : model.scores[Int(token.id)]
      }
      return sum
    }
    func best(_ start: Int) -> Double {
      if start == word.count { return 0 }
      var found = -19 + best(start + 1)
      for end in start + 1...word.count {
        if let id = model.ids[Array(word[start..<end])] {
          found = max(found, model.scores[Int(id)] + best(end))
        }
      }
      return found
    }
    #expect(abs(score(model.tokens(of: word)) - best(0)) < 1e-9, "seed \(seed)")
  }
}
