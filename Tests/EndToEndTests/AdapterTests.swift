import Foundation
import TestSupport
import Testing

/// Adapters, frozen layers and training that begins with given weights, by the binary.
@Suite struct AdapterTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    for name in ["PEFT", "Pretrained"] {
      try FileManager.default.copyItem(atPath: fixture(name), toPath: work.file(name))
    }
    try work.tokens(rows: 9, length: 6, vocabulary: 11, seed: 1, to: "train.npy")
    try work.tokens(rows: 3, length: 6, vocabulary: 11, seed: 2, to: "test.npy")
    try work.write(Self.tokens(training: nil), to: "a.yaml")
  }

  /// A run file of token sequences; the model is imported or a GPT-2 of the fixture's shape.
  private static func tokens(training: String?, lora: String? = nil) -> String {
    """
    name: a
    data:
      train: {format: npy, path: train.npy, vocabulary: 11}
      test: {format: npy, path: test.npy, vocabulary: 11}
    \(lora.map { "lora: \($0)" } ?? "")
    \(training.map { "training: \($0)" } ?? "")

    """
  }

  /// A classifier of the workspace's table with what stands in `training` besides.
  private static func table(_ more: String, name: String = "c", lora: String? = nil) -> String {
    Workspace.runFile(
      name: name, training: "{rate: 0.05, momentum: 0.9, epochs: 40, batch: 8, \(more)}")
      + (lora.map { "lora: \($0)\n" } ?? "")
  }

  /// The tensors of a checkpoint by name.
  private func tensors(_ path: String) throws -> [String: Data] {
    let bytes = try work.bytes(path)
    let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: Any])
    var found: [String: Data] = [:]
    for case (let name, let entry as [String: Any]) in header {
      guard let range = entry["data_offsets"] as? [Int] else { continue }
      found[name] = bytes[8 + length + range[0]..<8 + length + range[1]]
    }
    return found
  }

  /// Writes the adapter of one layer as PEFT does.
  private func adapter(
    of tensors: [String: Data], module: String, rank: Int, alpha: Int, to folder: String
  ) throws {
    var (header, data): ([String: Any], Data) = ([:], Data())
    for side in ["A", "B"] {
      let values = try #require(tensors["\(module).lora_\(side).weight"])
      let columns = values.count / 4 / rank
      header["base_model.model.\(module).lora_\(side).weight"] =
        [
          "dtype": "F32", "shape": side == "A" ? [rank, columns] : [columns, rank],
          "data_offsets": [data.count, data.count + values.count],
        ] as [String: Any]
      data += values
    }
    let text = try JSONSerialization.data(withJSONObject: header)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    try work.make(folder)
    try (Data(length) + text + data).write(
      to: URL(fileURLWithPath: work.file(folder + "/adapter_model.safetensors")))
    try work.write(
      "{\"peft_type\": \"LORA\", \"r\": \(rank), \"lora_alpha\": \(alpha)}",
      to: folder + "/adapter_config.json")
  }

  private func hash(_ run: String) throws -> String? {
    let results = try work.object("inspect", run)["results"] as? [[String: Any]]
    return results?.first?["modelHash"] as? String
  }

  // MARK: Adapters of PEFT

  @Test("an adapter of PEFT is imported on its model, queried and scored", arguments: ["a", "b"])
  func peft(name: String) throws {
    if name == "b" {
      // Rank-stabilised, from a folder of checkpoints, with the base as a file.
      try work.write(
        try work.text("PEFT/gpt2/adapter_config.json")
          .replacingOccurrences(of: "\"use_rslora\": false", with: "\"use_rslora\": true"),
        to: "PEFT/gpt2/adapter_config.json")
    }
    let base = name == "a" ? "Pretrained/gpt2" : "Pretrained/gpt2/model.safetensors"
    try work.fail(2, "import", "PEFT/gpt2", "--data", "a.yaml", words: ["--base"])
    let made = try work.object("import", "PEFT/gpt2", "--base", base, "--data", "a.yaml")
    #expect((made["checkpoints"] as? [[String: Any]])?.count == 1)
    let record = try work.object("inspect", "a")
    let lora = (record["configuration"] as? [String: Any])?["lora"] as? [String: Any]
    #expect(lora?["rank"] as? Int == 2)
    let alpha = try #require(lora?["alpha"] as? Double)
    #expect(abs(alpha - (name == "a" ? 8 : 8 * 2.0.squareRoot())) < 1e-9)
    // The model's own weights and the adapter's, both as they were.
    let weights = try tensors("Checkpoints/a/seed-0/epoch-001.safetensors")
    let model = try tensors("Pretrained/gpt2/model.safetensors")
    #expect(weights["transformer.wte.weight"] == model["transformer.wte.weight"])
    let adapter = try tensors("PEFT/gpt2/adapter_model.safetensors")
    #expect(adapter.count == 12)
    for (key, value) in adapter {
      let own = String(key.dropFirst("base_model.model.".count))
      #expect(weights[own] == value, "\(own)")
    }
    // Attributed to are the adapters alone.
    let query = try work.object("query", "a", "--test", "1", "--top", "2")
    let layers = try #require(query["layers"] as? String).split(separator: " ")
    #expect(layers.count == 12 && layers.allSatisfy { $0.contains(".lora_") })
    try work.succeed("score", "a", "--out", "s.h5")
    try work.succeed("collect", "a", "--dim", "8")
    try work.succeed("verify", "a", "--data")
    // The same again: the same bytes.
    let first = work.files("Checkpoints")
    try work.succeed("import", "PEFT/gpt2", "--base", base, "--data", "a.yaml")
    #expect(work.files("Checkpoints") == first)
  }

  @Test("several adapters are checkpoints of one run, as long as they are of one form")
  func adapterCheckpoints() throws {
    for step in [20, 100] {
      try work.make("steps")
      try FileManager.default.copyItem(
        atPath: work.file("PEFT/gpt2"), toPath: work.file("steps/checkpoint-\(step)"))
    }
    for source in ["steps", "steps/checkpoint-20/adapter_model.safetensors"] {
      try work.fail(2, "import", source, "--data", "a.yaml", words: ["--base FOLDER"])
    }
    try work.succeed("import", "steps", "--base", "Pretrained/gpt2", "--data", "a.yaml")
    #expect(try work.object("inspect", "a")["checkpointEpochs"] as? [Int] == [20, 100])
    try work.succeed("query", "a", "--test", "1", "--checkpoints", "all")
    let file = "steps/checkpoint-100/adapter_config.json"
    try work.write(
      try work.text(file).replacingOccurrences(of: "\"lora_alpha\": 8", with: "\"lora_alpha\": 9"),
      to: file)
    try work.fail(
      3, "import", "steps", "--base", "Pretrained/gpt2", "--data", "a.yaml", "--overwrite",
      words: ["checkpoint-20", "checkpoint-100"])
  }

  @Test("an adapter of another model, or without one, is refused by its tensors")
  func peftRefusals() throws {
    try work.fail(
      3, "import", "PEFT/gpt2", "--base", "nowhere", "--data", "a.yaml",
      words: ["nowhere", "no file or folder"])
    let other = try work.run(
      "import", "PEFT/gpt2", "--base", "Pretrained/llama", "--data", "a.yaml")
    #expect(other.code == 3, "\(other.errors)")
    try work.fail(
      3, "import", "Pretrained/gpt2", "--base", "Pretrained/gpt2", "--data", "a.yaml",
      words: ["adapter_config.json is missing", "Pretrained/gpt2", "leave --base out"])
    try work.flip("PEFT/gpt2/adapter_model.safetensors", byte: 1)
    try work.fail(
      3, "import", "PEFT/gpt2", "--base", "Pretrained/gpt2", "--data", "a.yaml",
      words: ["PEFT/gpt2/adapter_model.safetensors"])
    try work.remove("PEFT/gpt2/adapter_model.safetensors")
    try work.fail(
      3, "import", "PEFT/gpt2", "--base", "Pretrained/gpt2", "--data", "a.yaml",
      words: ["PEFT/gpt2"])
    #expect(!work.exists("Checkpoints/a/run.json"))
  }

  // MARK: Training

  /// Weights to begin with, in `base`.
  private func makeBase() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("export", "r", "--out", "base")
  }

  @Test("a run with lora on given weights trains the adapters alone, killed or not")
  func lora() throws {
    try makeBase()
    let text = Self.table("from: base", lora: "{rate: 0}")
    try work.write(text, to: "c.yaml")
    try work.fail(3, "train", "c.yaml", words: ["unknown key `rate` in lora"])
    try work.write(Self.table("from: base", lora: "{rank: 2, targets: [\"0\"]}"), to: "c.yaml")
    try work.succeed("train", "c.yaml")
    let whole = work.files("Checkpoints/c")
    let base = try tensors("base/model.safetensors")
    let trained = try tensors("Checkpoints/c/seed-0/epoch-040.safetensors")
    #expect(trained.count == base.count + 2)
    for (name, value) in base { #expect(trained[name] == value, "\(name)") }
    let first = try tensors("Checkpoints/c/seed-0/epoch-001.safetensors")
    #expect(trained["0.lora_A.weight"] != first["0.lora_A.weight"])
    let query = try work.object("query", "c", "--test", "0", "--top", "3")
    #expect(query["layers"] as? String == "0.lora_A 0.lora_B")
    try work.write(
      Self.table("seed: 1", name: "d", lora: "{rank: 2, targets: [\"0\"]}"), to: "d.yaml")
    #expect(
      try work.succeed("train", "d.yaml").errors
        .contains("note: adapters beside weights that are drawn"))

    // Killed after a saved state, it goes on where it was and leaves the same bytes.
    try work.remove("Checkpoints/c")
    let process = try AscribeProcess(["train", "c.yaml", "--save-every", "0"], in: work.path)
    while !work.exists("Checkpoints/c/seed-0/resume/state.safetensors") { usleep(1_000) }
    process.send(SIGKILL)
    _ = process.wait()
    let last = try work.succeed("train", "c.yaml")
    #expect(last.errors.contains("going on after epoch") || last.errors.contains("already"))
    #expect(work.files("Checkpoints/c") == whole)
  }

  @Test("frozen layers keep the bits they began with, and are not attributed to")
  func frozen() throws {
    try makeBase()
    try work.write(Self.table("from: base, freeze: [\"0\"]"), to: "c.yaml")
    try work.succeed("train", "c.yaml")
    let base = try tensors("base/model.safetensors")
    let trained = try tensors("Checkpoints/c/seed-0/epoch-040.safetensors")
    for (name, value) in base {
      #expect((trained[name] == value) == name.hasPrefix("0."), "\(name)")
    }
    let query = try work.object("query", "c", "--test", "0", "--top", "3")
    #expect(query["layers"] as? String == "2")
    try work.fail(3, "query", "c", "--test", "0", "--layers", "0", words: ["--layers"])
    try work.write(Self.table("freeze: [\"0\", \"2\"]"), to: "n.yaml")
    try work.fail(3, "train", "n.yaml", "--name", "n", words: ["training.freeze"])
    try work.write(Self.table("freeze: [\"7\"]"), to: "n.yaml")
    try work.fail(3, "train", "n.yaml", "--name", "n", words: ["training.freeze", "`7`"])
    #expect(!work.exists("Checkpoints/n"))
  }

  @Test("weights to begin with that changed since the training are refused by their hash")
  func changedStart() throws {
    try makeBase()
    try work.succeed("export", "r", "--out", "other", "--checkpoint", "1")
    try work.write(Self.table("from: base"), to: "c.yaml")
    try work.succeed("train", "c.yaml")
    let record = try work.object("inspect", "c")
    let start = try #require((record["dataHashes"] as? [String: String])?["start"])
    #expect(try hash("r") == start)
    try work.succeed("retrain", "c", "--subsets", "2", "--seeds", "1")
    try work.succeed("verify", "c", "--data")

    try work.remove("base")
    try FileManager.default.moveItem(atPath: work.file("other"), toPath: work.file("base"))
    try work.fail(4, "train", "c.yaml", words: ["starting weights \(start)", "--overwrite"])
    for command in [
      ["retrain", "c", "--subsets", "3", "--seeds", "1", "--bank", "b"], ["verify", "c", "--data"],
    ] {
      let result = try AscribeProcess(command, in: work.path).wait()
      #expect(result.code == 4, "\(command): \(result.errors)")
      for word in ["the weights that training begins with", "hash \(start) recorded", "base"] {
        #expect(result.errors.contains(word), "\(command): \(result.errors)")
      }
    }
    #expect(!work.exists("Checkpoints/c/b.h5") && !work.exists("Checkpoints/c/b.h5.parts"))
    // What was trained is whole without them.
    try work.succeed("query", "c", "--test", "0")
    try work.remove("base")
    try work.succeed("query", "c", "--test", "0")
    let gone = try work.run("retrain", "c", "--subsets", "3", "--seeds", "1", "--bank", "b")
    #expect(gone.code == 3 && gone.errors.contains("base"), "\(gone.errors)")
  }

  @Test("an interrupted training does not go on from other weights")
  func changedMidway() throws {
    try makeBase()
    try work.write(
      Workspace.runFile(
        name: "c", training: "{rate: 0.05, epochs: 4000, batch: 8, from: base}"), to: "c.yaml")
    let process = try AscribeProcess(["train", "c.yaml", "--save-every", "0"], in: work.path)
    while !work.exists("Checkpoints/c/seed-0/resume/state.safetensors") { usleep(1_000) }
    process.send(SIGKILL)
    #expect(process.wait().code == -SIGKILL)
    let before = work.files("Checkpoints/c")
    try work.remove("base")
    try work.succeed("export", "r", "--out", "base", "--checkpoint", "1")
    try work.fail(4, "train", "c.yaml", words: ["starting weights"])
    #expect(work.files("Checkpoints/c") == before)
  }

  /// A training that changes nothing shows what it began with.
  @Test("models of a bank begin with the run's starting weights")
  func bank() throws {
    try makeBase()
    try work.write(
      Workspace.runFile(
        name: "c", training: "{rate: 1.0e-30, epochs: 1, batch: 8, from: base}"), to: "c.yaml")
    try work.succeed("train", "c.yaml")
    try work.succeed(
      "retrain", "c", "--design", "leave-one-out", "--ids", "0,1", "--seeds", "1")
    // Logits of all models, subset after subset: each is the exported model.
    let logits = try work.object("outputs", "r")["examples"] as? [[String: Any]]
    let expected = try #require(logits).flatMap { $0["logits"] as? [Double] ?? [] }
      .map { Float($0) }
    let bytes = [UInt8](try work.bytes("Checkpoints/c/leave-one-out.h5"))
    let wanted = expected.withUnsafeBytes { [UInt8]($0) }
    let places = bytes.indices.filter { bytes[$0...].starts(with: wanted) }
    #expect(places.count == 3)
  }

  @Test("an imported adapter with `training` is retrained on its model, not on random weights")
  func importedStart() throws {
    try makeBase()
    // An adapter as PEFT would save it, of a run of our own.
    try work.write(
      Self.table("from: base", lora: "{rank: 2, alpha: 4, targets: [\"0\"]}"), to: "c.yaml")
    try work.succeed("train", "c.yaml")
    try adapter(
      of: tensors("Checkpoints/c/seed-0/epoch-040.safetensors"), module: "0", rank: 2, alpha: 4,
      to: "peft")
    try work.write(Self.table("", name: "i"), to: "i.yaml")
    try work.succeed("import", "peft", "--base", "base", "--data", "i.yaml")
    #expect(try hash("i") == hash("c"))
    let record = try work.object("inspect", "i")
    let start = try #require((record["dataHashes"] as? [String: String])?["start"])
    #expect(try hash("r") == start)
    let training = (record["configuration"] as? [String: Any])?["training"] as? [String: Any]
    #expect(training?["from"] as? String == "base")
    try work.succeed("retrain", "i", "--subsets", "2", "--seeds", "1")
    // Named in the run file, it has to be the adapter's model.
    try work.succeed("export", "r", "--out", "other", "--checkpoint", "1")
    try work.write(Self.table("from: other", name: "j"), to: "j.yaml")
    try work.fail(
      3, "import", "peft", "--base", "base", "--data", "j.yaml",
      words: ["training.from", "--base"])
    #expect(!work.exists("Checkpoints/j/run.json"))
    // Without a word on where training begins, frozen weights would be drawn.
    try work.write(
      Self.table("freeze: [\"0\"]", name: "n"),
      to: "n.yaml")
    try work.succeed("import", "base", "--data", "n.yaml")
    try work.fail(
      3, "retrain", "n", "--subsets", "2", "--seeds", "1",
      words: ["imported weights are frozen", "training.from"])
    try work.succeed("verify", "n", "--data")
    // Fully trained weights are imported with what they began with, too.
    try work.write(
      Workspace.runFile(name: "k", training: "{rate: 0.1, epochs: 2, from: other}"), to: "k.yaml")
    try work.succeed("import", "base", "--data", "k.yaml")
    try work.succeed("retrain", "k", "--subsets", "2", "--seeds", "1")
    try work.succeed("verify", "k", "--data")
  }
}

extension Workspace {
  /// An npy file of rows × length token ids.
  func tokens(rows: Int, length: Int, vocabulary: Int, seed: UInt64, to name: String) throws {
    var header = "{'descr': '<i2', 'fortran_order': False, 'shape': (\(rows), \(length)), }"
    header += String(repeating: " ", count: 117 - header.count) + "\n"
    var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(header.utf8.count), 0]
    bytes += Array(header.utf8)
    var draw = Draw(seed: seed)
    for _ in 0..<rows * length { bytes += [UInt8(draw.below(vocabulary)), 0] }
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }
}
