import Foundation
import TestSupport
import Testing

/// Data and settings that no one means: refused with what, where and how to fix, before anything is
/// written.
@Suite struct HostileDataTests {
  let work: Workspace

  init() throws { work = try Workspace() }

  private static let language = "{kind: gpt2, layers: 1, heads: 1, width: 4}"
  private static let sequences = "{kind: bert, layers: 1, heads: 1, width: 4, vocabulary: 257}"

  /// Trains on data that cannot be trained on.
  private func refuse(
    _ data: String, model: String = "{kind: mlp, hidden: [4]}", more: String = "",
    code: Int32 = 3, _ words: String..., at location: SourceLocation = #_sourceLocation
  ) throws {
    try work.write(
      "name: x\ndata:\n\(data)\nmodel: \(model)\ntraining: {rate: 0.01, epochs: 1\(more)}\n",
      to: "x.yaml")
    try work.fail(code, "train", "x.yaml", words: words, at: location)
    #expect(!work.exists("Checkpoints"), sourceLocation: location)
  }

  private func both(_ source: String) -> String { "  train: {\(source)}\n  test: {\(source)}" }
  private func split(_ source: String) -> String {
    "  source: {\(source)}\n  split: {test: 1, seed: 0}"
  }

  @Test("image folders with broken, empty and misplaced pictures, and settings beside the point")
  func images() throws {
    try FileManager.default.copyItem(atPath: fixture("Images/colour"), toPath: work.file("im"))
    let picture = try work.bytes("im/cat/a.png")
    let folder = both("format: images, path: im")
    func put(_ data: Data, _ name: String, _ words: String...) throws {
      try data.write(to: URL(fileURLWithPath: work.file("im/" + name)))
      for word in words { try refuse(folder, word) }
      try work.remove("im/" + name)
    }
    try put(picture.prefix(60), "dog/x.png", "im/dog/x.png is a damaged PNG file")
    try put(Data(), "dog/x.jpg", "im/dog/x.jpg is empty")
    try put(Data([0xFF, 0xD8, 0xFF, 0xE0]), "dog/x.jpg", "im/dog/x.jpg is a damaged JPEG file")
    try put(Data("text".utf8), "dog/x.png", "im/dog/x.png is not a PNG file")
    try put(picture, "x.png", "im/x.png is not in a folder of its class")
    #expect(mkfifo(work.file("im/dog/x.png"), 0o600) == 0)
    try refuse(folder, "im/dog/x.png")
    try work.remove("im/dog/x.png")
    try work.make("none")
    try refuse(both("format: images, path: none"), "no PNG or JPEG files")
    for size in ["[0, 4]", "4", "[-1, 4]", "[4, 4, 4]", "[1000000000, 4]", "[.nan, 4]"] {
      try refuse(both("format: images, path: im, size: \(size)"), "data.train.size")
    }
    try refuse(both("format: images, path: im, size: [65536, 65536]"), "bytes of memory")
    for (model, word) in [
      ("{kind: cnn, channels: [0]}", "model.channels[0]"), ("{kind: cnn}", "channels"),
      ("{kind: cnn, channels: [4], stride: 0}", "unknown key `stride`"),
      ("{kind: cnn, channels: [4, 4, 4, 4]}", "at least 16 × 16 pixels"),
      ("{kind: cnn, channels: [4], image: [3, 1000, 1000]}", "model.image 3 × 1000 × 1000"),
      ("{kind: resnet, blocks: 0}", "model.blocks"), ("{kind: resnet9}", "at least 11 × 11"),
      ("{kind: vit, layers: 1, heads: 3, width: 8, patch: 2}", "a multiple of 3 heads"),
      ("{kind: vit, layers: 1, heads: 1, width: 8, patch: 9}", "at least 9 × 9 pixels"),
      ("{kind: vit, layers: 1, heads: 1, width: 8, patch: 0}", "model.patch"),
    ] {
      try refuse(folder, model: model, word)
    }
    try refuse(
      folder, model: "{kind: vit, layers: 10000, heads: 1, width: 1000000, patch: 1}", code: 1,
      "GB of memory", "narrower layers")
    try refuse(folder, more: ", augment: {crop: 6}", "larger than 6 pixels")
  }

  @Test("texts that are empty, too short or no text, and tokens that are none")
  func texts() throws {
    let source = split("format: text, path: t.txt, tokens: characters, length: 4")
    for (text, word) in [
      ([], "t.txt is empty"), ([97], "t.txt has no examples"),
      ([97, 98, 99], "the split leaves no training examples"), ([97, 98, 0xFF, 99], "UTF-8"),
    ] as [([UInt8], String)] {
      try Data(text).write(to: URL(fileURLWithPath: work.file("t.txt")))
      try refuse(source, model: Self.language, word)
    }
    try work.write("hello world, hello moon", to: "t.txt")
    for length in ["0", "1", "-4", "1000000000", "2.5"] {
      try refuse(
        split("format: text, path: t.txt, tokens: characters, length: \(length)"),
        model: Self.language, "data.source.length")
    }
    try refuse(
      split("format: text, path: t.txt, tokens: t.txt, length: 4"), model: Self.language,
      "data.source.tokens", "the path of a tokenizer.json")
    try refuse(source, model: "{kind: gpt2, layers: 1, heads: 1, width: 4, context: 2}", "context")
    try refuse(source, "cannot predict the next tokens of sequences")

    let lines = (0..<6).map { "{\"text\": \"words \($0)\", \"label\": \($0 % 2)}\n" }.joined()
    let json = split("format: jsonl, path: t.jsonl, label: label, tokens: bytes, length: 8")
    for (line, word) in [
      ("{\"text\": \"a\"}", "there is no field `label`"),
      ("{\"label\": 1}", "there is no field `text`"),
      ("{\"text\": 5, \"label\": 1}", "a number stands where text is expected"),
      ("{\"text\": \"a\", \"label\": {}}", "an object stands where a class"),
      ("[1]", "a list stands where an object is expected"), ("{\"text\": \"a", "does not end"),
      ("{\"text\": \"\", \"label\": 1}", "the text has no tokens"),
      ("{\"text\": \"\\ud800\", \"label\": 1}", "half of a character"),
    ] {
      try work.write(lines + line, to: "t.jsonl")
      try refuse(json, model: Self.sequences, word, "t.jsonl, line 7")
    }
    try work.write(String(lines.split(separator: "\n")[0]), to: "t.jsonl")
    try refuse(json, model: Self.sequences, "the split leaves no training examples")
  }

