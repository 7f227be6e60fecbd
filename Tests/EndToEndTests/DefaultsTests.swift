import Foundation
import Testing

/// A run file's `defaults`, and the choices that hold on the exact kernel and on features alike.
@Suite struct DefaultsTests {
  let work: Workspace

  init() throws { work = try Workspace() }

  private func train(defaults: String) throws {
    try work.write(Workspace.runFile() + "defaults: \(defaults)\n", to: "r.yaml")
    try work.succeed("train", "r.yaml")
  }

  @Test("defaults of the damping and weight leave methods without them as they are")
  func otherMethods() throws {
    try work.succeed("train", "r.yaml")
    let plain = try ["graddot", "gradcos"].map {
      try work.object("query", "r", "--test", "3", "--method", $0)["queries"] as? NSArray
    }
    try train(defaults: "{exampleWeight: sqrt-final, dampingProfile: residual, damping: gcv}")
    let answered = try ["graddot", "gradcos"].map {
      try work.object("query", "r", "--test", "3", "--method", $0)["queries"] as? NSArray
    }
    #expect(plain == answered && plain.allSatisfy { $0?.count == 1 })
    // The leave-one-out kernel regression has no weight.
    try work.succeed("query", "r", "--test", "3", "--method", "ntk-loo")
    let trak = try work.object("query", "r", "--test", "3", "--method", "trak")
    #expect(trak["exampleWeight"] as? String == "sqrt-final")
  }

  @Test(
    "defaults that no later command could take are refused before the training, at their place",
    arguments: [
      (
        "{method: graddot, dampingProfile: residual}", "dampingProfile",
        "cannot be `residual` here: graddot has no damping of the examples."
      ),
      (
        "{method: graddot, exampleWeight: final}", "exampleWeight",
        "cannot be `final` here: graddot has none; it belongs to trak and trajectory."
      ),
      (
        "{checkpoints: 99}", "checkpoints",
        "cannot be `99` here: the training keeps epochs 1, 2, 5, 6."
      ),
      ("{checkpoints: \"1,3\"}", "checkpoints", "cannot be `3` here"),
      ("{outputFunction: prediction}", "outputFunction", "cannot be `prediction`."),
      ("{outputFunction: margni}", "outputFunction", "cannot be `margni`; did you mean `margin`?"),
      ("{method: trakk}", "method", "cannot be `trakk`; did you mean `trak`?"),
      ("{exampleWeight: last}", "exampleWeight", "cannot be `last`."),
      ("{damping: much}", "damping", "is the text `much`, expected mean, 2·mean, gcv, loo or"),
    ])
  func contradiction(defaults: String, key: String, problem: String) throws {
    try work.write(Workspace.runFile() + "defaults: \(defaults)\n", to: "r.yaml")
    let ended = try work.fail(
      3, "train", "r.yaml", words: ["error: defaults.\(key) \(problem)", ", defaults.\(key)\n"])
    #expect(ended.errors.contains("  at:  r.yaml"), "\(ended.errors)")
    #expect(!work.exists("Checkpoints/r/run.json"))
  }

  @Test("the search for wrong labels takes the run file's damping, checkpoints and kernel")
  func suspects() throws {
    try work.succeed("train", "r.yaml")
    let plain = try work.object("mislabeled", "r")["suspects"] as? NSArray
    let asked = try work.object(
      "mislabeled", "r", "--damping", "3·mean", "--checkpoints", "1,2", "--kernel", "features")
    try train(defaults: "{damping: 3·mean, checkpoints: \"1,2\", kernel: features}")
    let taken = try work.object("mislabeled", "r")
    #expect(taken["suspects"] as? NSArray == asked["suspects"] as? NSArray)
    #expect(taken["suspects"] as? NSArray != plain)
    // Steps hold no example's outputs: the search goes on without.
    try train(defaults: "{kernel: steps}")
    #expect(try work.object("mislabeled", "r")["suspects"] as? NSArray == plain)
  }

