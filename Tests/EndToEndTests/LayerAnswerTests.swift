import Foundation
import Testing

/// Every answer that is of some layers alone says of which, in a field of its own.
@Suite struct LayerAnswerTests {
  let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  /// `layers` of every command that takes gradients, by command.
  private func layers(_ run: String, _ options: String...) throws -> [String: String?] {
    func object(_ arguments: [String]) throws -> [String: Any] {
      let result = try AscribeProcess(arguments + options + ["--json"], in: work.path).wait()
      #expect(result.code == 0, "\(arguments): \(result.errors)")
      return try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }
    let store = try object(["collect", run, "--dim", "8", "--overwrite", "--out", "s.h5"])
    let inspected = try work.object("inspect", "s.h5")
    let scores = try object(["score", run, "--out", "t.h5"])
    return [
      "collect": store["layers"] as? String, "inspect": inspected["layers"] as? String,
      "query": try object(["query", run, "--test", "0"])["layers"] as? String,
      "score": (scores["header"] as? [String: Any])?["layers"] as? String,
      "mislabeled": try object(["mislabeled", run])["layers"] as? String,
      "selfInfluence": try object(["mislabeled", run, "--signal", "selfInfluence"])["layers"]
        as? String,
    ]
  }

  @Test("collect, inspect, query, score and mislabeled name the layers, and none when it is all")
  func fields() throws {
    #expect(try layers("r").values.allSatisfy { $0 == nil })
    #expect(try layers("r", "--layers", "2").values.allSatisfy { $0 == "2" })
    #expect(try layers("r", "--layers", "*.weight").values.allSatisfy { $0 == "0.weight 2.weight" })
    #expect(try layers("r", "--layers", "0,2").values.allSatisfy { $0 == nil })
  }

  @Test("frozen layers count as not chosen")
  func frozen() throws {
    try work.write(
      Workspace.runFile(
        name: "f", training: "{rate: 0.1, epochs: 2, batch: 8, freeze: [\"0\"]}"), to: "f.yaml")
    try work.succeed("train", "f.yaml")
    #expect(try layers("f").values.allSatisfy { $0 == "2" })
    let recorded = try work.object("mislabeled", "f", "--signal", "el2n")
    #expect(recorded["layers"] == nil)
  }

  @Test("signals that were recorded in training are of no layers")
  func recorded() throws {
    for signal in ["el2n", "loss", "finalProbability", "areaUnderMargin"] {
      try work.fail(
        2, "mislabeled", "r", "--signal", signal, "--layers", "2",
        words: ["--layers is for signals of gradients", signal])
    }
    try work.fail(3, "collect", "r", "--layers", "fc", words: ["no layer is called `fc`"])
    try work.fail(3, "mislabeled", "r", "--layers", "!*", words: ["`!*` leaves no parameter"])
    #expect(!work.exists("Projections"))
  }
}
