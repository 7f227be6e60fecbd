import Testing

/// A language model on a text: what works on it, and what says that it does not.
@Suite struct SequenceTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try work.write(
      (0..<60).map { "line \($0) of a text that repeats itself\n" }.joined(), to: "t.txt")
    try work.write(
      """
      name: s
      data:
        source: {format: text, path: t.txt, tokens: characters, length: 32}
        split: {test: 10, seed: 0}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {optimizer: adamw, rate: 0.001, batch: 16, epochs: 1, seed: 0}

      """, to: "s.yaml")
  }

  @Test("a text is trained on and queried; evaluations and banks of it are refused")
  func refusals() throws {
    try work.succeed("train", "s.yaml")
    let outputs = try work.object("outputs", "s")
    let examples = try #require(outputs["examples"] as? [[String: Any]])
    let id = try #require(examples.first?["id"])
    let query = try work.object("query", "s", "--test", "\(id)", "--top", "2")
    #expect(query["method"] as? String == "trak")
    try work.fail(3, "retrain", "s", "--subsets", "10", "--seeds", "1")
    for kind in ["lds", "loo", "mislabel", "brittleness", "randomized"] {
      try work.fail(3, "evaluate", "s", kind)
    }
    try work.fail(3, "mislabeled", "s")
  }
}
