import Foundation
import TestSupport
import Testing

/// `ascribe import` with the files that tools/reference/foreign_models.py saved from PyTorch.
@Suite struct ImportTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Import"), toPath: work.file("import"))
    try work.write(Self.runFile(), to: "m.yaml")
  }

  static func runFile(hidden: Int = 5, training: String = "") -> String {
    """
    name: m
    data:
      train: {format: csv, path: import/train.csv, label: last}
      test:  {format: csv, path: import/test.csv, label: last}
    model: {kind: mlp, hidden: [\(hidden)]}
    \(training)

    """
  }

  private func list(_ value: Any?) throws -> [[String: Any]] {
    try #require(value as? [[String: Any]])
  }

  /// The logits of a run on the test set, beside PyTorch's.
  private func expectOutputs(_ run: String, epoch: String? = nil, of name: String) throws {
    let recorded = try #require(
      try JSONSerialization.jsonObject(with: try work.bytes("import/outputs.json"))
        as? [String: [[Double]]])
    let answer =
      try epoch.map { try work.object("outputs", run, "--epoch", $0) }
      ?? work.object("outputs", run)
    let logits = try list(answer["examples"]).map { try #require($0["logits"] as? [Double]) }
    let expected = try #require(recorded[name])
    #expect(logits.count == expected.count)
    for (row, wanted) in zip(logits, expected) {
      #expect(zip(row, wanted).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(name): \(row) \(wanted)")
    }
  }

  @Test(
    "an imported model has PyTorch's outputs",
    arguments: [
      "plain", "parallel", "named", "shifted", "float16", "bfloat16", "float64", "sharded",
    ])
  func outputs(name: String) throws {
    let answer = try work.object("import", "import/\(name)", "--data", "m.yaml", "--name", name)
    #expect(answer["run"] as? String == name)
    #expect(answer["folder"] as? String == "Checkpoints/\(name)")
    let renamed = try list(answer["renamed"])
    #expect(renamed.isEmpty == !["parallel", "named", "shifted"].contains(name))
    try expectOutputs(name, of: name)
  }

  @Test("several checkpoints keep their numbers, and every command works on them")
  func commands() throws {
    let answer = try work.object("import", "import/files", "--data", "m.yaml")
    let checkpoints = try list(answer["checkpoints"])
    #expect(checkpoints.map { $0["epoch"] as? Int } == [2, 5, 10])
    for epoch in ["2", "5", "10"] { try expectOutputs("m", epoch: epoch, of: "epoch \(epoch)") }
    let run = try work.object("inspect", "m")
    #expect(run["status"] as? String == "imported")
    #expect(run["checkpointEpochs"] as? [Int] == [2, 5, 10])
    #expect((run["dataHashes"] as? [String: String])?["train"]?.count == 64)
    let kept = try JSONSerialization.jsonObject(
      with: try work.bytes("Checkpoints/m/seed-0/epoch-005.json"))
    #expect(
      (kept as? [String: Any])?["importedFrom"] as? String == "import/files/epoch-5.safetensors")
    let query = try work.object("query", "m", "--test", "1", "--top", "3")
    #expect(query["method"] as? String == "trajectory")
    try work.succeed("collect", "m", "--dim", "8", "--checkpoints", "all")
    try work.succeed("score", "m", "--kernel", "features")
    try work.succeed("score", "m", "--method", "ntk-loo", "--checkpoints", "all")
    try work.succeed("verify", "m", "--data")
    let plan = try work.object("plan", "m")
    #expect(try list(plan["steps"]).allSatisfy { $0["name"] as? String != "train" })
    let suspects = try work.object("mislabeled", "m")
    #expect(try list(suspects["suspects"]).count == 12)
  }

  @Test("what needs the training says so")
  func withoutTraining() throws {
    try work.succeed("import", "import/folders", "--data", "m.yaml")
    try work.fail(
      3, "query", "m", "--test", "1", "--example-weight", "trajectory",
      words: ["needs the training's dynamics"])
    try work.fail(
      3, "retrain", "m", "--subsets", "2", "--seeds", "1",
      words: ["has no `training`", "--overwrite"])
    try work.fail(3, "train", "m.yaml", words: ["training"])
    try work.write(Self.runFile(training: "training: {rate: 0.1, epochs: 2}"), to: "m.yaml")
    try work.fail(
      4, "train", "m.yaml",
      words: ["the run of this name was imported: it cannot be trained on."])
    // With `training` in the run file, others can be trained like it.
    try work.succeed("import", "import/folders", "--data", "m.yaml", "--name", "t")
    try work.succeed("retrain", "t", "--subsets", "2", "--seeds", "1")
    try work.succeed("train", "m.yaml", "--overwrite")
  }

  @Test("the same import again leaves the same bytes; another one is refused, or replaces it")
  func overwriting() throws {
    try work.succeed("import", "import/files", "--data", "m.yaml")
    let first = work.files("Checkpoints")
    #expect(first.count == 7)
    try work.succeed("import", "import/files", "--data", "m.yaml")
    #expect(work.files("Checkpoints") == first)
    try work.fail(
      4, "import", "import/plain", "--data", "m.yaml",
      words: ["checkpoints [2, 5, 10]", "--overwrite"])
    // Weights that do not fit leave the run as it is.
    try work.write(Self.runFile(hidden: 6), to: "wide.yaml")
    try work.fail(
      3, "import", "import/plain", "--data", "wide.yaml", "--overwrite", "--name", "m",
      words: ["0.weight [5, 4] instead of [6, 4]", "import/plain/model.safetensors"])
    #expect(work.files("Checkpoints") == first)
    try work.succeed("import", "import/plain", "--data", "m.yaml", "--overwrite")
    #expect(work.files("Checkpoints").count == 3)
    try work.succeed("train", "r.yaml")
    try work.fail(
      4, "import", "import/plain", "--data", "m.yaml", "--name", "r", words: ["status finished"])
  }

  @Test("folders without weights, damaged files and unknown names end with an error")
  func refused() throws {
    try work.fail(
      3, "import", "nowhere", "--data", "m.yaml", words: ["nowhere", "no file or folder"])
    try work.fail(3, "import", "Checkpoints", "--data", "m.yaml", words: ["no file or folder"])
    try work.fail(3, "import", ".", "--data", "m.yaml", words: ["no safetensors file"])
    try work.fail(2, "import", "import/plain")
    try work.flip("import/plain/model.safetensors", byte: 1)
    try work.fail(
      3, "import", "import/plain", "--data", "m.yaml",
      words: ["header", "import/plain/model.safetensors"])
    #expect(!work.exists("Checkpoints/m/run.json"))
  }
}
