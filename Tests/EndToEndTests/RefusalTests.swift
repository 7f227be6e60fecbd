import Foundation
import Testing

/// What is refused where it is asked for, not where it would be missed, and what is said of it.
@Suite struct RefusalTests {
  @Test("features that the method could not read are not collected")
  func unreadableFeatures() throws {
    let work = try Workspace(trained: true)
    for function in ["hardMargin", "logit"] {
      try work.fail(
        3, "collect", "r", "--method", "graddot", "--output-function", function,
        words: ["the loss is not a function of \(function) alone"])
    }
    try work.succeed("collect", "r", "--method", "trak", "--output-function", "hardMargin")
    try work.write(String(repeating: "to be or not to be, that is. ", count: 12), to: "input.txt")
    try work.write(
      """
      name: t
      data:
        source: {format: text, path: input.txt, tokens: characters, length: 16}
        split: {test: 2}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {optimizer: adamw, rate: 0.01, batch: 4, epochs: 1}

      """, to: "t.yaml")
    try work.succeed("train", "t.yaml")
    for method in ["ntk-loo", "trajectory"] {
      try work.fail(
        3, "collect", "t", "--method", method,
        words: ["\(method) is not defined here: it regresses one target an example"])
    }
    try work.fail(
      3, "collect", "t", "--method", "graddot", "--output-function", "margin",
      words: ["the loss of a sequence is not a function of its margin"])
    #expect(!work.exists("Projections/t"))
  }

  @Test("an import that replaces a run names what was made from it; the same one again nothing")
  func worthless() throws {
    let work = try Workspace(trained: true)
    try work.succeed("export", "r", "--out", "weights")
    try work.succeed("import", "weights", "--data", "r.yaml", "--name", "m")
    try work.succeed("collect", "m", "--dim", "16")
    let again = try work.succeed(
      "import", "weights", "--data", "r.yaml", "--name", "m", "--overwrite")
    #expect(!again.errors.contains("worthless"), "\(again.errors)")
    try work.succeed("export", "r", "--out", "other", "--checkpoint", "1")
    let replaced = try work.succeed(
      "import", "other", "--data", "r.yaml", "--name", "m", "--overwrite")
    #expect(
      replaced.errors.contains(
        "note: made from the run that is replaced, and worthless now (left in place): "
          + "Projections/m/train-trace.h5, Projections/m/train.h5"), "\(replaced.errors)")
  }

  @Test("of two banks of one name made at once one becomes whole, and the other says who makes it")
  func together() throws {
    let work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "6", "--seeds", "1")
    let expected = try work.bytes("Checkpoints/r/bank.h5")
    for round in 0..<4 {
      let bank = "b\(round)"
      let arguments = ["retrain", "r", "--subsets", "6", "--seeds", "1", "--bank", bank]
      let pair = try (0..<2).map { _ in try AscribeProcess(arguments, in: work.path) }
      let ends = pair.map { $0.wait() }
      #expect(ends.contains { $0.code == 0 }, "\(ends)")
      for ended in ends where ended.code != 0 {
        #expect(ended.code == 1, "\(ended.errors)")
        #expect(
          ended.errors.contains(
            "another process is writing this store.\n  at:  Checkpoints/r/\(bank)"),
          "\(ended.errors)")
      }
      #expect(try work.bytes("Checkpoints/r/\(bank).h5") == expected)
      #expect(!work.exists("Checkpoints/r/\(bank).h5.parts"))
    }
  }
}
