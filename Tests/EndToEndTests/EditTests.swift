import Foundation
import Tensors
import Testing

/// `ascribe edit` as a user runs it.
@Suite struct EditTests {
  private func number(_ answer: [String: Any], _ set: String, _ when: String) throws -> Double {
    try #require((answer[set] as? [String: Any])?[when] as? Double)
  }

  @Test("an error is fixed, a class forgotten; outputs without the parts are what was said")
  func digitsEdited() throws {
    let work = try Workspace.withDigits()
    let outputs = try work.object("outputs", "digits")
    let rows = try #require(outputs["examples"] as? [[String: Any]])
    let wrong = try #require(
      rows.first { row in
        let (label, predicted) = (row["label"], row["predicted"])
        return label.map { "\($0)" } != predicted.map { "\($0)" }
      })
    let id = "\(try #require(wrong["id"]))"
    let fixed = try work.object(
      "edit", "digits", "--target", id, "--reference", "class:3", "--preset", "lean", "--out",
      "fix.json")
    #expect(
      Set(fixed.keys) == [
        "run", "job", "targetName", "referenceName", "score", "isAccuracy", "allowedLoss",
        "ablation", "removed", "predicted", "target", "reference", "rest", "control",
      ])
    #expect(fixed["job"] as? String == "fix" && fixed["isAccuracy"] as? Bool == true)
    #expect(try number(fixed, "target", "before") == 0)
    #expect(try number(fixed, "target", "after") == 1)
    let few = try work.object(
      "edit", "digits", "--target", "class:3", "--preset", "lean", "--most", "2")
    #expect(try #require(few["removed"] as? [String]).count <= 2)
    let lost = try number(fixed, "reference", "before") - number(fixed, "reference", "after")
    #expect(lost < 0.05)
    #expect(try #require(fixed["removed"] as? [String]).count >= 1)

    let edited = try work.object("outputs", "digits", "--edit", "fix.json")
    let threes = try #require(edited["examples"] as? [[String: Any]])
      .filter { "\($0["label"] ?? "")" == "3" }
    let right = threes.count { "\($0["predicted"] ?? "")" == "3" }
    let wanted = Double(right) / Double(threes.count)
    #expect(abs(try number(fixed, "reference", "after") - wanted) < 1e-9)

    let forgotten = try work.object("edit", "digits", "--target", "class:3", "--preset", "lean")
    #expect(forgotten["job"] as? String == "forget")
    #expect(
      try number(forgotten, "target", "after") < number(forgotten, "target", "before") - 0.5)
    #expect(
      try number(forgotten, "control", "target") > number(forgotten, "target", "after") + 0.3)
  }

  @Test("weights with an edit in them are a run that answers without the parts")
  func baked() throws {
    let work = try Workspace.withDigits()
    let forgotten = try work.object(
      "edit", "digits", "--target", "class:3", "--preset", "lean", "--score", "gain", "--out",
      "b.json", "--bake", "forgot", "--report", "forget.html")
    let written = try #require(forgotten["written"] as? [String: Any])
    #expect(written["run"] as? String == "forgot")
    #expect(try #require(written["difference"] as? Double) < 1e-5)
    let masked = try work.object("outputs", "digits", "--edit", "b.json")
    let plain = try work.object("outputs", "forgot")
    #expect(masked["accuracy"] as? Double == plain["accuracy"] as? Double)
    let (a, b) = (
      try #require(masked["meanLoss"] as? Double), try #require(plain["meanLoss"] as? Double)
    )
    #expect(abs(a - b) < 1e-5 * a)
    try work.succeed("verify", "forgot", "--data")
    try work.succeed("inspect", "forgot")
    let page = try work.text("forget.html")
    for word in ["Making digits forget: class 3", "What was tried", "random components", "<svg"] {
      #expect(page.contains(word), "\(word)")
    }
    // The same again leaves the run as it is; another edit does not take its place.
    try work.succeed(
      "edit", "digits", "--target", "class:3", "--preset", "lean", "--score", "gain", "--bake",
      "forgot")
    try work.fail(
      4, "edit", "digits", "--target", "class:4", "--preset", "lean", "--score", "gain", "--bake",
      "forgot", words: ["--overwrite"])
  }

  @Test("a smaller network is a run that answers as the large one without the parts")
  func shrunk() throws {
    let work = try Workspace.withDigits()
    let answer = try work.object(
      "edit", "digits", "--job", "shrink", "--share", "0.3", "--preset", "lean", "--bake", "small",
      "--report", "small.html")
    #expect(
      Set(answer.keys) == [
        "run", "job", "method", "share", "components", "removed", "tied", "obstacles",
        "parameters", "before", "after", "difference", "curve", "written",
      ])
    let removed = try #require(answer["removed"] as? [String])
    let components = try #require(answer["components"] as? Int)
    #expect(removed.count == Int((0.3 * Double(components)).rounded()))
    #expect(try #require(answer["difference"] as? Double) < 1e-5)
    let sizes = try #require(answer["parameters"] as? [String: Int])
    #expect(try #require(sizes["after"]) < #require(sizes["before"]))
    let after = try number(answer, "after", "accuracy")
    #expect(after > 0.5)
    let curve = try #require(answer["curve"] as? [[String: Any]])
    #expect(curve.map { $0["share"] as? Double } == [0.1, 0.2, 0.3, 0.5])
    let own = try #require(curve.first { $0["share"] as? Double == 0.3 })
    #expect(try number(own, "tau", "accuracy") == after)
    let outputs = try work.object("outputs", "small")
    #expect(abs(try #require(outputs["accuracy"] as? Double) - after) < 1e-9)
    try work.succeed("verify", "small", "--data")
    try work.succeed("query", "small", "--test", "17")
    #expect(try work.text("small.html").contains("What it costs"))

    try work.succeed(
      "edit", "digits", "--job", "shrink", "--preset", "lean", "--share", "0.3", "--out",
      "s.safetensors")
    try work.succeed(
      "edit", "digits", "--job", "shrink", "--preset", "lean", "--share", "0.3", "--out",
      "s.json")
    let masked = try work.object("outputs", "digits", "--edit", "s.json")
    #expect(abs(try #require(masked["accuracy"] as? Double) - after) < 1e-9)
  }

  @Test("what cannot be shrunk or baked is one clear sentence")
  func shrinkRefusals() throws {
    let work = try Workspace.withDigits()
    func refused(_ code: Int32, _ flag: String, _ value: String, words: [String]) throws {
      try work.fail(
        code, "edit", "digits", "--job", "shrink", "--preset", "lean", flag, value, words: words)
    }
    try refused(2, "--share", "1", words: ["a share of 1.0 is not between 0 and 1"])
    try refused(2, "--share", "0.0001", words: ["less than one channel"])
    try refused(2, "--ablation", "mean", words: ["what is cut out is 0, not mean"])
    try refused(2, "--target", "17", words: ["--target is not for --job shrink"])
    try refused(2, "--of", "layers", words: ["none of the components can be cut out"])
    try refused(2, "--out", "s.pt", words: [".json or .safetensors"])
    try refused(2, "--bake", "digits", words: ["`digits` is the run that is edited"])
    try refused(2, "--bake", "a/b", words: ["`a/b` cannot be a run's name", "--bake"])
    try work.fail(
      2, "edit", "digits", "--preset", "lean", words: ["name the examples with --target"])
    try work.fail(
      2, "edit", "digits", "--target", "17", "--share", "0.2", words: ["--share goes with"])
  }

  @Test("what cannot be is one clear sentence")
  func refusals() throws {
    let work = try Workspace.withDigits()
    try work.fail(3, "edit", "digits", "--target", "class:eleven", words: ["the classes are 0, 1"])
    try work.fail(3, "edit", "digits", "--target", "9999999", words: ["9999999"])
    try work.fail(2, "edit", "digits", "--target", " ", words: ["--target names no example"])
    try work.fail(
      2, "edit", "digits", "--target", "source=web", words: ["--target names no example"])
    try work.fail(
      2, "edit", "digits", "--target", "17", "--alpha", "1", words: ["is not between 0 and 1"])
    try work.fail(
      2, "edit", "digits", "--target", "17", "--of", "filters", words: ["the network has no filter"]
    )
    try work.fail(
      2, "edit", "digits", "--target", "17", "--allowed-loss", "-1", words: ["--allowed-loss"])
    try work.fail(
      3, "edit", "digits", "--target", "17", "--reference", "class:77", words: ["--reference"])
    try work.fail(2, "edit", "digits", "--target", "17", "--most", "0", words: ["--most"])
    try work.fail(3, "edit", "digits", "--target", "file:none.csv", words: ["none.csv"])
    try work.succeed("edit", "digits", "--target", "17", "--preset", "lean", "--out", "e.json")
    let text = try work.text("e.json").replacing("neuron.", with: "neuron.1")
    try text.write(toFile: work.file("e.json"), atomically: true, encoding: .utf8)
    try work.fail(4, "outputs", "digits", "--edit", "e.json")
  }
}
