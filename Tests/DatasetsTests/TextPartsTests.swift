import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Text

/// Texts of which a part is to be predicted, and what is said of texts.
@Suite struct TextPartsTests {
  let folder: DataFolder

  init() throws { folder = try DataFolder() }

  private func targets(_ data: Dataset) throws -> [Float] {
    guard case .tokens(let tokens, _) = data.targets else { return [] }
    return tokens.elements
  }

  private func lines(_ data: SplitData) -> [String] {
    (data.description?.lines ?? []).map { $0.replacing(folder.path + "/", with: "") }
  }

  @Test("of a prompt and its completion the completion alone is to be predicted")
  func pairs() throws {
    try folder.write(
      "{\"q\":\"ab\",\"a\":\"cab\"}\n{\"q\":\"\",\"a\":\"ba\"}\n{\"q\":\"aaaa\",\"a\":\"bcab\"}\n",
      to: "t.jsonl")
    let data = try folder.load(
      "train: {format: jsonl, path: t.jsonl, prompt: q, completion: a, length: 6}")
    #expect(
      data.train.inputs.elements == [0, 1, 2, 0, 1, -1, 1, 0, -1, -1, -1, -1, 0, 0, 0, 0, 1, 2])
    #expect(
      try targets(data.train) == [
        -1, -1, 2, 0, 1, -1, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1, 1, 2,
      ])
    #expect(
      lines(data) == [
        "t.jsonl: 3 examples, texts of `q` and `a`, 6 tokens each (tokens: characters, 3 kinds)",
        "lengths of 3 texts: 2 to 8 tokens, mean 5.0; 6 tokens to predict",
        "note: 2 tokens beyond the length are cut off, of 1 text",
        "note: the loss is that of `a` alone",
      ])
    // The same inputs predicted whole are other data.
    try folder.write(
      "{\"text\":\"abcab\"}\n{\"text\":\"ba\"}\n{\"text\":\"aaaabc\"}\n", to: "w.jsonl")
    let whole = try folder.load("train: {format: jsonl, path: w.jsonl, length: 6}")
    #expect(whole.train.inputs.elements == data.train.inputs.elements)
    #expect(whole.train.contentHash != data.train.contentHash)
    #expect(data.train.subset([2]).contentHash != data.train.subset([1]).contentHash)
    #expect(try targets(data.train.subset([1])) == [1, 0, -1, -1, -1, -1])
  }

  @Test(
    "a token that begins in the prompt and ends in the completion is predicted; ends go with it")
  func boundary() throws {
    // "a b" in two tokens of GPT-2's kind: "a", " b"; the blank is the prompt's.
    let tokens = [Tokenizer.Token(id: 0, byte: 0), Tokenizer.Token(id: 1, byte: 1)]
    #expect(TokenDocument.targets(tokens, in: [2..<3], end: 3) == [false, true])
    #expect(TokenDocument.targets(tokens, in: [1..<3], end: 3) == [false, true])
    #expect(TokenDocument.targets(tokens, in: [0..<1], end: 3) == [true, false])
    #expect(TokenDocument.targets(tokens, in: [], end: 3) == [false, false])
    // Two tokens of one scalar, as bytes are.
    let bytes = [0, 1, 1, 2].map { Tokenizer.Token(id: 0, byte: $0) }
    #expect(TokenDocument.targets(bytes, in: [1..<2], end: 3) == [false, true, true, false])
  }

  @Test("of a chat what the assistant says is to be predicted: ChatML, or a form of one's own")
  func chats() throws {
    let chat =
      #"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"},"#
      + #"{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#
    try folder.write(chat + "\n", to: "c.jsonl")
    let data = try folder.load(
      "train: {format: jsonl, path: c.jsonl, messages: messages, length: 200, tokens: bytes}")
    func predicted(_ data: SplitData) throws -> String {
      String(decoding: try targets(data.train).map { $0 < 0 ? 95 : UInt8($0) }, as: UTF8.self)
        .replacing(#/_+/#, with: "_")
    }
    #expect(
      TokenText.text(of: 0, in: data.train)?.hasPrefix(
        "<|im_start|>user⏎hi<|im_end|>⏎<|im_start|>assistant⏎yo<|im_end|>⏎") == true)
    // 95 is the underscore of im_end, too.
    #expect(try predicted(data) == "_yo<|im_end|>\n_y<|im_end|>\n_")
    #expect(lines(data).contains("note: the loss is that of what `assistant` says alone"))
    let own = try folder.load(
      #"""
      train:
        format: jsonl
        path: c.jsonl
        messages: messages
        chat: {user: "U {}. ", assistant: "A {}! "}
        length: 40
        tokens: bytes
      """#)
    #expect(TokenText.text(of: 0, in: own.train) == "U hi. A yo! U x. A y! ")
    #expect(try predicted(own) == "_yo! _y! _")
    try folder.write(#"{"messages":[{"role":"tool","content":"x"}]}"#, to: "c.jsonl")
    #expect(
      folder.failure(
        "train: {format: jsonl, path: c.jsonl, messages: messages, length: 9, chat: {assistant: \"{}\"}}"
      )?.contains("one of the roles of `chat`: assistant") == true)
  }

  @Test("without a token to predict a text is refused, or passed over on request")
  func withoutTargets() throws {
    try folder.write(
      "{\"prompt\":\"abcd\",\"completion\":\"a\"}\n{\"prompt\":\"a\",\"completion\":\"b\"}\n"
        + "{\"prompt\":\"ab\",\"completion\":\" \"}\n", to: "t.jsonl")
    let yaml =
      "train: {format: jsonl, path: t.jsonl, prompt: prompt, completion: completion, length: 3"
    #expect(
      folder.failure(yaml + "}") == """
        error: the text has no token to predict within its first 3 tokens.
          at:  F/t.jsonl, line 1, field completion
          fix: remove the example, set `skipEmpty: true` to pass over such, or choose a greater \
        `length`.
        """)
    let data = try folder.load(yaml + ", skipEmpty: true}")
    #expect(data.train.ids == [.name("doc:1")])
    #expect(lines(data).contains("note: 2 empty texts are passed over"))
    #expect(
      folder.failure(yaml + ", label: label}")?.contains("of these a part is to be predicted")
        == true)
  }

  @Test("passages, arrays of ids and labelled texts are described")
  func descriptions() throws {
    try folder.write("abcabcabca", to: "t.txt")
    #expect(
      lines(try folder.load("train: {format: text, path: t.txt, length: 3}")) == [
        "t.txt: 3 examples, one text in passages of 3 tokens (tokens: characters, 3 kinds)",
        "lengths of 3 texts: 3 to 3 tokens, mean 3.0; 6 tokens to predict",
        "note: 1 token at the end belong to no passage",
      ])
    try folder.write(
      "{\"text\":\"ab\",\"label\":\"x\"}\n{\"text\":\"abcd\",\"label\":\"y\"}\n", to: "l.jsonl")
    #expect(
      lines(try folder.load("train: {format: jsonl, path: l.jsonl, label: label, length: 3}")) == [
        "l.jsonl: 2 examples, texts of `text`, 3 tokens each (tokens: characters, 4 kinds); "
          + "label: `label`",
        "lengths of 2 texts: 2 to 4 tokens, mean 3.0", "2 classes: x 1, y 1",
        "note: 1 tokens beyond the length are cut off, of 1 text",
      ])
  }

  @Test(
    "test examples without a label are set apart: empty, null, −1; where −1 is a class it stays")
  func unlabelled() throws {
    try folder.write("a,label\n1,x\n2,y\n3,x\n", to: "train.csv")
    try folder.write("a,label\n4,\n5,y\n6,-1\n7,?\n", to: "test.csv")
    let yaml = "train: {format: csv, path: train.csv}\ntest: {format: csv, path: test.csv}\n"
    let data = try folder.load(yaml)
    #expect(data.test.ids == [.row(1)] && data.test.classes == [1])
    let unlabelled = try #require(data.unlabelled)
    #expect(unlabelled.names == [.row(0), .row(2), .row(3)])
    #expect(unlabelled.inputs.elements == [4, 6, 7] && unlabelled.targets == nil)
    #expect(lines(data).contains { $0.contains("3 of 4 examples have no label (empty or -1)") })
    try folder.write("a,label\n1,-1\n2,1\n", to: "train.csv")
    try folder.write("a,label\n4,-1\n", to: "test.csv")
    #expect(try folder.load(yaml).test.count == 1)
    #expect(try folder.load(yaml).unlabelled == nil)
    try folder.write(
      "{\"text\":\"ab\",\"label\":1}\n{\"text\":\"ba\",\"label\":0}\n", to: "a.jsonl")
    try folder.write("{\"text\":\"b\",\"label\":null}\n{\"text\":\"a\"}\n", to: "b.jsonl")
    let texts = try folder.load(
      "train: {format: jsonl, path: a.jsonl, label: label, length: 2}\n"
        + "test: {format: jsonl, path: b.jsonl, label: label, length: 2}")
    #expect(texts.test.count == 0 && texts.unlabelled?.inputs.elements == [1, -1, 0, -1])
    // A training label that is missing stays an error.
    try folder.write("a,label\n1,\n2,1\n", to: "train.csv")
    #expect(folder.failure(yaml)?.contains("a label is missing") == true)
  }
}
