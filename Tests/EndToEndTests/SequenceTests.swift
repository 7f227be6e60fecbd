import Foundation
import TestSupport
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

  /// Scores of a query by training example.
  private func scores(_ arguments: [String]) throws -> [String: Double] {
    let result = try AscribeProcess(["query", "s", "--json"] + arguments, in: work.path).wait()
    #expect(result.code == 0, "\(result.errors)")
    let answer = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let query = try #require((answer?["queries"] as? [[String: Any]])?.first)
    var found: [String: Double] = [:]
    for side in ["helpful", "harmful"] {
      for entry in try #require(query[side] as? [[String: Any]]) {
        found["\(try #require(entry["id"]))"] = try #require(entry["score"] as? Double)
      }
    }
    return found
  }

  @Test("parts are patched with a query's partner: an id or a text, and what has none is refused")
  func pairs() throws {
    try work.succeed("train", "s.yaml")
    let outputs = try work.object("outputs", "s")
    let examples = try #require(outputs["examples"] as? [[String: Any]])
    let ids = try examples.prefix(2).map { "\(try #require($0["id"]))" }
    func weights(_ more: String...) throws -> [Double] {
      let answer = try AscribeProcess(
        ["components", "s", "--queries", ids[0], "--method", "loo", "--json"] + more,
        in: work.path
      ).wait()
      #expect(answer.code == 0, "\(answer.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
      let list = try #require((object as? [String: Any])?["components"] as? [[String: Any]])
      return list.compactMap { $0["weight"] as? Double }
    }
    // A partner that is the query itself changes nothing; another one does.
    try work.write("id,pair\n\(ids[0]),\(ids[0])\n", to: "same.csv")
    try work.write("id,pair\n\(ids[0]),\(ids[1])\n", to: "other.csv")
    let same = try weights("--ablation", "resample", "--pairs", "same.csv")
    #expect(!same.isEmpty && same.allSatisfy { abs($0) < 1e-4 })
    let other = try weights("--ablation", "resample", "--pairs", "other.csv")
    #expect(other.contains { abs($0) > 1e-4 })
    // The same partner as a text.
    let eight = String(repeating: "text", count: 8)
    try work.write("id,text\n\(ids[0]),\(eight)\n", to: "text.csv")
    let text = try weights("--ablation", "resample", "--pairs", "text.csv")
    #expect(text != other && text.contains { abs($0) > 1e-4 })
    func refused(
      _ code: Int32, _ file: String, _ ablation: String = "resample", words: [String]
    ) throws {
      try work.fail(
        code, "components", "s", "--queries", ids[0], "--ablation", ablation, "--pairs", file,
        words: words)
    }
    try refused(
      2, "same.csv", "zero", words: ["ablation zero takes nothing", "--ablation resample"])
    try work.write("id,text\n\(ids[0]),short\n", to: "short.csv")
    try refused(2, "short.csv", words: ["has 32 tokens, its pair 5", "one by one"])
    try work.write("id,pair\n\(ids[1]),\(ids[0])\n", to: "none.csv")
    try refused(2, "none.csv", words: ["query \(ids[0]) has no pair"])
    try work.write("id,pair\n\(ids[0]),nobody\n", to: "nobody.csv")
    try refused(3, "nobody.csv", words: ["nobody"])
  }

  @Test("gradients of the loss are features of the loss, not of the margin times its mean residual")
  func lossFeatures() throws {
    try work.succeed("train", "s.yaml")
    let outputs = try work.object("outputs", "s")
    let id = try "\(#require((outputs["examples"] as? [[String: Any]])?.first?["id"]))"
    try work.succeed("collect", "s", "--projector", "identity")
    try work.fail(
      3, "query", "s", "--test", id, "--method", "graddot", "--kernel", "features",
      words: ["it takes features of the loss"])
    try work.succeed(
      "collect", "s", "--method", "graddot", "--projector", "identity", "--overwrite")
    for method in ["graddot", "gradcos"] {
      let asked = ["exact", "features"].map { kernel in
        ["--test", id, "--top", "99", "--method", method, "--kernel", kernel]
      }
      let exact = try scores(asked[0])
      let features = try scores(asked[1])
      let scale = exact.values.map(abs).max() ?? 0
      #expect(scale > 0 && exact.count > 20)
      #expect(exact.allSatisfy { abs($0.value - (features[$0.key] ?? 0)) <= 1e-4 * scale })
    }
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
    #expect(!page.contains("<details>"))
    let text = try work.succeed("query", "s", "--test", id, "--top", "2", "--tokens").output
    #expect(text.contains("[+") && text.contains("strongest tokens"))
    #expect(text.contains("tokens that the passages below act on most: "))
    try work.fail(3, "query", "s", "--test", id, "--token", "0", words: ["tokens 1 to 31"])
    try work.fail(3, "query", "s", "--test", id, "--token", "32")
    try work.fail(
      3, "query", "s", "--test", id, "--layers", "h.0.mpl", words: ["did you mean `h.0.mlp`?"])
    try work.fail(2, "query", "s", "--test", id, "--tokens", "--fuse", "b")
  }

  @Test("scores are taken apart by layer and head, and what has no parts is refused")
  func components() throws {
    try work.succeed("train", "s.yaml")
    let examples = try #require(try work.object("outputs", "s")["examples"] as? [[String: Any]])
    let id = try "\(#require(examples.first?["id"]))"
    let asked = ["query", "s", "--test", id, "--top", "2", "--components"]
    let result = try AscribeProcess(asked + ["heads,neurons", "--json"], in: work.path).wait()
    #expect(result.code == 0, "\(result.errors)")
    let answer = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let query = try #require((answer?["queries"] as? [[String: Any]])?.first)
    func scores(_ value: Any?, _ name: String) throws -> [String: Double] {
      Dictionary(
        uniqueKeysWithValues: try #require(value as? [[String: Any]]).map {
          (try #require($0[name] as? String), try #require($0["score"] as? Double))
        })
    }
    #expect(try scores(query["components"], "name").count == 34)
    for entry in try #require(query["helpful"] as? [[String: Any]]) {
      let score = try #require(entry["score"] as? Double)
      let layers = try scores(entry["layers"], "layer")
      let parts = try scores(entry["components"], "name")
      let rest = try #require(entry["rest"] as? Double)
      #expect(layers["transformer.h.0.attn.c_attn"] != nil && layers["transformer.wte"] != nil)
      #expect(parts.count == 34 && parts["transformer.h.0.attn.head.1"] != nil)
      for sum in [layers.values.reduce(0, +), parts.values.reduce(rest, +)] {
        #expect(abs(sum - score) <= 1e-5 * abs(score), "\(sum) of \(score)")
      }
    }
    let text = try work.succeed("query", "s", "--test", id, "--components", "layers").output
    #expect(text.contains("helpful 1, ") && text.contains("  layers: transformer."))
    try work.fail(2, "query", "s", "--test", id, "--components", "neurones")
    try work.fail(2, "query", "s", "--test", id, "--components", "layers", "--fuse", "b")
    try work.fail(
      2, "query", "s", "--test", id, "--components", "layers", "--scores", "s.h5",
      words: ["--components"])
    try work.fail(
      3, "query", "s", "--test", id, "--components", "heads,attentions",
      words: ["share weights", "--components"])
    try work.succeed("collect", "s")
    try work.fail(
      3, "query", "s", "--test", id, "--components", "layers", "--kernel", "features",
      words: ["projections", "--kernel"])
  }

  @Test("scores are taken apart by the query's tokens, and the query is shaded by their sum")
  func queryTokens() throws {
    try work.succeed("train", "s.yaml")
    let examples = try #require(try work.object("outputs", "s")["examples"] as? [[String: Any]])
    let id = try "\(#require(examples.first?["id"]))"
    let answer = try work.object(
      "query", "s", "--test", id, "--top", "2", "--tokens", "--report", "r.html")
    let query = try #require((answer["queries"] as? [[String: Any]])?.first)
    func scores(_ value: Any?) throws -> [Double] {
      let tokens = try #require(value as? [[String: Any]])
      #expect(tokens.count == 32 && tokens[0]["score"] == nil)
      return try tokens.dropFirst().map { try #require($0["score"] as? Double) }
    }
    var total = [Double](repeating: 0, count: 31)
    for side in ["helpful", "harmful"] {
      for entry in try #require(query[side] as? [[String: Any]]) {
        let score = try #require(entry["score"] as? Double)
        let parts = try scores(entry["queryTokens"])
        #expect(abs(parts.reduce(0, +) - score) <= 1e-3 * abs(score) + 1e-9)
        for (i, part) in parts.enumerated() { total[i] += part }
      }
    }
    let size = total.map(abs).max() ?? 0
    #expect(size > 0)
    for (sum, shown) in zip(total, try scores(query["tokens"])) {
      #expect(abs(sum - shown) <= 1e-5 * size)
    }
    let page = try work.text("r.html")
    #expect(page.components(separatedBy: "<details>").count == 5)
    #expect(page.contains("Each token of a query is shaded"))
    let mean = try work.object("query", "s", "--test", "all", "--top", "1", "--tokens")
    let first = try #require((mean["queries"] as? [[String: Any]])?.first)
    #expect(first["tokens"] == nil && first["helpful"] != nil)
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
    func steps(_ answer: [String: Any]) throws -> [[String: Any]] {
      try #require(answer["steps"] as? [[String: Any]])
    }
    let all = try steps(try work.object("plan", "s"))
    let last = try steps(try work.object("plan", "s", "--layers", "ln_f"))
    let methods = ["graddot", "gradcos", "tracin", "trak"]
    let curvatures = [
      "ekfac", "kfac", "diagonal", "if-cg", "if-exact", "if-lissa", "if-arnoldi", "datainf",
      "logra",
      "trackstar", "relatif", "relatif-theta", "ekfac-unit",
    ]
    let exact = methods + curvatures + ["bm25", "embedding"]
    let replayed = ["query (magic)", "query (inrun)", "query (source)"]
    #expect(
      all.map { $0["name"] as? String }
        == ["train", "collect"] + exact.map { "query (\($0))" }
        + methods.map { "query (\($0) on features)" } + replayed
        + ["score (trak)", "components", "prune"])
    func peaks(_ steps: [[String: Any]]) -> [Int] { steps.compactMap { $0["peakBytes"] as? Int } }
    // Trainings and components are those of the run; gradients by one layer take less.
    #expect(peaks(last)[0] == peaks(all)[0])
    #expect(peaks(last).suffix(2) == peaks(all).suffix(2))
    for method in methods {
      func peak(_ steps: [[String: Any]]) -> Int? {
        steps.first { $0["name"] as? String == "query (\(method))" }?["peakBytes"] as? Int
      }
      #expect(try #require(peak(last)) < #require(peak(all)))
    }
  }

  @Test("a text is trained on and queried; what needs labels is refused, by reasons of its own")
  func refusals() throws {
    try work.succeed("train", "s.yaml")
    let outputs = try work.object("outputs", "s")
    let examples = try #require(outputs["examples"] as? [[String: Any]])
    let id = try #require(examples.first?["id"])
    let query = try work.object("query", "s", "--test", "\(id)", "--top", "2")
    #expect(query["method"] as? String == "trak")
    for kind in ["lds", "loo", "randomized", "removal"] {
      try work.fail(3, "evaluate", "s", kind, words: ["there is no bank", "ascribe retrain s"])
    }
    try work.fail(
      3, "evaluate", "s", "mislabel", words: ["sequences have no labels that could be wrong"])
    try work.fail(3, "mislabeled", "s")
    try work.fail(2, "evaluate", "s", "mislabel", "--token", "3")
    try work.fail(2, "evaluate", "s", "removal", "--token", "3")
    try work.fail(2, "retrain", "s", "--token", "3", words: ["--token is for --design removal"])
  }

  @Test("a bank of a text answers evaluations, units, fusing and groups, of texts and of a token")
  func bank() throws {
    try work.succeed("train", "s.yaml")
    let made = try work.object("retrain", "s", "--subsets", "10", "--seeds", "2")
    #expect(made["keepsTokens"] as? Bool == true && made["subsets"] as? Int == 10)
    let examples = try #require(try work.object("outputs", "s")["examples"] as? [[String: Any]])
    let id = try "\(#require(examples.first?["id"]))"
    let train = try #require(
      try work.object("outputs", "s", "--split", "train")["examples"] as? [[String: Any]])
    let group = train.prefix(2).map { "\($0["id"] ?? "")" }.joined(separator: ",")
    for token in [[], ["--token", "5"]] {
      func ask(_ words: String...) throws -> [String: Any] {
        let result = try AscribeProcess(words + token + ["--json"], in: work.path).wait()
        #expect(result.code == 0, "\(words): \(result.errors)")
        return try #require(
          try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      }
      let number = token.isEmpty ? nil : 5
      let lds = try ask("evaluate", "s", "lds", "--report", "lds.html")
      #expect(lds["lds"] is Double && lds["ceiling"] is Double && lds["token"] as? Int == number)
      #expect(lds["method"] as? String == "trak" && lds["outputFunction"] as? String == "margin")
      #expect(try work.text("lds.html").contains("<svg"))
      let controls = try #require(
        try ask("evaluate", "s", "randomized")["controls"] as? [[String: Any]])
      #expect(controls.count == 4)
      let units = try ask("calibrate", "s", "--output-function", "loss")
      #expect(units["correlation"] is Double && units["token"] as? Int == number)
      let fused = try ask("query", "s", "--test", id, "--fuse", "bank")
      #expect(fused["method"] as? String == "fused")
      let gone = try ask("group", "s", "--ids", group, "--test", id)
      #expect(gone["exact"] is Double && gone["token"] as? Int == number)
    }
    // Units of the text and of the token lie side by side; another token has none.
    let other = try work.succeed(
      "query", "s", "--test", id, "--output-function", "loss", "--token", "6")
    #expect(other.errors.contains("does not fit these scores: other token"))
    try work.succeed("verify", "s")
    try work.fail(
      4, "retrain", "s", "--subsets", "10", "--seeds", "2", "--no-token-outputs",
      words: ["tokenOutputs"])
    try work.succeed(
      "retrain", "s", "--subsets", "4", "--seeds", "1", "--no-token-outputs", "--bank", "sums")
    try work.fail(
      3, "evaluate", "s", "lds", "--bank", "sums", "--token", "5",
      words: ["whole sequences, not of their tokens", "--token-outputs"])
  }

  /// A Llama on a file of 60 sequences of 32 token ids below 11, in place of the text.
  private func writeTokens() throws {
    var header = "{'descr': '<i4', 'fortran_order': False, 'shape': (60, 32), }"
    header += String(repeating: " ", count: 117 - header.count) + "\n"
    var bytes = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8))
    for i in 0..<60 * 32 {
      withUnsafeBytes(of: Int32((i % 32 * (1 + i / 32 % 3) + i / 64) % 11).littleEndian) {
        bytes.append(contentsOf: $0)
      }
    }
    try bytes.write(to: URL(fileURLWithPath: work.file("t.npy")))
    try work.write(
      """
      name: s
      data:
        source: {format: npy, path: t.npy, vocabulary: 11}
        split: {test: 10, seed: 0}
      model: {kind: llama, layers: 1, heads: 2, width: 8}
      training: {optimizer: adamw, rate: 0.001, batch: 16, epochs: 1, seed: 0}

      """, to: "s.yaml")
  }

  @Test("removals of a text have its loss in place of an accuracy, and a text flips by its loss")
  func removals() throws {
    try writeTokens()
    try work.succeed("train", "s.yaml")
    let examples = try #require(try work.object("outputs", "s")["examples"] as? [[String: Any]])
    let id = try "\(#require(examples.first?["id"]))"
    func curve(_ answer: [String: Any], _ part: String) throws -> Double {
      try #require((answer[part] as? [String: Any])?["full"] as? Double)
    }
    for (token, bank) in [(nil, "removal"), ("5", "by-token")] as [(String?, String)] {
      let words =
        [
          "retrain", "s", "--design", "removal", "--fractions", "0.25", "--draws", "1", "--seeds",
          "1",
        ]
        + ["--test", id, "--bank", bank] + (token.map { ["--token", $0] } ?? [])
      #expect(try AscribeProcess(words, in: work.path).wait().code == 0)
      let removal = try work.object(
        "evaluate", "s", "removal", "--bank", bank, "--output-function", "loss")
      #expect(removal["accuracy"] == nil && (removal["token"] as? Int) == token.flatMap { Int($0) })
      // The loss of one text of 31 targets, and of one target of it.
      let (sum, mean) = (try curve(removal, "output"), try curve(removal, "loss"))
      #expect(sum > 0 && abs(sum - mean * (token == nil ? 31 : 1)) < 1e-4 * sum)
    }
    let text = try work.succeed("evaluate", "s", "removal", "--report", "rem.html")
    #expect(text.output.contains("mean loss a token, in place of an accuracy"))
    #expect(try work.text("rem.html").contains("Mean loss a token"))
    let loo = try work.object(
      "retrain", "s", "--design", "leave-one-out", "--count", "2", "--seeds", "1")
    #expect(loo["subsets"] as? Int == 3)
    #expect(try work.object("evaluate", "s", "loo", "--token", "5")["spearman"] is Double)
    let models = ["--removals", "10", "--models", "1", "--draws", "1", "--count", "1"]
    let whole = try work.object(
      "evaluate", "s", "brittleness", models[0], models[1], models[2], models[3], models[4],
      models[5], models[6], models[7], "--rise", "0.1")
    #expect(whole["rise"] as? Double == 0.1)
    let step = try #require((whole["steps"] as? [[String: Any]])?.first)
    #expect(step["loss"] is Double && step["randomLoss"] is Double)
    let one = try work.object(
      "evaluate", "s", "brittleness", models[0], models[1], models[2], models[3], models[4],
      models[5], "--test", id, "--token", "5", "--overwrite")
    let query = try #require((one["queries"] as? [[String: Any]])?.first)
    for side in ["label", "predicted"] {
      let token = try #require((query[side] as? String).flatMap { Int($0) }, "\(side)")
      #expect((0..<11).contains(token), "\(side)")
    }
    #expect(one["rise"] == nil)
    try work.fail(
      3, "evaluate", "s", "brittleness", "--token", "5", "--rise", "0.1", words: ["--rise"])
  }

  @Test("a text by tokenizer.json: answers are texts, ids are places, another tokenizer is refused")
  func tokenizer() throws {
    let json = try String(contentsOfFile: fixture("Tokenizers/gpt2.json"), encoding: .utf8)
    try work.write(json, to: "tok.json")
    try work.write(
      (0..<24).map { "{\"text\": \"Speak, citizen \($0), é\", \"key\": \"k\($0)\"}\n" }.joined(),
      to: "t.jsonl")
    try work.write(
      """
      name: b
      data:
        source: {format: jsonl, path: t.jsonl, id: key, tokens: tok.json, length: 24}
        split: {test: 4, seed: 0}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {optimizer: adamw, rate: 0.001, batch: 8, epochs: 1, seed: 0}

      """, to: "b.yaml")
    try work.succeed("train", "b.yaml")
    let record = try work.object("inspect", "b")
    #expect((record["tokenizerHash"] as? String)?.count == 64 && record["vocabulary"] == nil)
    let examples = try #require(try work.object("outputs", "b")["examples"] as? [[String: Any]])
    let id = try #require(examples.first?["id"] as? String)
    #expect(examples.first?["label"] as? String == "Speak, citizen \(id.dropFirst()), é")
    let query = try work.object("query", "b", "--test", id, "--top", "2")
    let queries = try #require(query["queries"] as? [[String: Any]])
    let helpful = try #require(queries.first?["helpful"] as? [[String: Any]])
    #expect((helpful.first?["label"] as? String)?.hasPrefix("Speak, citizen") == true)
    // The same tokens by another file: not the run's any more.
    try work.write(json + "\n", to: "tok.json")
    let refusal = try work.fail(4, "query", "b", "--test", id)
    #expect(refusal.errors.contains("the tokenizer data is not what the run was made with"))
    try work.fail(4, "train", "b.yaml")
    try work.write(json, to: "tok.json")
    try work.succeed("query", "b", "--test", id)
  }
}
