import Foundation
import TestSupport
import Testing

/// Folders of weights that are not what they say: always an error that names file and tensor, never
/// a trap, a wait without end or a half-written run.
@Suite struct HostileModelTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Import"), toPath: work.file("import"))
    try work.write(
      """
      name: m
      data:
        train: {format: csv, path: import/train.csv, label: last}
        test: {format: csv, path: import/test.csv, label: last}
      model: {kind: mlp, hidden: [5]}

      """, to: "m.yaml")
  }

  /// The bytes of a safetensors file of the network's four tensors, zeros, with a changed header.
  private static func file(
    type: String = "F32", width: Int = 4, _ change: (inout [(String, [String: Any])]) -> Void
  ) throws -> Data {
    var end = 0
    var entries = [("0.weight", [5, 4]), ("0.bias", [5]), ("2.weight", [3, 5]), ("2.bias", [3])]
      .map { name, shape in
        let start = end
        end += shape.reduce(width, *)
        return (
          name, ["dtype": type, "shape": shape, "data_offsets": [start, end]] as [String: Any]
        )
      }
    change(&entries)
    let members = try entries.map {
      "\"\($0.0)\":"
        + String(decoding: try JSONSerialization.data(withJSONObject: $0.1), as: UTF8.self)
    }
    let header = Data("{\(members.joined(separator: ","))}".utf8)
    let length = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    return length + header + Data(count: end)
  }

  private func refuse(
    _ data: Data, _ words: String..., at location: SourceLocation = #_sourceLocation
  ) throws {
    try work.make("h")
    try data.write(to: URL(fileURLWithPath: work.file("h/model.safetensors")))
    try work.fail(
      3, "import", "h", "--data", "m.yaml", words: words + ["h/model.safetensors"], at: location)
    #expect(work.files("Checkpoints").isEmpty, sourceLocation: location)
  }

  @Test("headers that contradict the file, the network or themselves are refused by tensor")
  func headers() throws {
    try refuse(Self.file(type: "I64", width: 8) { _ in }, "\"0.weight\"", "I64")
    try refuse(Self.file { $0[1].1["dtype"] = "F31" }, "\"0.bias\"", "F31")
    try refuse(Self.file { $0[0].1["shape"] = [4, 5] }, "0.weight [4, 5] instead of [5, 4]")
    try refuse(Self.file { $0[1].1["data_offsets"] = [0, 20] }, "tensors overlap")
    try refuse(Self.file { $0[1].1["data_offsets"] = [-20, 0] }, "header", "at byte")
    try refuse(
      Self.file { $0[1].1["data_offsets"] = [1 << 62, (1 << 62) + 20] },
      "bytes belong to no tensor")
    try refuse(Self.file { $0[1].1["shape"] = [1 << 62, 4] }, "\"0.bias\"", "overflows")
    try refuse(Self.file { $0[1].1["shape"] = [-5] }, "header", "at byte")
    try refuse(Self.file { $0.append($0[1]) }, "0.bias")
    try refuse(Self.file { $0.removeAll() }, "h/model.safetensors")
    let whole = try Self.file { _ in }
    try refuse(Data(repeating: 0xFF, count: 8) + whole.dropFirst(8), "header")
    try refuse(Data([0, 0, 0, 0, 0, 0, 0, 0x40]) + whole.dropFirst(8), "header")
    for cut in [0, 7, 8, 40, whole.count - 1] { try refuse(Data(whole.prefix(cut))) }
    try refuse(whole + [0])
    try refuse(Data([64, 66, 15, 0, 0, 0, 0, 0] + [UInt8](repeating: 0x5B, count: 1_000_000)))
  }

  @Test("an index names files beside it that are there, and has every tensor once")
  func indices() throws {
    let good = try work.text("import/sharded/model.safetensors.index.json")
    let shard = "model-00001-of-00002.safetensors"
    try #require(good.contains("\"\(shard)\""))
    for (name, words) in [
      ("model-00003-of-00003.safetensors", ["model-00003-of-00003.safetensors"]),
      ("../sharded/\(shard)", ["../sharded/\(shard)", "not a safetensors file beside it"]),
      ("/etc/passwd", ["/etc/passwd"]), ("..", ["`..`"]),
      ("model-00002-of-00002.safetensors", ["is not in model-00002-of-00002.safetensors"]),
    ] {
      try work.write(
        good.replacingOccurrences(of: "\"\(shard)\"", with: "\"\(name)\""),
        to: "import/sharded/model.safetensors.index.json")
      try work.fail(
        3, "import", "import/sharded", "--data", "m.yaml",
        words: words + ["model.safetensors.index.json"])
    }
    for text in ["", "{", "[]", "{}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": 1}}"] {
      try work.write(text, to: "import/sharded/model.safetensors.index.json")
      try work.fail(
        3, "import", "import/sharded", "--data", "m.yaml", words: ["index of the shards"])
    }
    #expect(work.files("Checkpoints").isEmpty)
  }

  @Test("pipes, devices and folders in place of files are refused at once")
  func noFiles() throws {
    try work.make("p")
    #expect(mkfifo(work.file("p/model.safetensors"), 0o600) == 0)
    try work.fail(3, "import", "p", "--data", "m.yaml", words: ["device or pipe", "p/model"])
    try work.remove("p/model.safetensors")
    try work.make("p/model.safetensors")
    try work.fail(3, "import", "p", "--data", "m.yaml", words: ["Is a directory", "p/model"])
    try work.fail(3, "import", "/dev/zero", "--data", "m.yaml", words: ["/dev/zero"])
    let shard = "import/sharded/model-00002-of-00002.safetensors"
    try work.remove(shard)
    #expect(mkfifo(work.file(shard), 0o600) == 0)
    try work.fail(3, "import", "import/sharded", "--data", "m.yaml", words: ["device or pipe"])
    #expect(mkfifo(work.file("x.h5"), 0o600) == 0)
    for command in ["inspect", "verify"] {
      try work.fail(3, command, "x.h5", words: ["device or pipe", "x.h5"])
    }
    // Links count as what they lead to.
    for (link, target) in [("zero.yaml", "/dev/zero"), ("pipe.yaml", "x.h5")] {
      try FileManager.default.createSymbolicLink(
        atPath: work.file(link), withDestinationPath: target)
      try work.fail(3, "train", link, words: [link])
      try work.fail(3, "import", "import/plain", "--data", link, words: [link])
    }
    #expect(work.files("Checkpoints").isEmpty)
  }

  @Test("seeds of folders are numbers of their own")
  func seeds() throws {
    for (folders, word) in [
      (["seed-99999999999999999999"], "seed-99999999999999999999"),
      (["seed-0", "seed-9007199254740993"], "the largest is 9007199254740992"),
      (["seed-1", "seed-01"], "seed-01, seed-1"),
    ] {
      for folder in folders {
        try work.make("s")
        try FileManager.default.copyItem(
          atPath: work.file("import/plain"), toPath: work.file("s/\(folder)"))
      }
      let result = try work.fail(3, "import", "s", "--data", "m.yaml")
      #expect(
        result.errors.contains(word) || result.errors.contains("seed-1, seed-01"),
        "\(result.errors)")
      try work.remove("s")
    }
    #expect(work.files("Checkpoints").isEmpty)
  }

  @Test("a config.json whose sizes are absurd, missing or no numbers is refused by its key")
  func sizes() throws {
    try work.tokens(rows: 9, length: 6, vocabulary: 11, seed: 1, to: "t.npy")
    try work.write(
      """
      name: g
      data:
        train: {format: npy, path: t.npy, vocabulary: 11}
        test: {format: npy, path: t.npy, vocabulary: 11}

      """, to: "g.yaml")
    try FileManager.default.copyItem(atPath: fixture("Pretrained"), toPath: work.file("pretrained"))
    let good = try #require(
      try JSONSerialization.jsonObject(with: work.bytes("pretrained/gpt2/config.json"))
        as? [String: Any])
    func refuse(_ code: Int32, _ changes: [String: Any?], _ word: String) throws {
      var members = good
      for (key, value) in changes { members[key] = value }
      try JSONSerialization.data(withJSONObject: members).write(
        to: URL(fileURLWithPath: work.file("pretrained/gpt2/config.json")))
      try work.fail(
        code, "import", "pretrained/gpt2", "--data", "g.yaml",
        words: [word, code == 1 ? "GB of memory" : "pretrained/gpt2"])
    }
    for key in ["n_embd", "n_head", "n_layer", "vocab_size", "n_positions"] {
      for value: Any? in [0, -1, 1 << 40, 1e300, 1.5, "8", [8], Optional<Any>.none] {
        try refuse(3, [key: value], key)
      }
    }
    try refuse(3, ["n_head": 3], "n_head")
    try refuse(3, ["n_layer": 1_000_000_000], "n_layer")
    try refuse(3, ["n_layer": 10_000], "missing transformer.h.2.ln_1.weight")
    try refuse(1, ["n_embd": 1 << 30], "the model of pretrained/gpt2/config.json")
    try refuse(1, ["n_embd": 1 << 30, "n_inner": 1 << 30], "the model of")
    for text in ["", "{", "[]", "null", String(repeating: "[", count: 100_000)] {
      try work.write(text, to: "pretrained/gpt2/config.json")
      try work.fail(
        3, "import", "pretrained/gpt2", "--data", "g.yaml",
        words: ["pretrained/gpt2/config.json"]
          + (text.hasPrefix("{") || text.count > 9 ? ["this is not JSON"] : []))
    }
    #expect(work.files("Checkpoints").isEmpty)
  }
}

extension Workspace {
  /// Makes a folder if it is not there.
  func make(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: file(folder), withIntermediateDirectories: true)
  }
}
