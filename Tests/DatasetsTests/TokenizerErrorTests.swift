import Foundation
import JSON
import TestSupport
import Testing

@testable import Datasets
@testable import Text

/// What a tokenizer.json may not have, by its name and place.
@Suite struct TokenizerErrorTests {
  let folder: DataFolder

  init() throws { folder = try DataFolder() }

  static let model =
    #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}"#

  func failure(_ json: String) throws -> String? {
    try folder.write(json, to: "tokenizer.json")
    return diagnosed { _ = try Tokenizer(contentsOf: folder.path + "/tokenizer.json") }?
      .description.replacingOccurrences(of: folder.path, with: "F")
  }

  @Test("the smallest tokenizer works")
  func smallest() throws {
    #expect(try failure(#"{"model":\#(Self.model)}"#) == nil)
    let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    #expect(try tokenizer.tokens(of: "xaba").map(\.id) == [2, 0])
    #expect(try tokenizer.tokens(of: "xaba").map(\.byte) == [1, 3])
    #expect(tokenizer.text(of: [2, 0]) == "ab a")
    #expect(tokenizer.contentHash != nil)
  }

  @Test("an unknown type is refused with the types that are known")
  func unknownType() throws {
    #expect(
      try failure(#"{"pre_tokenizer":{"type":"UnicodeScripts"},"model":\#(Self.model)}"#) == """
        error: `UnicodeScripts` cannot be read.
          at:  F/tokenizer.json, field pre_tokenizer.type
          fix: write it as Sequence, ByteLevel, Split, Metaspace, Whitespace, WhitespaceSplit, \
        Digits, Punctuation, BertPreTokenizer.
        """)
    #expect(
      try failure(#"{"model":{"type":"WordLevel","vocab":{"a":0}}}"#)?
        .contains("`WordLevel` cannot") == true)
  }

  @Test(
    "unknown fields, types and patterns are named",
    arguments: [
      (#"{"model":MODEL,"postures":1}"#, "field postures", "the field `postures`"),
      (
        #"{"model":{"type":"WordLevel","vocab":{"a":0}}}"#, "field model.type", "`WordLevel` cannot"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}"#,
        "field model.dropout", "dropout of merges"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"shortcuts":true}}"#,
        "field model.shortcuts", "the field `shortcuts`"
      ),
      (
        #"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"x"},"model":MODEL}"#,
        "field normalizer.precompiled_charsmap", "it is no table of characters in base64"
      ),
      (
        #"{"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(?<=a)b"}},"model":MODEL}"#,
        "field pre_tokenizer.pattern.Regex", "(?<= in a pattern"
      ),
      (
        #"{"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"\\p{Han}+"}},"model":MODEL}"#,
        "field pre_tokenizer.pattern.Regex", "`\\p{Han}` in a pattern"
      ),
      (
        #"{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"Odd"}]},"model":MODEL}"#,
        "field pre_tokenizer.pretokenizers[1].type", "`Odd`"
      ),
      (#"{"decoder":{"type":"CTC"},"model":MODEL}"#, "field decoder.type", "`CTC`"),
      (
        #"{"post_processor":{"type":"Strange"},"model":MODEL}"#, "field post_processor.type",
        "`Strange`"
      ),
    ])
  func unsupported(json: String, place: String, what: String) throws {
    let text = try failure(json.replacingOccurrences(of: "MODEL", with: Self.model))
    #expect(text?.contains("at:  F/tokenizer.json, \(place)\n") == true, "\(text ?? "none")")
    #expect(text?.contains(what) == true, "\(text ?? "none")")
  }

  @Test(
    "damage is named with its place",
    arguments: [
      (#"{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}"#, "`a` has the id 0, too"),
      (#"{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}"#, "a whole number from 0"),
      (#"{"model":{"type":"BPE","vocab":{"a":99999},"merges":[]}}"#, "greatest token is 99999"),
      (#"{"model":{"type":"BPE","vocab":{},"merges":[]}}"#, "the vocabulary is empty"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}"#,
        "the vocabulary does not have `b`"
      ),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}"#, "a merge is of two tokens"),
      (#"{"model":{"type":"Unigram","vocab":{"a":0}}}"#, "a list"),
      (#"{"model":{"type":"Unigram","vocab":[]}}"#, "the vocabulary is empty"),
      (#"{"model":{"type":"Unigram","vocab":[["a"]]}}"#, "a pair of a text and a number"),
      (#"{"model":{"type":"Unigram","vocab":[["a","b"]]}}"#, "a finite number"),
      (#"{"model":{"type":"Unigram","vocab":[["a",0],["a",-1]]}}"#, "its id is 1, and 0"),
      (#"{"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":1}}"#, "from 0 to 0"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"?"}}"#,
        "the vocabulary does not have it"
      ),
      (#"{"model":{"type":"BPE","vocab":{"a":0}}}"#, "there is no field `merges`"),
      (#"{"vocab":{"a":0}}"#, "the field `vocab`"),
      (#"{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}"#, "given twice"),
      (#"{"model":"#, "it ends early"),
      (
        #"{"added_tokens":[{"id":5,"content":"a"}],"model":MODEL}"#, "its id is 5, and 0 elsewhere"
      ),
      (
        #"{"post_processor":{"type":"BertProcessing","sep":["x",77],"cls":["a",0]},"model":MODEL}"#,
        "post_processor has the token 77 of 3"
      ),
    ])
  func damage(json: String, what: String) throws {
    let text = try failure(json.replacingOccurrences(of: "MODEL", with: Self.model))
    #expect(text?.contains(what) == true, "\(text ?? "none")")
  }

  @Test("a pattern that would take forever stops with an error")
  func slowPattern() throws {
    let pattern = #"{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(?:a+a?)+$"}}"#
    #expect(
      try failure(#"{"pre_tokenizer":\#(pattern),"model":\#(Self.model)}"#) == nil)
    let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    let text = String(repeating: "a", count: 60) + "b"
    let error = #expect(throws: JSONError.self) { try tokenizer.tokens(of: text) }
    #expect(error?.what.contains("too many steps") == true)
  }

  @Test("steps that double a text again and again stop with an error")
  func growingText() throws {
    let double = #"{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"#
    let steps = Array(repeating: double, count: 40).joined(separator: ",")
    let json = #"{"normalizer":{"type":"Sequence","normalizers":[\#(steps)]},"model":MODEL}"#
    #expect(try failure(json.replacingOccurrences(of: "MODEL", with: Self.model)) == nil)
    let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    #expect(throws: JSONError.self) { try tokenizer.tokens(of: "aaa") }
    let decoder = #"{"decoder":{"type":"Sequence","decoders":[\#(steps)]},"model":MODEL}"#
    #expect(try failure(decoder.replacingOccurrences(of: "MODEL", with: Self.model)) == nil)
    let other = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    #expect(other.text(of: [0, 1]).utf8.count < 1_000_000)
    #expect(other.vocabulary[1] == "b")
  }

  @Test("tokens that are canonically equivalent keep their own ids")
  func canonicalEquivalence() throws {
    let model =
      #"{"type":"BPE","vocab":{"\u00c5":0,"\u212b":1,"A\u030a":2,"A":3,"\u030a":4},"merges":[["A","\u030a"]]}"#
    #expect(try failure(#"{"model":\#(model)}"#) == nil)
    let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    #expect(try tokenizer.tokens(of: "\u{212B}A\u{30A}\u{C5}").map(\.id) == [1, 2, 0])
  }
}
