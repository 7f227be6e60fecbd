import Foundation
import Influence
import Testing
import Runs
import Training

/// The library's defaults are the program's, to the bit.
@Suite struct LibraryTests {
  /// Scores of the test examples as the library gives them, and as a file of `ascribe score` has them.
  private func scores(
    _ work: Workspace, _ request: ScoringRequest = ScoringRequest(), _ words: String...
  ) throws -> (library: [UInt32], program: [UInt32], header: ScoreDescription) {
    let written = try AscribeProcess(["score", "r", "--out", "s.h5"] + words, in: work.path).wait()
    #expect(written.code == 0, "\(written.errors)")
    let file = try ScoreFile(work.file("s.h5"))
    let influence = try RunInfluence(
      Run.open("r", checkpointsFolder: work.file("Checkpoints")))
    let scores = try influence.ensemble(influence.resolved(request)).scores(influence.data.test)
    return (
      scores.elements.map(\.bitPattern),
      try file.scores(0..<file.queryIDs.count).elements.map(\.bitPattern), file.header
    )
  }

  @Test("a request that leaves all open has the scores of `ascribe score`, to the bit")
  func open() throws {
    let found = try scores(try Workspace(trained: true))
    #expect(found.library.count == 12 * 48)
    #expect(found.library == found.program)
    #expect(found.header.method == "trajectory" && found.header.exampleWeight == "trajectory")
  }

  @Test("so it is with a run file's `defaults`, and for numbers")
  func defaults() throws {
    let work = try Workspace()
    for (data, model, defaults) in [
      ("", "{kind: mlp, hidden: [8]}", "{method: trak, damping: 0.5, exampleWeight: sqrt-final}"),
      ("task: regression", "{kind: mlp, hidden: [8]}", "{checkpoints: final}"),
    ] {
      let training = "{rate: 0.01, epochs: 3, batch: 8}"
      try work.write(
        Workspace.runFile(data: data, model: model, training: training)
          + "defaults: \(defaults)\n", to: "r.yaml")
      try work.succeed("train", "r.yaml", "--overwrite")
      let found = try scores(work)
      #expect(found.library == found.program, "\(data) \(defaults)")
      #expect(Set(found.library).count > 100, "\(data) \(defaults)")
    }
  }

  @Test("so it is on features, and on those of the steps")
  func features() throws {
    let work = try Workspace()
    try work.write(
      Workspace.runFile(
        training: "{rate: 0.1, epochs: 3, batch: 8, "
          + "save: {projector: kronecker, dimension: 16, at: steps}}"), to: "r.yaml")
    try work.succeed("train", "r.yaml")
    try work.succeed("collect", "r", "--dim", "20", "--projector", "landmarks")
    let stored = try scores(work, ScoringRequest(kernel: .features), "--kernel", "features")
    #expect(stored.library == stored.program && stored.header.method == "trak")
    let steps = try scores(work, ScoringRequest(kernel: .steps), "--kernel", "steps")
    #expect(steps.library == steps.program && steps.header.method == "tracin")
  }
}
