import Foundation
import TestSupport
import Testing

/// `init`, `inspect --data` and test examples without a label on the command line.
@Suite struct InitTests {
  private let table = (0..<24).map { "\($0 % 7),\($0 % 5),\($0 % 2 == 0 ? "even" : "odd")\n" }

  @Test("a run file is written with what was found, is never replaced, and trains at once")
  func writes() throws {
    let work = try Workspace()
    try work.write("a,b,label\n" + table.joined(), to: "own.csv")
    let answer = try work.succeed("init", "own.csv")
    let text = try work.text("own.yaml")
    #expect(answer.output.contains(text.trimmingCharacters(in: .newlines)))
    for line in [
      "own.csv: 24 examples, 2 columns: `a`, `b`; label: column `label`", "name: own",
      "  source: {format: csv, path: own.csv, label: label}", "  split: {test: 0.2, seed: 0}",
      "  standardise: true", "model:    {kind: mlp, hidden: [64]}",
    ] { #expect(text.contains(line), "\(text)") }
    try work.succeed("train", "own.yaml")
    try work.fail(2, "init", "own.csv", words: ["own.yaml is there already", "--out"])
    try work.fail(2, "init", "own.csv", "--out", "own.txt", words: ["ends in .yaml"])
    try work.fail(3, "init", "none.csv", words: ["there is no file none.csv"])
    try work.write("x", to: "p.parquet")
    try work.fail(3, "init", "p.parquet", words: ["read_parquet"])
  }

  @Test("texts, chats, numbers to predict and missing cells train as init writes them")
  func kinds() throws {
    let work = try Workspace()
    let words = ["the cat sat", "a dog ran off", "no", "yes it is so"]
    let texts = (0..<24).map { "{\"text\":\"\(words[$0 % 4])\",\"label\":\"\($0 % 2)\"}\n" }
    try work.write(texts.joined(), to: "t-train.jsonl")
    try work.write("{\"text\":\"no zebra\",\"label\":\"0\"}\n", to: "t-test.jsonl")
    try work.write(
      (0..<16).map {
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\(words[$0 % 4]), please, and then say no more\"},"
          + "{\"role\":\"assistant\",\"content\":\"\(words[($0 + 1) % 4])\"}]}\n"
      }.joined(), to: "chat.jsonl")
    try work.write(
      ",a,b,day,price\n"
        + (0..<24).map {
          "\($0),\($0 * $0 % 11),\($0 == 3 ? "" : "1"),2024-01-\($0),\(Double($0) * 1000.5)\n"
        }.joined(),
      to: "price.csv")
    for (file, run, words) in [
      ("t-train.jsonl", "t-train", ["label: label", "tokens: bytes", "test:  {format: jsonl"]),
      ("chat.jsonl", "chat", ["messages: messages", "kind: gpt2"]),
      (
        "price.csv", "price",
        ["task: regression", "missing: mean", "ignore: [day, 0]", "up to 2.3e+04 and are not"]
      ),
    ] {
      if file == "price.csv" {
        try work.succeed("init", file, "--label", "price")
      } else {
        try work.succeed("init", file)
      }
      let text = try work.text("\(run).yaml")
      for word in words { #expect(text.contains(word), "\(text)") }
      let fast = text.replacing(#/epochs: \d+/#, with: "epochs: 1")
      try work.write(fast, to: "fast.yaml")
      try work.succeed("train", "fast.yaml", "--name", run)
    }
    let notes = try work.succeed("train", "chat.yaml", "--name", "again", "--overwrite").errors
    #expect(notes.contains("note: the loss is that of what `assistant` says alone"))
    let data = try work.object("inspect", "chat", "--data")
    let sources = (data["data"] as? [String: Any])?["sources"] as? [[String: Any]]
    #expect((sources?.first?["texts"] as? [String: Any])?["texts"] as? Int == 16)
  }

  @Test("test examples without a label are asked about their predicted class, or another")
  func unlabelled() throws {
    let work = try Workspace()
    try work.write("a,b,label\n" + table.joined() + table[3], to: "train.csv")
    try work.write("a,b,label\n1,2,even\n3,3,\n3,3,odd\n0,0,-1\n", to: "test.csv")
    try work.succeed("init", "train.csv", "--out", "u.yaml")
    let trained = try work.succeed("train", "u.yaml")
    #expect(trained.errors.contains("2 of 4 examples have no label"))
    let outputs = try work.succeed("outputs", "u")
    #expect(outputs.errors.contains("2 test examples have no label and are left out"))
    #expect(outputs.output.split(whereSeparator: \.isNewline).count == 3)
    let asked = try work.succeed("query", "u", "--test", "1")
    #expect(asked.errors.contains("no label: asked about the predicted class, "))
    let all = try work.object("query", "u", "--test", "unlabelled", "--class", "odd")
    let queries = try #require(all["queries"] as? [[String: Any]])
    #expect(queries.map { ($0["input"] as? [String: Any])?["row"] as? Int } == [1, 3])
    #expect(queries.allSatisfy { $0["asked"] as? String == "odd" && $0["label"] == nil })
    // As the same rows of a file that is in no split.
    try work.write("a,b\n3,3\n", to: "one.csv")
    let outside = try work.object("query", "u", "--input", "one.csv", "--class", "odd")
    let other = try #require((outside["queries"] as? [[String: Any]])?.first)
    // A product with one row may be rounded otherwise than one with two.
    func scores(_ query: [String: Any]) -> [Double] {
      (query["helpful"] as? [[String: Any]] ?? []).compactMap { $0["score"] as? Double }
    }
    #expect(scores(other).count == scores(queries[0]).count && !scores(other).isEmpty)
    #expect(relativeDifference(scores(other), scores(queries[0])) < 1e-5)
    try work.fail(2, "query", "u", "--test", "1,2", words: ["1 has no label"])
    try work.fail(
      2, "query", "u", "--test", "0", "--class", "odd", words: ["--class is not for test examples"])
    let data = try work.object("inspect", "u", "--data")
    #expect(data["unlabelled"] as? Int == 2)
    // Rows 3 and 24 of training are equal, and so is test row 2.
    let text = try work.succeed("inspect", "u", "--data").output
    #expect(text.contains("Test examples that stand in training"))
  }
}
