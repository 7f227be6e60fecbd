import Configuration
import Datasets
import Storage
import Tensors
import TestSupport
import Testing

/// Texts and arrays of token ids as sequences whose next tokens are predicted.
@Suite struct TokenTests {
  let folder: DataFolder

  init() throws { folder = try DataFolder() }

  func yaml(_ train: String, _ test: String? = nil, _ more: String = "") -> String {
    "train: {\(train)}\ntest: {\(test ?? train)}\n\(more)"
  }

  @Test("characters are numbered in the order of their scalars; the last block is padded")
  func characters() throws {
    try folder.write("cab\nbé😀", to: "t.txt")
    let data = try folder.load(yaml("format: text, path: t.txt, length: 3")).train
    #expect(data.vocabulary == ["\n", "a", "b", "c", "é", "😀"])
    #expect(data.inputs.shape == [2, 3])
    // c a b | \n b é | 😀, alone in its block, is left out.
    #expect(data.inputs.elements == [3, 1, 2, 0, 2, 4])
  }

  @Test("bytes are their own ids, with names that can be read")
  func bytes() throws {
    try folder.write("aé\n", to: "t.txt")
    let data = try folder.load(yaml("format: text, path: t.txt, tokens: bytes, length: 3")).train
    #expect(data.inputs.elements == [0x61, 0xC3, 0xA9])
    let names = try #require(data.vocabulary)
    #expect(names.count == 256 && names[0x61] == "a" && names[10] == "\n")
    #expect(names[0xC3] == "\\xc3")
  }

  @Test("the data of the example's run file is read")
  func example() throws {
    let examples = repository + "/Examples"
    let map = try ConfigurationMap(contentsOf: examples + "/characters.yaml")
    let data = try DataConfiguration(from: map.map("data"), relativeTo: examples).load()
    let text = try String(contentsOfFile: repository + "/LICENSE", encoding: .utf8)
    #expect(data.train.featureShape == [64])
    #expect(data.train.count + data.test.count == (text.utf8.count + 63) / 64)
    #expect(data.test.ids.allSatisfy { $0.description.hasPrefix("byte:") })
  }

  @Test("a block of one token has nothing to predict and is left out; of two it is kept")
  func remainder() throws {
    for (text, rows) in [("abcdefg", 2), ("abcdefgh", 3), ("abcdef", 2)] {
      try folder.write(text, to: "t.txt")
      let data = try folder.load(yaml("format: text, path: t.txt, tokens: bytes, length: 3")).train
      #expect(data.count == rows, "\(text)")
      if rows == 3 { #expect(data.inputs.elements.suffix(3) == [0x67, 0x68, -1]) }
    }
  }

  @Test("test texts take the ids of the training text; a character it lacks is an error")
  func testVocabulary() throws {
    try folder.write("abcd", to: "train.txt")
    try folder.write("dcd", to: "test.txt")
    try folder.write("axd", to: "other.txt")
    let train = "format: text, path: train.txt, length: 2"
    let data = try folder.load(yaml(train, "format: text, path: test.txt, length: 2"))
    #expect(data.test.inputs.elements == [3, 2])
    #expect(data.test.vocabulary == data.train.vocabulary)
    #expect(
      folder.failure(yaml(train, "format: text, path: other.txt, length: 2")) == """
        error: the token `x` is not among the 4 of the training text.
          at:  F/other.txt, row 0
          fix: train on a text that has it, or use `tokens: bytes`.
        """)
  }

  @Test("characters that look alike but differ in their scalars are different tokens")
  func lookalikes() throws {
    // K and the Kelvin sign, Å and the Ångström sign are equal as Swift strings.
    try folder.write("K\u{212A}\u{C5}\u{212B}", to: "train.txt")
    try folder.write("\u{212B}\u{C5}\u{212A}K", to: "test.txt")
    try folder.write("K\u{C5}", to: "fewer.txt")
    func source(_ name: String) -> String { "format: text, path: \(name).txt, length: 4" }
    let data = try folder.load(yaml(source("train"), source("test")))
    #expect(data.train.inputs.elements == [0, 2, 1, 3])
    #expect(data.test.inputs.elements == [3, 1, 2, 0])
    #expect(folder.failure(yaml(source("fewer"), source("test")))?.contains("`\u{212B}`") == true)
  }

