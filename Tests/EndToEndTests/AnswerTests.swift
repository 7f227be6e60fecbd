import Foundation
import Testing

/// The JSON of every command that answers, field by field, as DESIGN.md section 3 fixes it.
@Suite struct AnswerTests {
  let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  /// A list of objects in an object.
  private func list(_ value: Any?) throws -> [[String: Any]] {
    try #require(value as? [[String: Any]])
  }

  private func checkInfluences(_ query: [String: Any], count: Int) throws {
    for (side, rises) in [("helpful", false), ("harmful", true)] {
      let entries = try list(query[side])
      #expect(entries.count == count)
      #expect(entries.allSatisfy { Set($0.keys) == ["id", "label", "score"] })
      #expect(entries.allSatisfy { $0["id"] is Int && $0["label"] is Int })
      let scores = try entries.map { try #require($0["score"] as? Double) }
      let sorted = rises ? scores.sorted() : scores.sorted(by: >)
      #expect(scores == sorted, "\(side)")
      #expect(scores.allSatisfy { $0.isFinite })
    }
  }

  @Test("query answers with its fixed fields, helpful falling, harmful rising")
  func query() throws {
    let answer = try work.object("query", "r", "--test", "3,5", "--top", "4")
    #expect(answer["run"] as? String == "r")
    #expect(answer["method"] as? String == "trajectory")
    #expect(answer["outputFunction"] as? String == "margin")
    #expect((answer["unit"] as? String)?.isEmpty == false)
    let damping = try list(answer["damping"])
    #expect(!damping.isEmpty)
    #expect(damping.allSatisfy { $0["checkpoint"] is String && $0["value"] is Double })
    let queries = try list(answer["queries"])
    #expect(queries.map { $0["id"] as? Int } == [3, 5])
    for query in queries {
      let (id, label) = (try #require(query["id"] as? Int), try #require(query["label"] as? Int))
      #expect(label == id % 3)
      #expect((0...2).contains(try #require(query["predicted"] as? Int)))
      #expect((0...1).contains(try #require(query["probability"] as? Double)))
      try checkInfluences(query, count: 4)
    }
  }

  @Test(
    "every method answers in the same form",
    arguments: ["graddot", "gradcos", "tracin", "trak", "ntk-loo", "trajectory"])
  func methods(_ method: String) throws {
    let answer = try work.object("query", "r", "--test", "0", "--top", "3", "--method", method)
    #expect(answer["method"] as? String == method)
    try checkInfluences(try #require(try list(answer["queries"]).first), count: 3)
  }

  @Test("query --test all asks about the mean of the test set")
  func meanQuery() throws {
    let answer = try work.object("query", "r", "--test", "all", "--top", "48", "--method", "trak")
    let queries = try list(answer["queries"])
    #expect(queries.count == 1 && queries[0]["id"] as? String == "all")
    // Every example is asked for, and stands on the side of its sign.
    let (helpful, harmful) = (try list(queries[0]["helpful"]), try list(queries[0]["harmful"]))
    #expect(!helpful.isEmpty && !harmful.isEmpty && helpful.count + harmful.count == 48)
    // Linear methods: the mean query's scores are the mean of the queries' scores.
    let all = (0..<12).map(String.init).joined(separator: ",")
    let each = try list(
      try work.object("query", "r", "--test", all, "--top", "48", "--method", "trak")["queries"])
    var sums: [Int: Double] = [:]
    for query in each {
      for entry in try list(query["helpful"]) + list(query["harmful"]) {
        let (id, score) = (entry["id"] as? Int, entry["score"] as? Double)
        sums[try #require(id), default: 0] += try #require(score) / 12
      }
    }
    let scale = sums.values.map(abs).max() ?? 1
    for entry in helpful + harmful {
      let id = try #require(entry["id"] as? Int)
      let mean = try #require(sums[id])
      #expect(abs(try #require(entry["score"] as? Double) - mean) < 1e-4 * scale)
    }
  }

  @Test("query --test misclassified asks about the wrong answers alone")
  func misclassifiedQueries() throws {
    // After one epoch at a tiny rate some answers are wrong.
    try work.write(
      Workspace.runFile(name: "poor", training: "{rate: 0.001, epochs: 1}"), to: "poor.yaml")
    try work.succeed("train", "poor.yaml")
    let outputs = try list(try work.object("outputs", "poor")["examples"])
    let wrong = outputs.filter { $0["label"] as? Int != $0["predicted"] as? Int }
      .compactMap { $0["id"] as? Int }
    try #require(!wrong.isEmpty)
    let answer = try work.object("query", "poor", "--test", "misclassified", "--limit", "3")
    #expect(try list(answer["queries"]).compactMap { $0["id"] as? Int } == Array(wrong.prefix(3)))
  }

  @Test("an unknown id is named")
  func unknownID() throws {
    try work.fail(3, "query", "r", "--test", "3,99", words: ["99", "--test"])
    try work.fail(3, "query", "r", "--test", "cat", words: ["cat"])
  }

  @Test("mislabeled answers with its fixed fields; detection only when noise was planted")
  func mislabeled() throws {
    let plain = try work.object("mislabeled", "r", "--top", "5")
    #expect(plain["run"] as? String == "r" && plain["signal"] as? String == "leaveOneOutMargin")
    #expect(plain["detection"] == nil || plain["detection"] is NSNull)
    let suspects = try list(plain["suspects"])
    #expect(suspects.map { $0["rank"] as? Int } == [1, 2, 3, 4, 5])
    for suspect in suspects {
      #expect(
        Set(suspect.keys) == [
          "rank", "id", "label", "predicted", "probability", "score", "suggested",
          "suggestedProbability", "isSuspect", "ranks", "influence", "nearestSame",
          "nearestSuggested",
        ])
      // Six signals are recorded; three neighbours of each label, none of a suggestion that agrees.
      #expect((suspect["ranks"] as? [String: Int])?.count == 6)
      #expect(try list(suspect["nearestSame"]).count == 3)
      let agrees = suspect["suggested"] as? Int == suspect["label"] as? Int
      #expect(try list(suspect["nearestSuggested"]).count == (agrees ? 0 : 3))
      if !agrees { #expect(suspect["isSuspect"] as? Bool == true) }
      #expect(suspect["id"] is Int && suspect["label"] is Int && suspect["predicted"] is Int)
      #expect((0...1).contains(try #require(suspect["probability"] as? Double)))
    }
    let scores = try suspects.map { try #require($0["score"] as? Double) }
    #expect(scores == scores.sorted(by: >))
    try work.write(
      Workspace.runFile(name: "noisy", data: "flip: {fraction: 0.2, seed: 0}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let noisy = try work.object("mislabeled", "noisy")
    let detection = try #require(noisy["detection"] as? [String: Any])
    for field in [
      "rocAUC", "averagePrecision", "foundIn5Percent", "foundIn10Percent", "foundIn20Percent",
    ] {
      #expect((0...1).contains(try #require(detection[field] as? Double)), "\(field)")
    }
  }

  @Test(
    "every signal of suspicion answers",
    arguments: [
      "leaveOneOutMargin", "leaveOneOutWithEL2N", "selfInfluence", "finalProbability",
      "meanProbability",
      "areaUnderMargin", "el2n", "loss", "gradientNorm",
    ])
  func signals(_ signal: String) throws {
    let answer = try work.object("mislabeled", "r", "--signal", signal, "--top", "1000")
    #expect(answer["signal"] as? String == signal)
    let ids = try list(answer["suspects"]).compactMap { $0["id"] as? Int }
    #expect(ids.sorted() == Array(0..<48))
  }

  @Test("outputs answers with its fixed fields, consistent with each other")
  func outputs() throws {
    let answer = try work.object("outputs", "r", "--split", "test")
    let examples = try list(answer["examples"])
    #expect(examples.map { $0["id"] as? Int } == Array(0..<12))
    for example in examples {
      #expect(
        Set(example.keys) == [
          "id", "label", "predicted", "probability", "loss", "margin", "logits",
        ])
      let logits = try #require(example["logits"] as? [Double])
      let label = try #require(example["label"] as? Int)
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      let p = exp(logits[label] - largest) / sum
      #expect(example["predicted"] as? Int == logits.firstIndex(of: largest))
      #expect(abs(try #require(example["probability"] as? Double) - p) < 1e-5)
      #expect(abs(try #require(example["loss"] as? Double) + log(p)) < 1e-4)
      #expect(abs(try #require(example["margin"] as? Double) - log(p / (1 - p))) < 1e-3)
    }
  }

  @Test("score, collect, inspect, verify and plan answer with one object")
  func otherAnswers() throws {
    let store = try work.object("collect", "r", "--dim", "16")
    #expect(store["path"] as? String == "Projections/r/train.h5")
    #expect((store["datasets"] as? [[String: Any]])?.isEmpty == false)
    #expect(store["fingerprint"] is [String: Any] && store["bytes"] is Int)
    let score = try work.object("score", "r", "--method", "trak")
    #expect(score["path"] as? String == "Projections/r/scores-trak.h5")
    #expect(score["queries"] as? Int == 12 && score["trainingExamples"] as? Int == 48)
    let header = try #require(score["header"] as? [String: Any])
    for field in ["run", "method", "outputFunction", "unit", "sign", "exampleWeight", "kernel"] {
      #expect(header[field] is String, "\(field)")
    }
    let run = try work.object("inspect", "r")
    #expect(run["name"] as? String == "r" && run["status"] as? String == "finished")
    #expect(run["checkpointEpochs"] as? [Int] == [1, 2, 5, 6])
    let weights = try work.object("inspect", "Checkpoints/r/seed-0/epoch-001.safetensors")
    #expect((weights["sha256"] as? String)?.count == 64)
    #expect(
      (weights["tensors"] as? [[String: Any]])?.compactMap { $0["shape"] as? [Int] }
        == [[8, 4], [8], [3, 8], [3]])
    #expect(try work.object("inspect", "Projections/r/train.h5")["seal"] is String)
    for path in ["r", "Projections/r/train.h5", "Projections/r/scores-trak.h5"] {
      let checked = try work.object("verify", path)
      #expect(checked["ok"] as? Bool == true && checked["path"] as? String == path)
      for field in ["files", "rowBlocks", "bytes"] {
        #expect(try #require(checked[field] as? Int) > 0, "\(path) \(field)")
      }
    }
    let plan = try work.object("plan", "r")
    #expect(plan["trainingExamples"] as? Int == 48 && plan["queries"] as? Int == 12)
  }

  /// The fields of a CSV text, line by line.
  private func rows(_ text: String) -> [[String]] {
    text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",").map(String.init) }
  }

  @Test("CSV answers have a header and rows of its width, with the JSON's values")
  func tables() throws {
    let json = try work.object("query", "r", "--test", "2", "--top", "3", "--csv", "q.csv")
    let influences = rows(try work.text("q.csv"))
    try #require(influences.count == 7)
    #expect(influences[0] == ["query", "side", "rank", "id", "label", "score"])
    let entries = try list(try list(json["queries"])[0]["helpful"])
    for (row, entry) in zip(influences[1...3], entries) {
      try #require(row.count == 6)
      let (written, score) = (Double(row[5]), entry["score"] as? Double)
      #expect(Int(row[3]) == entry["id"] as? Int)
      #expect(written == score)
    }
    try work.succeed("outputs", "r", "--out", "o.csv")
    let outputs = rows(try work.text("o.csv"))
    #expect(outputs.count == 13)
    #expect(outputs.allSatisfy { $0.count == 9 })
    #expect(rows(try work.succeed("outputs", "r").output) == outputs)
    try work.succeed("mislabeled", "r", "--csv", "m.csv")
    let suspects = rows(try work.text("m.csv"))
    #expect(suspects.count == 49)
    #expect(suspects.allSatisfy { $0.count == 18 })
    try work.succeed("outputs", "r", "--out", "o.h5")
    try work.succeed("verify", "o.h5")
  }

  @Test("HTML pages are whole and need nothing from elsewhere")
  func pages() throws {
    try work.succeed("query", "r", "--test", "0,1", "--report", "q.html")
    try work.succeed("query", "r", "--test", "all", "--report", "all.html")
    try work.succeed("mislabeled", "r", "--report", "m.html")
    for name in ["q.html", "all.html", "m.html"] {
      let page = try work.text(name)
      #expect(page.hasPrefix("<!DOCTYPE html>") || page.hasPrefix("<!doctype html>"), "\(name)")
      #expect(page.contains("</html>"))
      #expect(!page.contains("src=\"http") && !page.contains("href=\"http"), "\(name)")
      #expect(!page.contains("url(http") && !page.contains("<script src"), "\(name)")
    }
  }
}
