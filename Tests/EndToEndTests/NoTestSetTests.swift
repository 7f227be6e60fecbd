import Foundation
import Testing

/// Runs without test examples: all of one's data is searched for wrong labels.
@Suite struct NoTestSetTests {
  private static func runFile(_ form: String) -> String {
    let source = "{format: csv, path: train.csv, label: last}"
    let data =
      switch form {
      case "split": "source: \(source)\n  split: {test: 0}"
      case "source": "source: \(source)"
      default: "train: \(source)"
      }
    return """
      name: n
      data:
        \(data)
      model: {kind: mlp, hidden: [8]}
      training: {rate: 0.1, momentum: 0.9, epochs: 6, batch: 8}

      """
  }

  @Test(
    "what asks about training examples works without a test set",
    arguments: ["split", "source", "train"])
  func works(form: String) throws {
    let work = try Workspace(trained: true)
    try work.write(NoTestSetTests.runFile(form), to: "n.yaml")
    let trained = try work.object("train", "n.yaml")
    let seeds = try #require(trained["seeds"] as? [[String: Any]])
    #expect(seeds[0]["testLoss"] == nil && seeds[0]["trainLoss"] is Double)
    // The same training as with a test set, the same suspects.
    let own = try work.object("mislabeled", "n")
    let other = try work.object("mislabeled", "r")
    func suspects(_ answer: [String: Any]) -> NSArray? {
      (answer["suspects"] as? [[String: Any]])?.map { entry in
        // Of the test set alone.
        entry.filter { $0.key != "influence" }
      } as NSArray?
    }
    #expect(suspects(own) == suspects(other))
    #expect((own["suspects"] as? [[String: Any]])?.contains { $0["influence"] != nil } == false)
    for signal in ["selfInfluence", "el2n"] {
      try work.succeed("mislabeled", "n", "--signal", signal, "--report", "o.html")
    }
    try work.succeed("collect", "n", "--dim", "16")
    try work.succeed("mislabeled", "n", "--kernel", "features")
    try work.succeed("plan", "n.yaml")
    try work.succeed("plan", "n")
    try work.succeed("inspect", "n")
    try work.succeed("verify", "n", "--data")
    try work.succeed("outputs", "n", "--split", "train")
    try work.succeed("score", "n", "--split", "train", "--method", "graddot")
    try work.succeed("export", "n", "--out", "weights")
    try work.succeed("import", "weights", "--data", "n.yaml", "--name", "m")
    try work.succeed("mislabeled", "m")
    // Trained already: the same run.
    #expect(try work.succeed("train", "n.yaml").errors.contains("is trained already"))
  }

  @Test(
    "what asks about test examples says in one sentence that there are none",
    arguments: [
      ["query", "n", "--test", "3"], ["query", "n", "--test", "all"], ["score", "n"],
      ["group", "n", "--class", "1", "--test", "all"], ["outputs", "n"],
      ["collect", "n", "--split", "test"], ["retrain", "n", "--subsets", "2"],
      ["retrain", "n", "--design", "removal"], ["calibrate", "n"], ["evaluate", "n", "lds"],
      ["evaluate", "n", "loo"], ["evaluate", "n", "removal"], ["evaluate", "n", "brittleness"],
      ["evaluate", "n", "randomized"],
    ])
  func refused(arguments: [String]) throws {
    let work = try Workspace()
    try work.write(NoTestSetTests.runFile("split"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let ended = try AscribeProcess(arguments, in: work.path).wait()
    #expect(ended.code == 3, "\(arguments): \(ended.errors)")
    #expect(
      ended.errors.hasSuffix(
        """
        error: the run has no test set.
          at:  data.test
          fix: ask about training examples, or give `data` a `test` or a `split` and train again.

        """), "\(arguments): \(ended.errors)")
  }

  @Test("planted errors are found, and a language model is trained, without a test set")
  func others() throws {
    let work = try Workspace()
    try work.write(
      NoTestSetTests.runFile("split").replacingOccurrences(
        of: "split: {test: 0}", with: "split: {test: 0}\n  flip: {fraction: 0.1}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let found = try work.object("evaluate", "n", "mislabel")
    #expect(found["planted"] as? Int == 5)
    try work.write(String(repeating: "to be or not to be, that is. ", count: 12), to: "input.txt")
    try work.write(
      """
      name: t
      data:
        source: {format: text, path: input.txt, tokens: characters, length: 16}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {optimizer: adamw, rate: 0.01, batch: 4, epochs: 1}

      """, to: "t.yaml")
    try work.succeed("train", "t.yaml")
    try work.succeed("collect", "t", "--dim", "8")
    try work.fail(3, "query", "t", "--test", "byte:0", words: ["the run has no test set"])
  }
}
