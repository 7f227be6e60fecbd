import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Text

/// Files with a JSON object a line.
@Suite struct JSONLinesTests {
  let folder: DataFolder

  init() throws { folder = try DataFolder() }

  func yaml(_ source: String, _ more: String = "") -> String {
    "train: {format: jsonl, \(source)}\ntest: {format: jsonl, \(source)}\n\(more)"
  }

  @Test("texts with labels: one row each, cut or padded, classes by word, ids from a field")
  func classification() throws {
    try folder.write(
      """
      {"body": "abc", "kind": "x", "key": "first"}

      {"body": "b", "kind": true, "key": 17}
      {"kind": "x", "key": "é", "body": "cabba"}

      """, to: "t.jsonl")
    let data = try folder.load(
      yaml("path: t.jsonl, text: body, label: kind, id: key, length: 4")
    ).train
    #expect(data.ids == [.name("first"), .row(17), .name("é")])
    #expect(data.classNames == ["true", "x"] && data.classes == [1, 0, 1])
    #expect(data.inputs.shape == [3, 4])
    #expect(data.inputs.elements == [0, 1, 2, -1, 1, -1, -1, -1, 2, 0, 1, 1])
    #expect(data.tokenizer?.vocabulary == ["a", "b", "c"])
    #expect(TokenText.text(of: 2, in: data) == "cabb")
    #expect(data.subset([1]).tokenizer?.vocabulary == ["a", "b", "c"])
  }

  @Test("a mark of UTF-8 before the first line is passed over")
  func byteOrderMark() throws {
    try folder.write("\u{FEFF}{\"text\": \"abc\"}\n{\"text\": \"cab\"}\n", to: "t.jsonl")
    let data = try folder.load(yaml("path: t.jsonl, length: 3")).train
    #expect(data.tokenizer?.vocabulary == ["a", "b", "c"])
    #expect(data.inputs.elements == [0, 1, 2, 2, 0, 1])
  }

  @Test("numbers as labels for regression")
  func regression() throws {
    try folder.write("{\"text\":\"ab\",\"y\":1.5}\n{\"text\":\"a\",\"y\":-2}", to: "t.jsonl")
    let data = try folder.load(
      yaml("path: t.jsonl, label: y, length: 2, tokens: bytes", "task: regression")
    ).train
    #expect(data.targets == .values(Tensor([1.5, -2], shape: [2, 1])))
    #expect(data.inputs.elements == [97, 98, 97, -1])
  }

  @Test("without labels the next tokens are predicted, a document a row, named by its number")
  func documents() throws {
    try folder.write("{\"text\":\"abca\"}\n{\"text\":\"ca\"}\n", to: "t.jsonl")
    let data = try folder.load(yaml("path: t.jsonl, length: 3")).train
    #expect(data.ids == [.name("doc:0"), .name("doc:1")])
    #expect(data.inputs.elements == [0, 1, 2, 2, 0, -1])
    #expect(data.vocabulary == ["a", "b", "c"])
  }

  @Test("packed documents follow one another; ids say in which one a row begins, and where")
  func packing() throws {
    try folder.write("{\"text\":\"aé\"}\n{\"text\":\"bbé\"}\n{\"text\":\"a\"}\n", to: "t.jsonl")
    let data = try folder.load(yaml("path: t.jsonl, length: 3, packing: true")).train
    // a é | b b é | a | with a line end behind each: ids \n 0, a 1, b 2, é 3.
    #expect(data.inputs.elements == [1, 3, 0, 2, 2, 3, 0, 1, 0])
    #expect(data.ids == [.name("doc:0@0"), .name("doc:1@0"), .name("doc:1@4")])
    let other = try folder.load(
      yaml("path: t.jsonl, length: 4, packing: true, separator: \"|-\"")
    ).train
    // a é | - b b é | - a | - : the last two tokens are padded.
    #expect(other.vocabulary == ["-", "a", "b", "|", "é"])
    #expect(other.inputs.elements == [1, 4, 3, 0, 2, 2, 4, 3, 0, 1, 3, 0])
    #expect(other.ids.map(\.description) == ["doc:0@0", "doc:1@0", "doc:1@4"])
  }

