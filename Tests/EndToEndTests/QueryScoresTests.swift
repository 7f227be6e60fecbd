import Foundation
import Testing

/// `query --scores`: answers from a file of `ascribe score`, and the words of regressions.
@Suite struct QueryScoresTests {
  private func list(_ value: Any?) throws -> [[String: Any]] {
    try #require(value as? [[String: Any]])
  }

  /// The training ids of a query's sides.
  private func ids(_ query: [String: Any]) throws -> [Int?] {
    try (list(query["helpful"]) + list(query["harmful"])).map { $0["id"] as? Int }
  }

  /// Whether two tables have the same words and, up to rounding, the same numbers.
  private func sameButLastDigits(_ a: String, _ b: String) -> Bool {
    let fields = [a, b].map {
      $0.split(omittingEmptySubsequences: false) { $0 == "," || $0.isNewline }
    }
    return fields[0].count == fields[1].count
      && zip(fields[0], fields[1]).allSatisfy { one, other in
        if one == other { return true }
        guard let x = Double(one), let y = Double(other) else { return false }
        return abs(x - y) <= 1e-5 * max(abs(x), abs(y))
      }
  }

  @Test("a score file answers as the method that made it: text, JSON, CSV, page, units")
  func answers() throws {
    let work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "60", "--seeds", "3")
    for (method, function) in [("trak", "loss"), ("trajectory", "margin")] {
      let options = ["--method", method, "--output-function", function]
      func run(_ arguments: [String]) throws -> AscribeProcess.Result {
        let result = try AscribeProcess(arguments, in: work.path).wait()
        #expect(result.code == 0, "\(arguments): \(result.errors)")
        return result
      }
      _ = try run(["calibrate", "r"] + options)
      _ = try run(["score", "r", "--out", "s.h5"] + options)
      let computed = try run(["query", "r", "--test", "3,5", "--csv", "a.csv"] + options)
      let read = try run([
        "query", "r", "--test", "3,5", "--scores", "s.h5", "--csv", "b.csv", "--report", "b.html",
      ])
      #expect(read.output == computed.output)
      // Two queries at a time, or all: with some of BLAS's kernels the last digit is another.
      #expect(try sameButLastDigits(work.text("a.csv"), work.text("b.csv")))
      #expect(read.output.contains("removed: \(function)"))
      let page = try work.text("b.html")
      #expect(page.contains("</html>") && page.contains("The scores were read from s.h5."))
      let answer = try work.object("query", "r", "--test", "3", "--scores", "s.h5")
      var expected = try #require(
        try JSONSerialization.jsonObject(
          with: Data(run(["query", "r", "--test", "3", "--json"] + options).output.utf8))
          as? [String: Any])
      #expect(answer["scoreFile"] as? String == "s.h5")
      expected["scoreFile"] = "s.h5"
      #expect(Set(answer.keys) == Set(expected.keys))
      for field in ["method", "outputFunction", "unit", "sign", "kernel", "exampleWeight"] {
        #expect(answer[field] as? String == expected[field] as? String, "\(field)")
      }
      #expect(
        try list(answer["damping"]).map { $0["checkpoint"] as? String }
          == list(expected["damping"]).map { $0["checkpoint"] as? String })
      let query = try #require(try list(answer["queries"]).first)
      #expect(try ids(query) == ids(try #require(try list(expected["queries"]).first)))
      // The loss rises without what helped; the margin falls.
      for entry in try list(query["helpful"]) {
        let change = try #require(entry["change"] as? Double)
        #expect(function == "loss" ? change > 0 : change < 0)
      }
    }
  }

  @Test("the mean of all is the mean of the rows; misclassified and several ids are found")
  func mean() throws {
    let work = try Workspace(trained: true)
    try work.succeed("score", "r", "--method", "graddot", "--out", "s.h5")
    let read = try work.object("query", "r", "--test", "all", "--scores", "s.h5", "--top", "48")
    let computed = try work.object(
      "query", "r", "--test", "all", "--method", "graddot", "--top", "48")
    let (a, b) = (try list(read["queries"])[0], try list(computed["queries"])[0])
    #expect(a["id"] as? String == "all")
    #expect(try ids(a) == ids(b))
    for (x, y) in zip(try list(a["helpful"]), try list(b["helpful"])) {
      let (x, y) = (try #require(x["score"] as? Double), try #require(y["score"] as? Double))
      #expect(abs(x - y) < 1e-4 * abs(y) + 1e-7)
    }
  }

  @Test("scoring options, tokens, other data and other weights are refused, each by its name")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.succeed("score", "r", "--method", "graddot", "--out", "s.h5")
    try work.succeed("score", "r", "--method", "graddot", "--split", "train", "--out", "t.h5")
    for (option, value) in [
      ("--method", "trak"), ("--output-function", "margin"), ("--example-weight", "none"),
      ("--damping", "mean"), ("--damping-profile", "uniform"), ("--checkpoints", "final"),
      ("--layers", "0"), ("--seeds", "0"), ("--kernel", "exact"), ("--exact-limit", "10"),
      ("--keep-factors", "0"), ("--fuse", "bank"), ("--diagnose", "none"), ("--token", "2"),
    ] {
      try work.fail(
        2, "query", "r", "--test", "3", "--scores", "s.h5", option, value,
        words: ["\(option) is not for --scores"])
    }
    try work.fail(
      2, "query", "r", "--test", "3", "--scores", "s.h5", "--tokens", "--method", "trak",
      words: ["--method, --tokens are not for --scores"])
    try work.fail(
      4, "query", "r", "--test", "3", "--scores", "t.h5", words: ["queries differs", "t.h5"])
    try work.fail(3, "query", "r", "--test", "99", "--scores", "s.h5", words: ["99"])
    try work.write(
      Workspace.runFile(training: "{rate: 0.03, momentum: 0.9, epochs: 6, batch: 8}"), to: "r.yaml")
    try work.succeed("train", "r.yaml", "--overwrite")
    try work.fail(
      4, "query", "r", "--test", "3", "--scores", "s.h5", words: ["model differs", "s.h5"])
    try work.flip("s.h5", byte: try work.bytes("s.h5").count / 2)
    try work.fail(4, "query", "r", "--test", "3", "--scores", "s.h5", words: ["s.h5"])
  }

  @Test("numbers: what raises a prediction is not called helpful; an exact prediction is said so")
  func numbers() throws {
    let work = try Workspace()
    func table(_ label: (Int) -> Int) -> String {
      let rows = (0..<20).map { "\(Double($0 % 7) / 7),\(Double($0 % 3)),\(label($0))" }
      return (["a,b,y"] + rows).joined(separator: "\n") + "\n"
    }
    func runFile(_ name: String, _ training: String) -> String {
      """
      name: \(name)
      data:
        task: regression
        train: {format: csv, path: numbers.csv, label: last}
        test: {format: csv, path: \(name).csv, label: last}
      model: {kind: linear}
      \(training)
      """
    }
    try work.write(table { $0 % 4 }, to: "numbers.csv")
    try work.write(table { _ in 0 }, to: "zeros.csv")
    try work.write(
      runFile("numbers", "training: {rate: 0.05, epochs: 3, batch: 5}"), to: "numbers.yaml")
    try work.succeed("train", "numbers.yaml")
    // Weights of 0 predict labels of 0 exactly.
    let header =
      #"{"0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
      + #""0.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#
    var weights = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    weights.append(Data(header.utf8) + Data(count: 12))
    try weights.write(to: URL(fileURLWithPath: work.file("w.safetensors")))
    try work.write(runFile("zeros", ""), to: "zeros.yaml")
    try work.succeed("import", "w.safetensors", "--data", "zeros.yaml", "--name", "zeros")
    let raised = try work.succeed(
      "query", "numbers", "--test", "1", "--method", "trak", "--output-function", "prediction",
      "--csv", "p.csv", "--report", "p.html")
    #expect(raised.output.contains("positive = training on the example raised the prediction"))
    #expect(raised.output.contains("raised id") && raised.output.contains("lowered id"))
    #expect(!raised.output.contains("help") && !raised.output.contains("harm"))
    let csv = try work.text("p.csv")
    #expect(csv.contains(",raised,") && !csv.contains("helpful"))
    let page = try work.text("p.html")
    #expect(page.contains("Raised it") && !page.contains(">Helped") && !page.contains(">Harmed"))
    let standard = try work.succeed("query", "numbers", "--test", "1", "--method", "trak")
    #expect(standard.output.contains("helpful id") && !standard.output.contains("first order"))
    let exact = try work.succeed("query", "zeros", "--test", "1", "--method", "graddot")
    #expect(exact.output.contains("the prediction equals the label: to first order"))
  }
}
