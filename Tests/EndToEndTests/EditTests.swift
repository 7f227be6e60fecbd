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
      "edit", "digits", "--target", id, "--preset", "lean", "--out", "fix.json")
    #expect(
      Set(fixed.keys) == [
        "run", "job", "targetName", "referenceName", "score", "isAccuracy", "removed",
        "predicted", "target", "reference", "rest", "control",
      ])
    #expect(fixed["job"] as? String == "fix" && fixed["isAccuracy"] as? Bool == true)
    #expect(try number(fixed, "target", "before") == 0)
    #expect(try number(fixed, "target", "after") == 1)
    let lost = try number(fixed, "reference", "before") - number(fixed, "reference", "after")
    #expect(lost < 0.05)
    #expect(try #require(fixed["removed"] as? [String]).count >= 1)

    let edited = try work.object("outputs", "digits", "--edit", "fix.json")
    let n = Double(rows.count)
    let wanted = (try number(fixed, "reference", "after") * (n - 1) + 1) / n
    #expect(abs(try #require(edited["accuracy"] as? Double) - wanted) < 1e-9)

    let forgotten = try work.object("edit", "digits", "--target", "class:3", "--preset", "lean")
    #expect(forgotten["job"] as? String == "forget")
    #expect(
      try number(forgotten, "target", "after") < number(forgotten, "target", "before") - 0.5)
    #expect(
      try number(forgotten, "control", "target") > number(forgotten, "target", "after") + 0.3)
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
    try work.fail(3, "edit", "digits", "--target", "file:none.csv", words: ["none.csv"])
    try work.succeed("edit", "digits", "--target", "17", "--preset", "lean", "--out", "e.json")
    let text = try work.text("e.json").replacing("neuron.", with: "neuron.1")
    try text.write(toFile: work.file("e.json"), atomically: true, encoding: .utf8)
    try work.fail(4, "outputs", "digits", "--edit", "e.json")
  }
}