  @Test("blocks of a text are named by the byte at which they begin")
  func textIDs() throws {
    try folder.write("aéb€cd", to: "t.txt")
    let data = try folder.load(
      "train: {format: text, path: t.txt, length: 2}\ntest: {format: text, path: t.txt, length: 2}")
    #expect(data.train.ids.map(\.description) == ["byte:0", "byte:3", "byte:7"])
  }

  @Test("a tokenizer.json's special tokens stand around each document, also around a cut one")
  func specialTokens() throws {
    try folder.write(
      "{\"text\":\"First Citizen\",\"label\":0}\n{\"text\":\"Speak, speak.\",\"label\":1}\n",
      to: "t.jsonl")
    let file = fixture("Tokenizers/bert.json")
    let source = "path: t.jsonl, label: label, tokens: \(file)"
    let data = try folder.load(yaml("\(source), length: 6")).train
    let bert = try Tokenizer(contentsOf: file)
    for (row, text) in ["First Citizen", "Speak, speak."].enumerated() {
      let ids = try bert.tokens(of: text).map { Float($0.id) }
      let wanted = ([2] + ids.prefix(4) + [3]).map { $0 }
      #expect(
        data.inputs.prefixSlice(row..<row + 1).elements
          == wanted + Array(repeating: -1, count: 6 - wanted.count))
    }
    let bare = try folder.load(yaml("\(source), length: 6, special: false")).train
    #expect(bare.inputs.elements.prefix(1) != [2])
    #expect(
      folder.failure(yaml("\(source), length: 2"))?
        .contains("a length of 2 leaves no room beside the 2 special tokens") == true)
  }

  @Test("texts by tokenizer.json: the tokenizer's contents count for the data's identity")
  func identity() throws {
    let json = String(
      decoding: try bytes(of: fixture("Tokenizers/gpt2.json")), as: UTF8.self)
    try folder.write("We are accounted poor citizens, é the patricians good.", to: "t.txt")
    let source = "{format: text, path: t.txt, tokens: tok.json, length: 5}"
    let yaml = "train: \(source)\ntest: \(source)"
    try folder.write(json, to: "tok.json")
    let data = try folder.load(yaml).train
    #expect(data.vocabulary?.count == 500 && data.tokenizer?.contentHash != nil)
    let gpt2 = try Tokenizer(contentsOf: folder.path + "/tok.json")
    let tokens = try gpt2.tokens(of: "We are accounted poor citizens, é the patricians good.")
    #expect(
      Array(data.inputs.elements.prefix(tokens.count)) == tokens.map { Float($0.id) })
    #expect(data.ids.first == .name("byte:0"))
    #expect(data.ids[1] == .name("byte:\(tokens[5].byte)"))
    #expect(
      (0..<data.count).compactMap { TokenText.text(of: $0, in: data) }.joined()
        .hasPrefix("We are accounted poor"))
    // Two merges in another order, and a byte of white space: other tokenizers.
    try folder.write(json + "\n", to: "tok.json")
    let spaced = try folder.load(yaml).train
    #expect(spaced.inputs == data.inputs && spaced.contentHash != data.contentHash)
  }

  @Test("two tokenizers for training and test are refused")
  func twoTokenizers() throws {
    try folder.write("{\"text\":\"abcabc\"}\n", to: "t.jsonl")
    let (a, b) = (fixture("Tokenizers/gpt2.json"), fixture("Tokenizers/llama3.json"))
    func source(_ tokens: String) -> String {
      "{format: jsonl, path: t.jsonl, length: 4, tokens: \(tokens)}"
    }
    #expect(
      folder.failure("train: \(source(a))\ntest: \(source(b))")?
        .hasPrefix("error: training and test texts have two tokenizers, \(a) and \(b).") == true)
    #expect(
      folder.failure("train: \(source("bytes"))\ntest: \(source("characters"))")?
        .contains("two tokenizers, bytes of") == true)
    #expect(folder.failure("train: \(source(a))\ntest: \(source(a))") == nil)
  }

  @Test("rows that begin at the same byte have ids of their own")
  func sameByte() throws {
    // Without a token of its own, each emoji is four byte tokens that begin where it does.
    try folder.write("{\"text\":\"😀😀😀\"}\n", to: "t.jsonl")
    let data = try folder.load(
      yaml(
        "path: t.jsonl, length: 2, packing: true, special: false, separator: a, tokens: "
          + fixture("Tokenizers/llama2.json"))
    ).train
    #expect(Set(data.ids).count == data.count && data.count > 4)
    #expect(data.ids.contains { $0.description.hasSuffix("+1") })
  }

  static let failures: [(line: String, source: String, wanted: String)] = [
    (
      "{\"txt\":\"ab\"}", "",
      """
      error: there is no field `text`; did you mean `txt`?
        at:  F/t.jsonl, line 2
        fix: the fields here are txt.
      """
    ),
    (
      "{\"text\":5}", "",
      """
      error: a number stands where text is expected.
        at:  F/t.jsonl, line 2, field text
        fix: correct the value.
      """
    ),
    (
      "{\"text\":\"ab\"", "",
      """
      error: the file is damaged: expected }, byte 12.
        at:  F/t.jsonl, line 2
        fix: get the file again, or write it anew.
      """
    ),
    (
      "[1]", "",
      """
      error: a list stands where an object is expected.
        at:  F/t.jsonl, line 2
        fix: correct the value.
      """
    ),
    (
      "{\"text\":\"a\"}", "",
      """
      error: the text has 1 token, and 2 are needed.
        at:  F/t.jsonl, line 2, field text
        fix: remove the example, or join texts with `packing: true`.
      """
    ),
    (
      "{\"text\":\"ab\",\"id\":\"doc\"}", ", id: id",
      """
      error: rows 0 and 1 have the same id, doc.
        at:  F/t.jsonl, row 1
        fix: make the ids different, or leave `id` out to number the rows.
      """
    ),
    (
      "{\"text\":\"ab\",\"id\":1.5}", ", id: id",
      """
      error: a number stands where text or a whole number is expected.
        at:  F/t.jsonl, line 2, field id
        fix: correct the value.
      """
    ),
    (
      "{\"text\":\"ab\",\"label\":[]}", ", label: label",
      """
      error: a list stands where a class: text, a whole number, true or false is expected.
        at:  F/t.jsonl, line 2, field label
        fix: correct the value.
      """
    ),
    (
      "{\"text\":\"ab\",\"label\":\"\"}", ", label: label",
      """
      error: a label is missing.
        at:  F/t.jsonl, line 2, field label
        fix: fill it in or remove the example.
      """
    ),
  ]

  @Test("errors name the line and the field", arguments: failures.indices)
  func errors(index: Int) throws {
    let (line, source, wanted) = Self.failures[index]
    try folder.write(
      "{\"text\":\"ab\",\"id\":\"doc\",\"label\":\"u\"}\n\(line)\n", to: "t.jsonl")
    #expect(folder.failure(yaml("path: t.jsonl, length: 4\(source)")) == wanted)
  }

  @Test("settings that contradict each other are refused by their key")
  func settings() throws {
    try folder.write("{\"text\":\"ab\",\"label\":\"u\"}\n", to: "t.jsonl")
    for (source, key) in [
      ("label: label, packing: true", "packing"), ("separator: x", "separator"),
      ("tokens: charcters", "tokens"), ("lenght: 3", "lenght"),
    ] {
      let failure = folder.failure(yaml("path: t.jsonl, length: 4, \(source)"))
      #expect(failure?.contains(key) == true && failure?.contains("run.yaml") == true)
    }
    #expect(
      folder.failure(yaml("path: t.jsonl, length: 4", "standardise: true"))?
        .contains("sequences of tokens have no standardise") == true)
  }
}