  @Test("what is not UTF-8, too short, or given a scale or noise is refused")
  func refusals() throws {
    try folder.write([0x61, 0xFF, 0x62], to: "bad.txt")
    try folder.write("a", to: "short.txt")
    try folder.write("abcd", to: "t.txt")
    #expect(
      folder.failure(yaml("format: text, path: bad.txt, length: 2")) == """
        error: the file is damaged: it is not UTF-8 text.
          at:  F/bad.txt
          fix: get the file again, or write it anew.
        """)
    // A list of ids is refused in the same words.
    let ids = diagnosed { _ = try readIDs(self.folder.path + "/bad.txt") }
    #expect(ids?.what == "the file is damaged: it is not UTF-8 text.")
    #expect(
      folder.failure(yaml("format: text, path: short.txt, length: 2"))?
        .contains("short.txt has no examples") == true)
    for (more, what) in [
      ("standardise: true", "standardise"), ("scale: [0, 1]", "scale"),
      ("flip: {fraction: 0.5}", "flip"),
    ] {
      #expect(
        folder.failure(yaml("format: text, path: t.txt, length: 2", nil, more))?
          .contains("sequences of tokens have no \(what)") == true)
    }
  }

  @Test("the content hash changes with a token and with the vocabulary")
  func contentHash() throws {
    func hash(_ text: String) throws -> Digest {
      try folder.write(text, to: "t.txt")
      return try folder.load(yaml("format: text, path: t.txt, length: 2")).train.contentHash
    }
    let first = try hash("abab")
    #expect(try hash("abab") == first)
    #expect(try hash("abaa") != first)
    // The same ids, other characters.
    #expect(try hash("acac") != first)
  }

  @Test("sequences as text: pieces joined, line ends as ⏎, numbers apart, padding left out")
  func texts() {
    let tokens = Tensor([0, 1, 2, 1, -1, -1], shape: [2, 3])
    #expect(TokenText.text(of: 0, tokens, ["a", "\n", "é"]) == "a⏎é")
    #expect(TokenText.text(of: 1, tokens, ["a", "\n", "é"]) == "⏎")
    #expect(TokenText.text(of: 0, tokens, ["0", "1", "2"]) == "0 1 2")
    #expect(TokenText.pieces(of: 0, tokens, ["a"]) == ["a", "?", "?"])
    #expect(TokenText.pieces(of: 0, tokens, ["0", "1", "2"]) == ["0", " 1", " 2"])
  }

  static func npy(_ values: [Int32], _ shape: (Int, Int)) -> [UInt8] {
    var header = "{'descr': '<i4', 'fortran_order': False, 'shape': (\(shape.0), \(shape.1)), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
    return magic + Array(header.utf8)
      + values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }

  @Test("an array of ids keeps them; the larger array says how many tokens there are")
  func arrays() throws {
    try folder.write(Self.npy([0, 5, 2, 1, 3, -1], (2, 3)), to: "a.npy")
    try folder.write(Self.npy([7, 5, 2], (1, 3)), to: "b.npy")
    let data = try folder.load(yaml("format: npy, path: a.npy", "format: npy, path: b.npy"))
    #expect(data.train.inputs.elements == [0, 5, 2, 1, 3, -1])
    #expect(data.train.vocabulary?.count == 8 && data.test.vocabulary?.count == 8)
    let given = try folder.load(yaml("format: npy, path: a.npy, vocabulary: 9"))
    #expect(given.train.outputCount == 9)
  }

  @Test(
    "padding within a sequence, ids beyond the vocabulary and fractions are refused by place",
    arguments: [
      ([Int32](arrayLiteral: 0, -1, 2), "[0, 1]"), ([0, 1, -2], "[0, 2]"), ([0, 9, 1], "[0, 1]"),
      ([-1, 0, 1], "[0, 0]"),
    ])
  func badArrays(values: [Int32], place: String) throws {
    try folder.write(Self.npy(values, (1, 3)), to: "a.npy")
    let failure = folder.failure(yaml("format: npy, path: a.npy, vocabulary: 9"))
    #expect(failure?.contains("at:  F/a.npy, \(place)") == true, "\(failure ?? "none")")
    #expect(failure?.contains("is not a token from 0 to 8") == true)
    #expect(failure?.contains("set `vocabulary` to one more than the largest") == true)
  }
}
