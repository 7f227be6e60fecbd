import Foundation
import TestSupport
import Testing

/// `ascribe import --factors` with the files that tools/reference/foreign_factors.py wrote by h5py.
@Suite struct FactorTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Factors"), toPath: work.file("factors"))
    try work.succeed(
      "import", "mine", "--factors", "factors/train.h5", "--test-factors", "factors/test.h5")
  }

  private func list(_ value: Any?) throws -> [[String: Any]] {
    try #require(value as? [[String: Any]])
  }

  @Test("gradients of another program become a run that is asked like any other")
  func asked() throws {
    let imported = try work.object(
      "import", "again", "--factors", "factors/train.h5", "--test-factors", "factors/test.h5")
    #expect(imported["run"] as? String == "again")
    #expect(imported["targets"] as? [String] == ["trace"])
    #expect(imported["parameters"] as? Int == 31)
    #expect(imported["trainingExamples"] as? Int == 12 && imported["testExamples"] as? Int == 4)
    let layers = try list(imported["layers"])
    #expect(layers.map { $0["name"] as? String } == ["fc1", "fc2"])
    #expect(layers.map { $0["inputs"] as? Int } == [3, 4])
    // The default: trajectory, of which the trace kernel is a part.
    let answer = try work.object("query", "mine", "--test", "q1", "--top", "3")
    #expect(answer["method"] as? String == "trajectory")
    #expect(answer["checkpoints"] as? [String] == ["seed-0/epoch-000"])
    let query = try list(answer["queries"])[0]
    #expect(query["id"] as? String == "q1")
    #expect(["ant", "bee", "cat"].contains(query["label"] as? String))
    #expect(query["probability"] as? Double != nil)
    #expect(try list(query["helpful"]).count == 3)
    // graddot is what full gradients in double give.
    let scores = try #require(
      try JSONSerialization.jsonObject(with: try work.bytes("factors/scores.json"))
        as? [String: Any])
    let rows = try #require(scores["graddot"] as? [[Double]])
    let plain = try work.object(
      "query", "mine", "--test", "q1", "--method", "graddot", "--top", "12")
    let found = try list(plain["queries"])[0]
    for entry in try list(found["helpful"]) + list(found["harmful"]) {
      let id = try #require(entry["id"] as? Int)
      let score = try #require(entry["score"] as? Double)
      #expect(abs(score - rows[1][id]) <= 1e-5 * (1 + abs(score)))
    }
    let apart = try work.object(
      "query", "mine", "--test", "q1", "--method", "graddot", "--components", "layers")
    for entry in try list(list(apart["queries"])[0]["helpful"]) {
      let parts = try list(entry["layers"])
      #expect(parts.map { $0["layer"] as? String } == ["fc1", "fc2"])
      let sum = parts.reduce(0) { $0 + ($1["score"] as? Double ?? .nan) }
      let score = try #require(entry["score"] as? Double)
      #expect(abs(sum - score) <= 1e-5 * abs(score))
    }
    let suspects = try work.object("mislabeled", "mine", "--top", "12")
    #expect(try list(suspects["suspects"]).count == 12)
    try work.succeed("query", "mine", "--test", "q0,q3", "--report", "why.html")
    try work.succeed("query", "mine", "--test", "all")
    try work.succeed("score", "mine", "--method", "trak", "--out", "s.h5")
    let file = try work.object("inspect", "s.h5")
    #expect((file["fingerprint"] as? [String: Any]) != nil)
    let part = try work.object("query", "mine", "--test", "q1", "--layers", "fc2")
    #expect(part["layers"] as? String == "fc2")
    try work.succeed("group", "mine", "--ids", "0,1", "--test", "q1", "--method", "trak")
  }

  @Test("features of them are collected and scored")
  func collected() throws {
    try work.succeed("collect", "mine", "--projector", "identity", "--dim", "31")
    func scores(_ arguments: String...) throws -> [Double] {
      let answer = try AscribeProcess(
        ["query", "mine", "--test", "q0", "--method", "graddot", "--top", "12", "--json"]
          + arguments,
        in: work.path
      ).wait()
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
      return try list(try list(object["queries"])[0]["helpful"]).map {
        try #require($0["score"] as? Double)
      }
    }
    let (exact, features) = (try scores(), try scores("--kernel", "features"))
    #expect(!exact.isEmpty && relativeDifference(features, exact) < 1e-5)
    // Another import of the same name leaves a store that no longer belongs to it.
    try work.succeed(
      "import", "mine", "--factors", "factors/test.h5", "--test-factors", "factors/train.h5",
      "--overwrite")
    try work.fail(
      4, "query", "mine", "--test", "0", "--method", "graddot", "--kernel", "features",
      words: ["model differs"])
  }

  @Test("what needs a network is refused by name, and damage noticed")
  func refused() throws {
    let words = ["mine was made of gradients from elsewhere: it has no network"]
    try work.fail(3, "retrain", "mine", "--subsets", "2", "--seeds", "1", words: words)
    try work.fail(3, "evaluate", "mine", "lds", words: words)
    try work.fail(3, "calibrate", "mine", words: words)
    try work.fail(3, "query", "mine", "--test", "q0", "--fuse", "bank", words: words)
    try work.fail(3, "export", "mine", "--out", "weights", words: words)
    try work.fail(3, "outputs", "mine", words: words)
    try work.fail(3, "plan", "mine", words: words)
    try work.write(Workspace.runFile(name: "mine"), to: "mine.yaml")
    try work.fail(4, "train", "mine.yaml", words: ["it cannot be trained on"])
    try work.fail(3, "query", "mine", "--test", "q0", "--tokens", words: ["--tokens"])
    try work.fail(3, "query", "mine", "--test", "q0", "--components", "neurons", words: words)
    try work.fail(3, "mislabeled", "mine", "--signal", "el2n", words: ["dynamics"])
    try work.fail(2, "import", "x", words: ["--data", "--factors"])
    try work.fail(2, "import", "x", "--test-factors", "a.h5", words: ["--factors"])
    try work.fail(
      2, "import", "x", "--factors", "a.h5", "--data", "mine.yaml", words: ["--data is for weights"]
    )
    try work.fail(3, "import", "x", "--factors", "none.h5", words: ["none.h5"])
    #expect(!work.exists("Checkpoints/x"))
    try work.fail(
      3, "import", ".x", "--factors", "factors/train.h5", words: ["cannot be a run's name"])
    try work.fail(
      4, "import", "mine", "--factors", "factors/test.h5", words: ["a run of this name exists"])
    let inspected = try work.object("inspect", "mine")
    #expect(inspected["status"] as? String == "foreign")
    try work.succeed("verify", "mine")
    try work.succeed("verify", "mine", "--data")
    try work.flip("Checkpoints/mine/factors-train.h5", byte: 5_000)
    try work.fail(4, "verify", "mine")
    try work.fail(4, "query", "mine", "--test", "q0")
  }
}