  @Test("weights of the kernel's residuals are read from collected trace features")
  func residualWeights() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r", "--method", "trajectory", "--checkpoints", "final")
    let scores = try ["exact", "features"].map { kernel in
      let answer = try work.object(
        "query", "r", "--test", "3", "--top", "48", "--kernel", kernel, "--method", "trak",
        "--checkpoints", "final", "--example-weight", "leaveOneOut")
      let query = try #require((answer["queries"] as? [[String: Any]])?.first)
      var byID: [Int: Double] = [:]
      for side in ["helpful", "harmful"] {
        for entry in try #require(query[side] as? [[String: Any]]) {
          byID[try #require(entry["id"] as? Int)] = try #require(entry["score"] as? Double)
        }
      }
      return byID.sorted { $0.key < $1.key }.map(\.value)
    }
    let scale = scores[0].map(abs).max() ?? 0
    #expect(scale > 0 && scores[0].count == scores[1].count)
    // As many landmarks as examples: the whole kernel.
    #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) <= 1e-3 * scale })
  }

  @Test("imported weights weigh examples the same on both kernels")
  func imported() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("export", "r", "--out", "weights")
    try work.succeed("import", "weights", "--data", "r.yaml", "--name", "m")
    try work.succeed("collect", "m", "--method", "trajectory")
    for kernel in ["exact", "features"] {
      let answer = try work.object(
        "query", "m", "--test", "3", "--method", "trajectory", "--kernel", kernel)
      #expect(answer["exampleWeight"] as? String == "leaveOneOut", "\(kernel)")
    }
  }

  @Test("trak weighs imported examples the same on both kernels, or says which features it lacks")
  func importedTrak() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r")
    #expect(!work.exists("Projections/r/train-trace.h5"))
    try work.succeed("export", "r", "--out", "weights")
    try work.succeed("import", "weights", "--data", "r.yaml", "--name", "m")
    try work.succeed("collect", "m")
    let query = ["query", "m", "--test", "3", "--method", "trak", "--json", "--kernel"]
    for kernel in ["exact", "features"] {
      let answer = try AscribeProcess(query + [kernel], in: work.path).wait()
      #expect(answer.output.contains(#""exampleWeight":"leaveOneOut""#), "\(answer)")
    }
    try work.remove("Projections/m/train-trace.h5")
    try work.fail(
      3, "query", "m", "--test", "3", "--method", "trak", "--kernel", "features",
      words: [
        "example weight 'leaveOneOut' on features needs those of the trace kernel",
        "ascribe collect m --method ntk-loo", "--example-weight final",
      ])
    let answer = try work.object(
      "query", "m", "--test", "3", "--method", "trak", "--kernel", "features",
      "--example-weight", "final")
    #expect(answer["exampleWeight"] as? String == "final")
    // A method without weights needs none.
    try work.succeed("query", "m", "--test", "3", "--method", "graddot", "--kernel", "features")
  }

  @Test("checkpoints that only one of a method's stores has are passed over by name")
  func passedOver() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r", "--checkpoints", "all")
    try work.succeed("collect", "r", "--method", "ntk-loo", "--checkpoints", "2,6")
    let query = ["query", "r", "--test", "3", "--kernel", "features", "--method"]
    let both = try AscribeProcess(query + ["trajectory"], in: work.path).wait()
    #expect(
      both.errors.contains(
        "note: checkpoints that are not in every store that is read are passed over: "
          + "seed-0/epoch-001, not in train-trace.h5; seed-0/epoch-005, not in train-trace.h5"),
      "\(both.errors)")
    let one = try AscribeProcess(query + ["trak"], in: work.path).wait()
    #expect(one.code == 0 && !one.errors.contains("passed over"), "\(one.errors)")
    try work.fail(
      3, "query", "r", "--test", "3", "--kernel", "features", "--method", "trajectory",
      "--checkpoints", "1,2", words: ["no checkpoint fits seed-0/epoch-001"])
  }

  @Test("trace features of the test examples are read where they were collected")
  func traceOfQueries() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r", "--method", "ntk-loo")
    func scores() throws -> (ids: [Int], values: [Double], notes: String) {
      let ended = try work.succeed(
        "query", "r", "--test", "3", "--top", "5", "--method", "ntk-loo", "--kernel", "features",
        "--json")
      let object =
        try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
      let query = try #require((object?["queries"] as? [[String: Any]])?.first)
      let helpful = try #require(query["helpful"] as? [[String: Any]])
      return (
        helpful.compactMap { $0["id"] as? Int }, helpful.compactMap { $0["score"] as? Double },
        ended.errors
      )
    }
    let before = try scores()
    try work.succeed("collect", "r", "--method", "ntk-loo", "--split", "test")
    #expect(work.exists("Projections/r/test-trace.h5"))
    let after = try scores()
    let note = "features of queries are read from the store of the test examples"
    #expect(!before.notes.contains(note) && after.notes.contains(note), "\(after.notes)")
    #expect(before.ids == after.ids && before.ids.count == 5)
    #expect(zip(before.values, after.values).allSatisfy { abs($0 - $1) <= 1e-5 * abs($0) })
  }

  @Test("damaged leave-one-out vectors beside a store are made again, and said")
  func damagedVectors() throws {
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r", "--method", "ntk-loo")
    let query = ["query", "r", "--test", "3", "--method", "ntk-loo", "--kernel", "features"]
    let before = try AscribeProcess(query, in: work.path).wait()
    #expect(before.code == 0 && !before.errors.contains("is not used"), "\(before.errors)")
    let folder = "Projections/r/train-trace.preconditioners"
    let vectors = work.files(folder).keys.filter { $0.contains("leave-one-out.") }
    #expect(!vectors.isEmpty)
    for name in vectors {
      var bytes = try work.bytes(name)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: work.file(name)))
    }
    let after = try AscribeProcess(query, in: work.path).wait()
    #expect(after.code == 0 && after.output == before.output)
    #expect(after.errors.components(separatedBy: "is not used").count == 1 + vectors.count)
  }
}
