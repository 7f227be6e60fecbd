import Foundation
import Testing

/// What was made from weights that are trained over: named, left in place, never used silently.
@Suite struct StaleTests {
  @Test("after train --overwrite nothing of the former weights is used, and each refusal says why")
  func overwritten() throws {
    let work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "60", "--seeds", "1")
    try work.succeed("calibrate", "r")
    try work.succeed("score", "r", "--out", "s.h5")
    try work.succeed("score", "r", "--method", "graddot")
    try work.succeed("collect", "r", "--dim", "16")
    try work.succeed("evaluate", "r", "randomized", "--method", "graddot")
    try work.succeed(
      "retrain", "r", "--design", "removal", "--scores", "s.h5", "--test", "all", "--draws", "1",
      "--seeds", "1")
    let before = try work.succeed("query", "r", "--test", "3")
    #expect(before.output.contains("removed: margin"))
    #expect(!before.errors.contains("does not fit"))

    // The same run again leaves the same weights: nothing is made worthless.
    let again = try work.succeed("train", "r.yaml", "--overwrite")
    #expect(!again.errors.contains("worthless"))
    #expect(try work.succeed("query", "r", "--test", "3").output == before.output)

    let kept = work.files("Checkpoints", "Projections")
    try work.write(
      Workspace.runFile(training: "{rate: 0.03, momentum: 0.9, epochs: 6, batch: 8}"), to: "r.yaml")
    let trained = try work.succeed("train", "r.yaml", "--overwrite")
    let notes = trained.errors.split(separator: "\n").filter { $0.contains("worthless") }
    #expect(notes.count == 1)
    let note = try #require(notes.first)
    for name in kept.keys where isMade(name) { #expect(note.contains(name), "\(name)") }
    let after = work.files("Checkpoints", "Projections")
    for (name, bytes) in kept where isMade(name) { #expect(after[name] == bytes, "\(name)") }
    #expect(kept.keys.count(where: isMade) == 6)

    let query = try work.succeed("query", "r", "--test", "3")
    #expect(!query.output.contains("removed:") && !query.output.contains(" ± "))
    let units = query.errors.split(separator: "\n").filter { $0.contains("does not fit") }
    #expect(units.count == 1)
    #expect(
      units.first?.contains("other model weights, training configuration; calibrate again") == true)
    try work.fail(
      4, "retrain", "r", "--design", "removal", "--scores", "s.h5", "--test", "all",
      words: ["model differs", "s.h5"])
    try work.fail(4, "collect", "r", "--dim", "16", words: ["model differs", "train.h5"])
    try work.fail(
      4, "query", "r", "--test", "3", "--kernel", "features", words: ["model differs"])
    try work.fail(
      4, "retrain", "r", "--subsets", "20", "--seeds", "1", words: ["training differs", "bank.h5"])
    try work.fail(4, "calibrate", "r", words: ["training differs", "bank.h5"])
    try work.succeed("collect", "r", "--dim", "16", "--overwrite")
    try work.succeed("retrain", "r", "--subsets", "20", "--seeds", "1", "--overwrite")
    let controls = try work.succeed("evaluate", "r", "randomized", "--method", "graddot")
    #expect(
      controls.errors.contains("shuffled-labels.h5 is made again: training differs"))
    try work.succeed("calibrate", "r")
    let fresh = try work.succeed("query", "r", "--test", "3")
    #expect(!fresh.errors.contains("does not fit"))
  }

  /// Whether a file was made from a run, by its path; shards go with their store.
  private func isMade(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard parts.count == 3, let name = parts.last else { return false }
    return name.hasSuffix(".h5") || name.hasPrefix("calibration-")
  }
}
