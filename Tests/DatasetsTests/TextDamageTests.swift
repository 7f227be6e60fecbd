import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Text

/// Damaged tokenizers and JSON lines are read or refused with a diagnosable error; nothing ends the
/// process, nothing hangs.
@Suite struct TextDamageTests {
  static let seeds = fuzzSeeds(100)

  static let words = [
    "-1", "18446744073709551615", "9223372036854775807", "16777215", "0", "[]", "{}", "null",
    "true", "1e999", "1.5", "\"\"", "\\ud800", "\\u0000", "\"", ",", ":", "[[[[[[[[", "{\"a\":",
    "\"type\":", "(a*)*", "(a|a)+$", "[^", "\\\\p{L}", "{99,}", "(?!", "Metaspace", "ByteLevel",
    "Sequence", "WordPiece", "Regex", "String", "\u{E9}", "\u{1F600}", "\u{0}",
  ]

  /// Every part once, in a small file.
  static let tokenizer = #"""
    {"version":"1.0","added_tokens":[{"id":9,"content":"<e>","single_word":false,"lstrip":true,"rstrip":true,"normalized":false,"special":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"},{"type":"Replace","pattern":{"Regex":"o{2,}"},"content":"o"},{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s)|[^\\r\\n\\p{L}]?\\p{L}+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"MergedWithPrevious"}]},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<e>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<e>":{"id":"<e>","ids":[9],"tokens":["<e>"]}}},"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":{"type":"BPE","dropout":null,"unk_token":"<u>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":true,"ignore_merges":true,"vocab":{"<u>":0,"▁":1,"t":2,"h":3,"e":4,"th":5,"the":6,"▁the":7,"<0xC3>":8},"merges":[["t","h"],["th","e"],["▁","the"]]}}
    """#

  static let pieces = #"""
    {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["[S]",2],"cls":["[C]",1]},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[U]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[U]":0,"[C]":1,"[S]":2,"t":3,"##h":4,"##e":5,"the":6}}}
    """#

  /// Ten characters of a table of SentencePiece: see unigram_files.py.
  static let unigrams = #"""
    {"normalizer":{"type":"Precompiled","precompiled_charsmap":"CHARSMAP"},"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<u>",0.0],["▁",-2.5],["t",-3],["h",-3.5],["e",-2],["the",-1.25],["▁the",-1],["<0xC3>",-20]]}}
    """#

  static let pairs = """
    {"prompt":"the café's","completion":" 12 soon","id":"first","messages":[{"role":"user","content":"the"},{"role":"assistant","content":"é"}]}
    {"id":2,"prompt":"","completion":"the","messages":[{"role":"assistant","content":"he"},{"role":"user","content":""}]}

    """

  static let lines = """
    {"text":"the café's 12 soon","label":"u","id":"first"}
    {"id":2,"label":true,"text":"The \\u00e9\\ud83d\\ude00 <e> x"}
    {"text":"third\\ntext","other":[1,-2.5e3,null,{"a":false}],"label":3,"id":"c"}

    """

  static let cases = [
    ("tok.json", "{format: jsonl, path: t.jsonl, label: label, tokens: tok.json, length: 8}"),
    ("tok.json", "{format: jsonl, path: t.jsonl, tokens: tok.json, length: 4, packing: true}"),
    ("pieces.json", "{format: jsonl, path: t.jsonl, label: label, tokens: pieces.json, length: 6}"),
    ("t.jsonl", "{format: jsonl, path: t.jsonl, label: label, id: id, length: 8}"),
    ("t.jsonl", "{format: jsonl, path: t.jsonl, length: 4, packing: true, tokens: tok.json}"),
    ("t.jsonl", "{format: text, path: t.jsonl, length: 4, tokens: tok.json}"),
    ("uni.json", "{format: jsonl, path: t.jsonl, label: label, tokens: uni.json, length: 8}"),
    (
      "p.jsonl",
      "{format: jsonl, path: p.jsonl, prompt: prompt, completion: completion, length: 30}"
    ),
    ("p.jsonl", "{format: jsonl, path: p.jsonl, messages: messages, length: 90, skipEmpty: true}"),
  ]

  @Test("a damaged file never ends the process", arguments: cases.indices)
  func damage(index: Int) throws {
    let (file, source) = Self.cases[index]
    let folder = try DataFolder()
    try folder.write(Self.tokenizer, to: "tok.json")
    try folder.write(Self.pieces, to: "pieces.json")
    let table = try Tokenizers.charsmap()
    try folder.write(
      Self.unigrams.replacingOccurrences(of: "CHARSMAP", with: table), to: "uni.json")
    try folder.write(Self.lines, to: "t.jsonl")
    try folder.write(Self.pairs, to: "p.jsonl")
    let yaml = "train: \(source)\ntest: \(source)\n"
    let whole = try bytes(of: folder.path + "/" + file)
    _ = try folder.load(yaml)
    var refused = 0
    for seed in 0..<Self.seeds {
      try folder.write(damaged(whole, seed: seed, words: Self.words), to: file)
      do {
        let data = try folder.load(yaml).train
        let vocabulary = data.tokenizer?.vocabulary.count ?? 0
        #expect(
          data.inputs.elements.allSatisfy { $0 >= -1 && Int($0) < vocabulary }, "seed \(seed)")
        for row in 0..<data.count { #expect(TokenText.text(of: row, in: data) != nil) }
      } catch {
        #expect(error is any DiagnosableError, "seed \(seed): \(error)")
        #expect((error as? any DiagnosableError)?.remedy.isEmpty == false)
        refused += 1
      }
    }
    // Text is read whatever it says, as long as it is UTF-8.
    #expect(refused > Self.seeds / (source.contains("format: text") ? 20 : 4))
  }

  @Test("deep nesting and a million brackets are refused at once")
  func nesting() throws {
    let folder = try DataFolder()
    try folder.write(String(repeating: "[", count: 1_000_000), to: "tok.json")
    #expect(
      diagnosed { _ = try Tokenizer(contentsOf: folder.path + "/tok.json") }?.what
        .contains("nested too deeply") == true)
  }
}

/// Parts of fixtures.
private enum Tokenizers {
  /// The table of characters of a unigram fixture, in base64.
  static func charsmap() throws -> String {
    let file = try Data(contentsOf: URL(fileURLWithPath: fixture("Unigram/t5.json")))
    let root = try JSONSerialization.jsonObject(with: file) as? [String: Any]
    let normalizer = root?["normalizer"] as? [String: Any]
    return try #require(normalizer?["precompiled_charsmap"] as? String)
  }
}
