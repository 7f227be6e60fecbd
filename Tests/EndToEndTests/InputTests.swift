import Foundation
import TestSupport
import Testing

/// `query --input` on the command line.
@Suite struct InputTests {
  @Test("a row of its own gives the bytes of the same test example; without a label the predicted")
  func rows() throws {
    let work = try Workspace(trained: true)
    let lines = try work.text("test.csv").split(separator: "\n")
    try work.write("\(lines[0])\n\(lines[4])\n", to: "one.csv")
    let known = try work.succeed("query", "r", "--test", "3")
    let asked = try work.succeed("query", "r", "--input", "one.csv")
    #expect(
      asked.output == known.output.replacingOccurrences(of: "query 3:", with: "query one.csv:"))
    #expect(asked.errors.contains("one.csv: 1 example, with a label\n"))
    // In another order, without the label.
    try work.write("d,c,b,a\n1,0,0,0\n0,0,0,1\n", to: "bare.csv")
    let answer = try work.object(
      "query", "r", "--input", "bare.csv", "--csv", "a.csv", "--report", "a.html")
    let queries = try #require(answer["queries"] as? [[String: Any]])
    #expect(queries.count == 2)
    for (row, query) in queries.enumerated() {
      #expect(query["id"] == nil && query["label"] == nil)
      #expect(query["input"] as? NSDictionary == ["file": "bare.csv", "row": row])
      #expect(query["asked"] as? Int == query["predicted"] as? Int && query["asked"] != nil)
    }
    #expect(try work.text("a.csv").contains("bare.csv:1,helpful,1,"))
    #expect(try work.text("a.html").contains("bare.csv, row 1"))
    #expect(
      try work.succeed("query", "r", "--input", "bare.csv").errors.contains(
        "no labels: each is asked about its predicted class"))
  }

  @Test("units and banks are of test examples: none is printed, and the rest is refused by name")
  func banks() throws {
    let work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "12", "--seeds", "1")
    try work.succeed("calibrate", "r")
    try work.write("0,0,0,1,2\n", to: "one.csv")
    let asked = try work.succeed("query", "r", "--input", "one.csv")
    #expect(!asked.output.contains("removed:"))
    #expect(asked.errors.contains("the run's calibrations are of its test examples"))
    try work.fail(
      2, "query", "r", "--input", "one.csv", "--fuse", "subsets",
      words: ["--fuse is not for --input"])
    try work.succeed("score", "r", "--out", "s.h5")
    try work.fail(
      2, "query", "r", "--input", "one.csv", "--scores", "s.h5",
      words: ["--scores is not for --input"])
  }

  @Test("what does not fit is one error, with what is to be done")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.write("0,0,0,1,2\n", to: "one.csv")
    try work.fail(
      2, "query", "r", "--input", "one.csv", "--test", "3", words: ["--input is not for --test"])
    try work.fail(
      2, "query", "r", "--test", "3", "--class", "1",
      words: ["--class is not for test examples with labels (3)"])
    try work.fail(2, "query", "r", words: ["give --test IDS, or --input FILE"])
    try work.fail(
      2, "query", "r", "--input", "one.csv", "--class", "9", words: ["no class `9`", "--class"])
    try work.fail(3, "query", "r", "--input", "nowhere.csv", words: ["fix: check the path."])
    try work.fail(3, "query", "r", "--input", ".", words: ["is not a file"])
    for (text, words) in [
      ("0,0,1\n", ["the table has 3 columns; the run's own has 5: 4 inputs, 1 label."]),
      ("0,0,x,1,2\n", ["`x` is not a number", "line 1"]),
      ("0,0,0,1,7\n", ["`7`", "or leave labels out"]),
      ("a,b,c\n1,2,3\n", ["there is no column `d`", "as in the run's own file"]),
      ("a,b,c,d\n", ["has no examples"]), ("0,0,0,1e60\n", ["not a finite"]),
    ] {
      try work.write(text, to: "bad.csv")
      try work.fail(3, "query", "r", "--input", "bad.csv", words: ["bad.csv"] + words)
    }
  }

  @Test("other kinds: a wrong size, a wrong format, an unknown letter, a text that is too short")
  func kinds() throws {
    let work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Images/colour"), toPath: work.file("p"))
    try FileManager.default.copyItem(
      atPath: fixture("Images/sizes/cat"), toPath: work.file("sizes"))
    try work.write(
      """
      name: p
      data:
        train: {format: images, path: p}
      model: {kind: mlp, hidden: [4]}
      training: {rate: 0.01, epochs: 1, batch: 2}

      """, to: "p.yaml")
    try work.succeed("train", "p.yaml")
    let other = try #require(
      try FileManager.default.contentsOfDirectory(atPath: work.file("sizes")).sorted().first)
    try work.fail(
      3, "query", "p", "--input", "sizes/\(other)",
      words: ["the run's have 6 of 8", "bring it to that size"])
    try work.fail(
      3, "query", "p", "--input", "p.yaml", words: ["is not PNG, JPEG or IDX", "fix: give PNG"])
    try work.succeed("query", "p", "--input", "p/cat/a.png", "--class", "dog")
    try work.write(String(repeating: "to be or not to be ", count: 12), to: "t.txt")
    try work.write(
      """
      name: t
      data:
        source: {format: text, path: t.txt, length: 16}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {rate: 0.01, epochs: 1, batch: 4}

      """, to: "t.yaml")
    try work.succeed("train", "t.yaml")
    try work.write("to see", to: "q.txt")
    try work.fail(
      3, "query", "t", "--input", "q.txt",
      words: ["the token `s` is not among", "leave it out: the model has never seen it."])
    try work.write("t", to: "q.txt")
    try work.fail(3, "query", "t", "--input", "q.txt", words: ["a text of two tokens"])
    try work.write("to be or not be to", to: "q.txt")
    try work.fail(2, "query", "t", "--input", "q.txt", "--class", "1", words: ["have no class"])
    let said = try work.succeed("query", "t", "--input", "q.txt").errors
    #expect(
      said.contains(
        "q.txt: 2 examples; cut into passages of 16 tokens; 14 of 32 tokens are padding\n"))
  }
}
