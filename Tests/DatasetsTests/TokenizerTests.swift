import Foundation
import TestSupport
import Testing

@testable import Text

/// Tokenizers against the ids and texts that tools/reference/tokenizers_files.py wrote.
@Suite struct TokenizerTests {
  struct Cases: Decodable {
    struct Result: Decodable {
      let ids: [Int]
      let whole: [Int]
      let decoded: String
      let kept: String
      let bytes: [Int]
    }
    struct Case: Decodable {
      let name: String
      let size: Int
      let results: [Result]
    }
    let texts: [String]
    let cases: [Case]
  }

  static let names = [
    "gpt2", "roberta", "llama3", "cl100k", "llama2", "metaspace", "bert", "bert-cased", "words",
    "whitespace",
  ]

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(contentsOf: fixture("Tokenizers/\(name).json"))
  }

  let known: Cases

  init() throws { known = try Fixture.load("Tokenizers/cases.json") }

  /// Swift compares texts up to canonical equivalence.
  func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  @Test("ids and decoded texts are those of the tokenizers library", arguments: names)
  func parity(name: String) throws {
    let expected = try #require(known.cases.first { $0.name == name })
    let tokenizer = try Self.tokenizer(name)
    #expect(tokenizer.vocabulary.count == expected.size)
    for (text, result) in zip(known.texts, expected.results) {
      let ids = try tokenizer.tokens(of: text).map(\.id)
      #expect(ids == result.ids, "\(text.debugDescription)")
      let template = tokenizer.template
      #expect(template.prefix + ids + template.suffix == result.whole)
      let decoded = tokenizer.text(of: result.ids)
      #expect(isSame(decoded, result.decoded), "\(decoded.debugDescription) for \(result.decoded)")
      let kept = tokenizer.text(of: result.ids, .kept)
      #expect(isSame(kept, result.kept), "\(kept.debugDescription) for \(result.kept)")
    }
  }

  @Test("each token says at which byte of the text it begins", arguments: ["gpt2", "cl100k"])
  func offsets(name: String) throws {
    let expected = try #require(known.cases.first { $0.name == name })
    let tokenizer = try Self.tokenizer(name)
    for (text, result) in zip(known.texts, expected.results) {
      let bytes = Array(text.utf8)
      // The library knows characters only: a token within one begins where it does. Of cl100k it
      // trims the spaces.
      let found = try tokenizer.tokens(of: text).map { token in
        var place = token.byte
        while place > 0 && bytes[place] & 0xC0 == 0x80 { place -= 1 }
        return place
      }
      for (place, wanted) in zip(found, result.bytes) {
        let isTrimmed = text.utf8.dropFirst(place).prefix(max(0, wanted - place))
          .allSatisfy { [9, 10, 11, 12, 13, 32].contains($0) || $0 >= 128 }
        #expect(place == wanted || (name == "cl100k" && place < wanted && isTrimmed), "\(text)")
      }
    }
  }

  @Test("what gpt2 encodes it decodes to the same bytes, whatever they are")
  func roundTrip() throws {
    let tokenizer = try Self.tokenizer("gpt2")
    var state = UInt64(7)
    for seed in 0..<50 {
      var text = String.UnicodeScalarView()
      for _ in 0..<40 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let bound: UInt64 = [0x80, 0x800, 0x3000, 0x11_0000][Int(state >> 60) % 4]
        if let scalar = Unicode.Scalar(UInt32(state >> 20 % 64) % UInt32(bound)) {
          text.append(scalar)
        }
      }
      let tokens = try tokenizer.tokens(of: String(text))
      let again = tokenizer.text(of: tokens.map(\.id))
      #expect(isSame(again, String(text)), "seed \(seed)")
    }
  }

  @Test("pieces are the texts of tokens alone; bytes that are none are written as such")
  func pieces() throws {
    let gpt2 = try Self.tokenizer("gpt2")
    let text = "to be, é€"
    let ids = try gpt2.tokens(of: text).map(\.id)
    let pieces = gpt2.pieces(of: ids)
    #expect(pieces.joined().hasPrefix("to be, "))
    #expect(pieces.joined().hasSuffix("\\xc3\\xa9\\xe2\\x82\\xac"))
    let llama = try Self.tokenizer("llama2")
    #expect(
      llama.pieces(of: try llama.tokens(of: "the king€").map(\.id)).joined()
        == " the king\\xe2\\x82\\xac")
    let bert = try Self.tokenizer("bert")
    #expect(
      bert.pieces(of: try bert.tokens(of: "Speaking up").map(\.id)).joined() == " speaking up")
    #expect(gpt2.pieces(of: [-1, 10_000]) == ["", ""])
    #expect(gpt2.text(of: [-1, 10_000]) == "")
  }

  @Test("byte pairs by the heap are those of merging the first best pair again and again")
  func plainMerges() throws {
    guard case .file(let parts) = try Self.tokenizer("gpt2").form,
      case .bytePairs(let model) = parts.model
    else { return #expect(Bool(false), "not byte pairs") }
    for (seed, text) in known.texts.enumerated() {
      let word = ByteAlphabet.mapped(TextPiece(text)).scalars
      var ids = word.compactMap { model.ids[[$0]] }
      while true {
        let ranks = zip(ids, ids.dropFirst()).map {
          model.merges[BytePairModel.key($0, $1)]?.rank ?? .max
        }
        guard let best = ranks.min(), best < .max, let place = ranks.firstIndex(of: best),
          let merge = model.merges[BytePairModel.key(ids[place], ids[place + 1])]
        else { break }
        ids.replaceSubrange(place...place + 1, with: [merge.id])
      }
      #expect(model.tokens(of: word).map(\.id) == ids, "text \(seed)")
    }
  }

  @Test("a long word is not quadratic: four times the letters take less than ten times the work")
  func longWord() throws {
    guard case .file(let parts) = try Self.tokenizer("llama2").form,
      case .bytePairs(let model) = parts.model
    else { return #expect(Bool(false), "not byte pairs") }
    /// Seconds of this thread, which other processes do not lengthen.
    func seconds(_ count: Int) -> Double {
      let word = Array(String(repeating: "the king and ", count: count).unicodeScalars)
      let times = (0..<3).map { _ in
        var (start, end) = (timespec(), timespec())
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        #expect(model.tokens(of: word).count > count)
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        return Double(end.tv_sec - start.tv_sec) + 1e-9 * Double(end.tv_nsec - start.tv_nsec)
      }
      return times.min() ?? 0
    }
    _ = seconds(10)
    #expect(seconds(800) < 10 * seconds(200))
  }
}
