import Foundation
import Testing

/// Gradients saved at steps, asked by the program.
@Suite struct StepTests {
  private func work(at moment: String = "steps") throws -> Workspace {
    let work = try Workspace()
    try work.write(
      Workspace.runFile(
        training: "{rate: 0.1, momentum: 0.9, epochs: 6, batch: 8, "
          + "save: {projector: kronecker, dimension: 16, at: \(moment)}}"), to: "r.yaml")
    try work.succeed("train", "r.yaml")
    return work
  }

  @Test("tracin and graddot answer from steps, trak is refused by name")
  func answers() throws {
    let work = try work()
    for (method, unit) in [("tracin", "training's rates"), ("graddot", "learning rate")] {
      let query = try work.object(
        "query", "r", "--test", "3", "--method", method, "--kernel", "steps")
      #expect(query["method"] as? String == method)
      #expect((query["kernel"] as? String)?.hasPrefix("kronecker ") == true)
      #expect((query["kernel"] as? String)?.hasSuffix(" at steps") == true)
      #expect((query["unit"] as? String)?.contains(unit) == true)
      #expect(
        query["checkpoints"] as? [String] == [0, 1, 2, 5].map { "seed-0/epoch-00\($0)" })
    }
    let text = try work.succeed("query", "r", "--test", "3", "--kernel", "steps")
    #expect(text.errors.contains("tracin of loss on features (kronecker"))
    #expect(text.errors.contains("of epoch 0 (initial weights), 1, 2, 5"))
    try work.succeed("score", "r", "--kernel", "steps", "--out", "s.h5")
    try work.fail(
      3, "query", "r", "--test", "3", "--method", "trak", "--kernel", "steps",
      words: [
        "trak needs every example at one checkpoint", "Projections/r/steps.h5",
        "use graddot or tracin",
      ])
    try work.fail(3, "mislabeled", "r", "--kernel", "steps", words: ["ntk-loo needs every example"])
  }

  @Test("trak reads what a training kept at its checkpoints")
  func checkpoints() throws {
    let work = try work(at: "checkpoints")
    let query = try work.object(
      "query", "r", "--test", "3", "--method", "trak", "--kernel", "features")
    #expect((query["checkpoints"] as? [String])?.count == 4)
    try work.fail(
      3, "query", "r", "--test", "3", "--kernel", "steps", words: ["kept no gradients of its steps"]
    )
    #expect(try work.succeed("methods").output.contains("(--kernel steps): graddot, tracin"))
  }

  @Test("steps of a training that was replaced are refused by the field")
  func replaced() throws {
    let work = try work()
    try work.write(
      Workspace.runFile(training: "{rate: 0.03, momentum: 0.9, epochs: 6, batch: 8}"), to: "r.yaml")
    let trained = try work.succeed("train", "r.yaml", "--overwrite")
    #expect(trained.errors.contains("worthless") && trained.errors.contains("steps.h5"))
    try work.fail(
      4, "query", "r", "--test", "3", "--kernel", "steps", words: ["training differs", "steps.h5"])
    try work.remove("Projections")
    try work.fail(
      3, "query", "r", "--test", "3", "--kernel", "steps", words: ["kept no gradients of its steps"]
    )
  }
}