  /// The bytes of an npy file.
  private func npy(_ type: String, _ shape: String, _ values: [UInt8], version: UInt8 = 1) -> Data {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: 117 - header.count) + "\n"
    let start: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0, 118, 0]
    return Data(start + Array(header.utf8) + values)
  }

  @Test("arrays of another type, order or size, and tokens beyond the vocabulary")
  func arrays() throws {
    let good = [UInt8](repeating: 0, count: 12)
    for (data, word) in [
      (npy("|O", "(2, 3)", good), "the element type `|O`"),
      (npy("<c8", "(2, 3)", good), "the element type `<c8`"),
      (npy("|S2", "(2, 3)", [UInt8](repeating: 97, count: 12)), "`aa` is not a number"),
      (npy("<i2", "(2, 3)", good, version: 9), "npy version 9.0"),
      (npy("<i2", "(6,)", good), "sequences × at least 2 tokens"),
      (npy("<i2", "(2, -3)", good), "a.npy"), (npy("<i2", "(0, 3)", []), "no examples"),
      (npy("<i2", "(4611686018427387904, 3)", good), "the header claims shape"),
      (npy("<i2", "(2, 3)", Array(good.dropLast())), "12 bytes needed, 11 there"),
      (npy("<i2", "(2, 3)", good + [0]), "1 byte follows the data"),
      (npy("<i2", "(2, 3)", [9, 0] + good.dropFirst(2)), "9 is not a token from 0 to 4"),
      (npy("<i2", "(2, 3)", [0xF0, 0xFF] + good.dropFirst(2)), "-16 is not a token"),
    ] {
      try data.write(to: URL(fileURLWithPath: work.file("a.npy")))
      try refuse(
        both("format: npy, path: a.npy, vocabulary: 5"), model: Self.language, word, "a.npy")
    }
    try FileManager.default.copyItem(
      atPath: fixture("Datasets/savez.npz"), toPath: work.file("z.npz"))
    try refuse(both("format: npz, path: z.npz, inputs: nope"), "there is no array `nope`")
    try refuse(
      both("format: npz, path: z.npz, labels: nope"), "there is no array `nope`", "z.npz")
  }

  @Test("adapters and starting weights that are none, and absurd requests on a trained run")
  func requests() throws {
    let data = both("format: csv, path: train.csv, label: last")
    func lora(_ text: String, code: Int32 = 3, _ word: String) throws {
      try refuse(data, more: "}\nlora: {\(text)", code: code, word)
    }
    try lora("rank: 0, targets: [\"0\"]", "lora.rank")
    try lora("rank: 2", "`targets` is missing in lora")
    try lora("rank: 2, targets: [\"7\"]", "no layer is called `7`")
    try lora("rank: 2, targets: [\"!*\"]", "`!*` leaves no parameter")
    try lora("rank: 2, alpha: 0, targets: [\"0\"]", "lora.alpha")
    for (from, word) in [
      ("nowhere", "there is no file or folder"), ("/dev/null", "device or pipe"),
      (".", "no safetensors file"), ("train.csv", "header"),
    ] {
      try refuse(data, more: ", from: \(from)", word)
    }
    try work.succeed("train", "r.yaml")
    let before = work.files("Checkpoints")
    for (arguments, code, word) in [
      (["query", "r", "--test", "0", "--token", "1"], 3, "token"),
      (["query", "r", "--test", "0", "--tokens"], 3, "token"),
      (["query", "r", "--test", "nope"], 3, "no example has the id nope"),
      (["query", "r", "--test", ","], 2, "names no example"),
      (["query", "r", "--test", "0", "--layers", ","], 3, "no layer is called ``"),
      (["query", "r", "--test", "0", "--layers", "h.*"], 3, "no layer is called `h.*`"),
      (["query", "r", "--test", "0", "--checkpoints", "99"], 3, "no checkpoint fits epoch 99"),
      (["collect", "r", "--dim", "0"], 2, "--dim must be at least 1"),
      (["collect", "r", "--dim", "1", "--projector", "kronecker"], 2, "kronecker"),
      (["collect", "r", "--out", "x.txt"], 2, "--out takes a name that ends in .h5"),
    ] as [([String], Int32, String)] {
      let result = try AscribeProcess(arguments, in: work.path).wait()
      #expect(result.code == code, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty, "\(arguments)")
    }
    #expect(work.files("Checkpoints") == before && !work.exists("Projections"))
  }
}
