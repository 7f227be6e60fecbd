import Foundation
import Testing

/// Which examples and checkpoints an answer is of.
@Suite struct SidesTests {
  @Test("no helpful example is among the harmful, on any surface")
  func sides() throws {
    let work = try Workspace(trained: true)
    // All 48 training examples are asked for on either side.
    let query = ["query", "r", "--test", "0,1,2,3,4,5", "--top", "48", "--csv", "q.csv"]
    for method in ["graddot", "trak", "trajectory"] {
      let answer = try AscribeProcess(query + ["--method", method, "--json"], in: work.path).wait()
      let object =
        try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
      let queries = try #require(object?["queries"] as? [[String: Any]])
      #expect(queries.count == 6)
      var rows = 0
      for query in queries {
        func scores(_ side: String) throws -> [Double] {
          try #require(query[side] as? [[String: Any]]).compactMap { $0["score"] as? Double }
        }
        let (helpful, harmful) = (try scores("helpful"), try scores("harmful"))
        #expect(helpful.allSatisfy { $0 > 0 } && harmful.allSatisfy { $0 < 0 }, "\(method)")
        #expect(!helpful.isEmpty && helpful.count + harmful.count <= 48, "\(method)")
        rows += helpful.count + harmful.count
      }
      let lines = try work.text("q.csv").split(whereSeparator: \.isNewline).dropFirst()
      #expect(lines.count == rows, "\(method)")
      for line in lines {
        let cells = line.split(separator: ",")
        #expect((cells[1] == "helpful") == !cells[5].hasPrefix("-"), "\(line)")
      }
      // Sides of different lengths: text and page come through.
      try work.succeed(
        "query", "r", "--test", "0", "--top", "48", "--method", method, "--report", "q.html")
    }
  }

  @Test("few kept checkpoints are all taken; what log spacing passes over is named")
  func checkpoints() throws {
    let work = try Workspace()
    func answer(_ kept: String, epochs: Int) throws -> (epochs: [String], notes: String) {
      try work.write(
        Workspace.runFile(
          training: "{rate: 0.1, epochs: \(epochs), batch: 8, checkpoints: \(kept)}"),
        to: "r.yaml")
      try work.succeed("train", "r.yaml", "--overwrite")
      let ended = try work.run("query", "r", "--test", "0", "--json")
      let object =
        try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
      let names = try #require(object?["checkpoints"] as? [String])
      return (names.map { String($0.suffix(2)) }, ended.errors)
    }
    let three = try answer("[3, 4, 7]", epochs: 7)
    #expect(three.epochs == ["03", "04", "07"] && !three.notes.contains("passed over"))
    let five = try answer("every", epochs: 5)
    #expect(five.epochs == ["01", "02", "03", "04", "05"] && !five.notes.contains("passed over"))
    let eight = try answer("every", epochs: 8)
    #expect(eight.epochs == ["01", "02", "05", "08"])
    #expect(
      eight.notes.contains(
        "note: 4 of 8 kept epochs are not log-spaced and are passed over: 3, 4, 6, 7; "
          + "--checkpoints all takes them"), "\(eight.notes)")
    // A run that keeps log-spaced epochs is scored as before, with no note.
    let log = try answer("log", epochs: 12)
    #expect(log.epochs == ["01", "02", "05", "10", "12"] && !log.notes.contains("passed over"))
    let own = try work.succeed("query", "r", "--test", "0", "--json")
    let chosen = try work.succeed("query", "r", "--test", "0", "--json", "--checkpoints", "log")
    #expect(own.output == chosen.output)
  }

  @Test("collect has no flag that does nothing")
  func noResume() throws {
    let work = try Workspace()
    let refused = try work.run("collect", "r", "--resume")
    #expect(refused.code == 1 || refused.code == 2)
    #expect(refused.errors.contains("Unknown option '--resume'"), "\(refused.errors)")
  }
}
