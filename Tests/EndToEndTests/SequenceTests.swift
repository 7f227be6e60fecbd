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

  @Test("scores are taken apart by token, asked of one token and over some layers")
  func tokens() throws {
    try work.succeed("train", "s.yaml")
    let outputs = try work.object("outputs", "s")
    let examples = try #require(outputs["examples"] as? [[String: Any]])
    let id = try "\(#require(examples.first?["id"]))"
    let answer = try work.object(
      "query", "s", "--test", id, "--top", "2", "--tokens", "--token", "5", "--layers", "h.0.mlp",
      "--report", "r.html")
    #expect(answer["layers"] as? String == "transformer.h.0.mlp")
    #expect(answer["kernel"] as? String == "exact of transformer.h.0.mlp")
    let query = try #require((answer["queries"] as? [[String: Any]])?.first)
    #expect((query["token"] as? [String: Any])?["position"] as? Int == 5)
    for side in ["helpful", "harmful"] {
      for entry in try #require(query[side] as? [[String: Any]]) {
        let score = try #require(entry["score"] as? Double)
        let tokens = try #require(entry["tokens"] as? [[String: Any]])
        #expect(tokens.count == 32 && tokens[0]["score"] == nil)
        let sum = tokens.compactMap { $0["score"] as? Double }.reduce(0, +)
        #expect(abs(sum - score) <= 1e-3 * abs(score) + 1e-9, "\(sum) of \(score)")
      }
    }
    let page = try work.text("r.html")
    for word in ["class=\"legend\"", "class=\"asked\"", "class=\"plus\"", "class=\"minus\""] {
      #expect(page.contains(word), "\(word)")
    }
    let text = try work.succeed("query", "s", "--test", id, "--top", "2", "--tokens").output
    #expect(text.contains("[+") && text.contains("strongest tokens"))
    try work.fail(3, "query", "s", "--test", id, "--token", "0", words: ["tokens 1 to 31"])
    try work.fail(3, "query", "s", "--test", id, "--token", "32")
    try work.fail(
      3, "query", "s", "--test", id, "--layers", "h.0.mpl", words: ["did you mean `h.0.mlp`?"])
    try work.fail(2, "query", "s", "--test", id, "--tokens", "--fuse", "b")
  }

  @Test("stores of some layers are refused for others")
  func stores() throws {
    try work.succeed("train", "s.yaml")
    try work.succeed("collect", "s", "--layers", "h.0", "--dim", "8")
    try work.succeed("score", "s", "--kernel", "features", "--layers", "h.0.*", "--out", "x.h5")
    try work.fail(4, "score", "s", "--kernel", "features", "--out", "x.h5", words: ["layers"])
    try work.fail(
      4, "score", "s", "--kernel", "features", "--layers", "ln_f", "--out", "x.h5",
      words: ["layers"])
    try work.succeed("plan", "s", "--layers", "h.0")
    let plan = try work.object("plan", "s")
    let steps = try #require(plan["steps"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    #expect(steps == ["train", "collect", "score (trak)"])
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
