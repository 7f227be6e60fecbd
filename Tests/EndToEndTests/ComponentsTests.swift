import Foundation
import Storage
import Tensors
import Testing

/// `ascribe components` as a user runs it.
@Suite struct ComponentsTests {
  @Test("the digits: fields as documented, the file of scores, and a page")
  func digits() throws {
    let work = try Workspace.withDigits()
    let answer = try work.object(
      "components", "digits", "--limit", "60", "--out", "c.h5", "--report", "c.html", "--csv",
      "c.csv")
    #expect(
      Set(answer.keys) == [
        "run", "method", "outputFunction", "ablation", "alpha", "preset", "passes", "queries",
        "fresh", "falseDiscoveryRate", "components", "notes",
      ])
    #expect(answer["method"] as? String == "expected" && answer["preset"] as? String == "standard")
    #expect(answer["outputFunction"] as? String == "hardMargin")
    #expect(answer["queries"] as? Int == 60 && answer["alpha"] as? Double == 0.05)
    let components = try #require(answer["components"] as? [[String: Any]])
    let d = components.count
    #expect(
      Set(try #require(components.first).keys) == [
        "name", "kind", "layer", "unit", "weight", "magnitude", "error", "matters",
      ])
    // 16 masks with gradients, 4 of each of 32 differences, at most d/4 outputs.
    let passes = try #require(answer["passes"] as? Int)
    #expect(passes > 3 * 16 + 4 * 32 && passes <= 3 * 16 + 4 * 32 + d / 4)
    let fresh = try #require(answer["fresh"] as? [[String: Double]])
    #expect(fresh.map { $0["alpha"] } == [0.05, 0.1, 0.2])
    for one in fresh {
      #expect(Set(one.keys) == ["alpha", "pearson", "pearsonError", "spearman"])
      #expect(try #require(one["pearson"]) > 0.7)
    }
    #expect(try work.text("c.csv").split(whereSeparator: \.isNewline).count == d + 1)

    let file = try SealedFile(work.file("c.h5"))
    let scores = try file.rows("scores")
    #expect(scores.rowCount == 60 && scores.rowLength == d)
    let names = try file.hdf5.dataset("components").readStrings()
    #expect(names == components.compactMap { $0["name"] as? String })
    // The weights of the answer are the means of the file.
    let values = try scores.matrix(0..<60)
    for (place, component) in components.enumerated() {
      let mean = (0..<60).reduce(0.0) { $0 + Double(values[$1, place]) } / 60
      #expect(abs(mean - (try #require(component["weight"] as? Double))) < 1e-9)
    }

    let page = try work.text("c.html")
    for part in ["All components", "Where the weights end", "The strongest", "\(d) neurons"] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(page.components(separatedBy: "<title>0.neuron.").count == 129)
    #expect(!page.contains("The query"))
    // A page is made of the banks that are there: nothing is computed again but the curve.
    let one = try work.object("components", "digits", "--queries", "17", "--report", "q.html")
    #expect(one["queries"] as? Int == 1)
    let card = try work.text("q.html")
    #expect(card.contains("The query") && card.contains("data:image/png"))
    #expect(card.contains("Raised it") && card.contains("Lowered it"))
  }

  @Test("every byte of the banks is verified, and inspect says what they are")
  func banks() throws {
    let work = try Workspace(trained: true)
    let before = try #require(try work.object("verify", "r")["files"] as? Int)
    try work.succeed("components", "r")
    let folder = "Projections/r/components"
    let names = try FileManager.default.contentsOfDirectory(atPath: work.file(folder)).sorted()
    #expect(names.contains { $0.hasPrefix("gradients-") && $0.hasSuffix(".h5") })
    let after = try #require(try work.object("verify", "r")["files"] as? Int)
    #expect(after == before + names.count)
    for name in names {
      let bytes = try work.bytes("\(folder)/\(name)")
      for place in [20, bytes.count / 2, bytes.count - 2] {
        try work.flip("\(folder)/\(name)", byte: place)
        try work.fail(4, "verify", "r", words: ["\(folder)/\(name)"])
        try bytes.write(to: URL(fileURLWithPath: work.file("\(folder)/\(name)")))
      }
    }
    let gradients = try #require(names.first { $0.hasPrefix("gradients-") })
    let text = try work.succeed("inspect", "\(folder)/\(gradients)").output
    #expect(text.contains("ascribe-ablation-bank"))
    #expect(
      text.contains("16 masks of 8 neurons; outputs of 12 queries, with gradients by the masks"))
    let fresh = try #require(names.first { $0.hasPrefix("fresh-0") })
    #expect(
      try work.succeed("inspect", "\(folder)/\(fresh)").output
        .contains("48 masks of 8 neurons; outputs of 12 queries, without gradients"))
    let described = try work.object("inspect", "\(folder)/\(gradients)")
    #expect(described["format"] as? String == "ascribe-ablation-bank")

    // Another training makes them worthless.
    try work.write(Workspace.runFile(training: "{rate: 0.2, epochs: 3, batch: 8}"), to: "r.yaml")
    let replaced = try work.succeed("train", "r.yaml", "--overwrite")
    #expect(
      replaced.errors.contains("worthless now (left in place): Projections/r/components"),
      "\(replaced.errors)")
  }

  @Test("training examples are asked by their own ids")
  func training() throws {
    let work = try Workspace(trained: true)
    // There are 12 test examples and 48 to train on.
    let one = try work.object("components", "r", "--split", "train", "--queries", "40")
    #expect(one["queries"] as? Int == 1)
    try work.fail(3, "components", "r", "--queries", "40", words: ["no example has the id 40"])
    let page = try work.succeed(
      "components", "r", "--split", "train", "--queries", "40", "--report", "p.html")
    #expect(page.errors.contains("wrote p.html"))
    #expect(try !work.text("p.html").contains("test 40"))
  }

  @Test("plan counts the passes, the banks and their memory")
  func plan() throws {
    let work = try Workspace(trained: true)
    let steps = try #require(try work.object("plan", "r")["steps"] as? [[String: Any]])
    let step = try #require(steps.first { $0["name"] as? String == "components" })
    #expect(step["rows"] as? Int == 12)
    // 48 passes for gradients, 16 of each of 8 neurons, 4 of outputs, 96 that judge.
    let forward = 8.0 * 4 + 3 * 8
    let flops = try #require(step["flops"] as? Double)
    #expect(abs(flops / (2 * forward * 12 * (48 + 128 + 4 + 96)) - 1) < 0.3, "\(flops)")
    try work.succeed("components", "r")
    let banks = work.files("Projections/r/components").values.reduce(0) { $0 + $1.count }
    let planned = try #require(step["diskBytes"] as? Int)
    // Names, checksums and HDF5's own room are beside the numbers.
    #expect(planned < banks && planned > 16 * 12 * 8 * 4)
  }

  @Test("what cannot be asked is said in a sentence")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.fail(
      2, "components", "r", "--only", "0.neuron.9",
      words: ["there is no component `0.neuron.9`; did you mean `0.neuron.", "at:  --only"])
    try work.fail(2, "components", "r", "--only", "!0", words: ["`!0` leaves no component"])
    try work.fail(
      2, "components", "r", "--alpha", "1", words: ["a share of 1.0 is not between 0 and 1"])
    try work.fail(
      2, "components", "r", "--of", "filters",
      words: ["the network has no filter", "at:  --of", "it has neuron, layer"])
    try work.fail(2, "components", "r", "--of", "filtres", words: ["--of takes neurons, filters"])
    try work.fail(2, "components", "r", "--queries", "", words: ["--queries names no example"])
    try work.fail(3, "components", "r", "--queries", "99", words: ["no example has the id 99"])
    try work.fail(2, "components", "r", "--method", "expcted", words: ["expected", "coar"])
    try work.fail(2, "components", "r", "--limit", "0", words: ["--limit must be at least 1"])
    try work.fail(2, "components", "r", "--ablation", "none", words: ["no ablation `none`"])
    #expect(!work.exists("Projections"))
  }

  @Test("a bank of another run in the place of one's own is refused by what differs")
  func otherBank() throws {
    let work = try Workspace(trained: true)
    try work.write(
      Workspace.runFile(name: "s", training: "{rate: 0.1, epochs: 6, batch: 8, seed: 5}"),
      to: "s.yaml")
    try work.succeed("train", "s.yaml")
    try work.succeed("components", "r")
    try work.succeed("components", "s")
    func bank(_ run: String) throws -> String {
      let folder = "Projections/\(run)/components"
      let names = try FileManager.default.contentsOfDirectory(atPath: work.file(folder))
      return "\(folder)/" + (try #require(names.first { $0.hasPrefix("gradients-") }))
    }
    let (own, other) = (try bank("r"), try bank("s"))
    try work.bytes(other).write(to: URL(fileURLWithPath: work.file(own)))
    try work.fail(
      4, "components", "r", words: [" differs, expected ", own, "fix: delete the file"])
    try work.remove(own)
    try work.succeed("components", "r")
  }
}
