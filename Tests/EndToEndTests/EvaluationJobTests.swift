import Ascribe
import Foundation
import Testing

/// What a program in Swift is answered is what the command line prints, byte for byte.
@Suite struct EvaluationJobTests {
  let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  private func session(_ run: String = "r") throws -> Session {
    try Session(run, checkpointsFolder: work.file("Checkpoints"))
  }

  private func expectSame(
    _ answer: some Answer, as arguments: String...,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let printed = try AscribeProcess(arguments + ["--json"], in: work.path).wait()
    #expect(printed.code == 0, "\(printed.errors)", sourceLocation: location)
    // The one knows the run by its place, the other from within the folder.
    let json = try answer.json().replacing(work.path + "/", with: "")
    #expect(printed.output == json + "\n", sourceLocation: location)
    // A file is no part of this: the same answer in words.
    let words = try AscribeProcess(arguments, in: work.path).wait()
    if !words.output.isEmpty {
      #expect(
        words.output == answer.text.replacing(work.path + "/", with: "") + "\n",
        sourceLocation: location)
    }
  }

  @Test("retrain, evaluate and calibrate answer the same from Swift and from the command line")
  func same() throws {
    let session = try session()
    var random = RetrainJob(.random(subsets: 10))
    random.seeds = 2
    try expectSame(
      try random.run(in: session), as: "retrain", "r", "--subsets", "10", "--seeds", "2")
    try expectSame(try LDSJob().run(in: session).answer, as: "evaluate", "r", "lds")
    try expectSame(try RandomizedJob().run(in: session).answer, as: "evaluate", "r", "randomized")
    try expectSame(try CalibrateJob().run(in: session), as: "calibrate", "r")
    var single = RetrainJob(.leaveOneOut(ids: "7,3,40"))
    single.seeds = 1
    try expectSame(
      try single.run(in: session), as: "retrain", "r", "--design", "leave-one-out", "--ids",
      "7,3,40", "--seeds", "1")
    try expectSame(try LeaveOneOutJob().run(in: session).answer, as: "evaluate", "r", "loo")
    var request = RemovalRequest()
    (request.fractions, request.draws) = ([0.25, 0.1], 1)
    request.ranking = .method(.trak)
    var removal = RetrainJob(.removal(request))
    removal.seeds = 2
    try expectSame(
      try removal.run(in: session), as: "retrain", "r", "--design", "removal", "--fractions",
      "0.25, 0.1", "--draws", "1", "--method", "trak", "--seeds", "2")
    try expectSame(try RemovalJob().run(in: session).answer, as: "evaluate", "r", "removal")
    var brittle = BrittlenessJob()
    (brittle.test, brittle.removals, brittle.models, brittle.draws) = ("0,1", [4, 20], 2, 1)
    try expectSame(
      try brittle.run(in: session).answer, as: "evaluate", "r", "brittleness", "--test", "0,1",
      "--removals", "20,4", "--models", "2", "--draws", "1")
  }

  @Test("the signals of suspicion and the page are the same too")
  func mislabel() throws {
    try work.write(
      Workspace.runFile(name: "noisy", data: "flip: {fraction: 0.2, seed: 0}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let result = try MislabelEvaluationJob().run(in: try session("noisy"))
    try expectSame(result.answer, as: "evaluate", "noisy", "mislabel")
    try work.succeed("evaluate", "noisy", "mislabel", "--report", "page.html")
    #expect(try work.text("page.html") == (try result.page.html()))
  }
}
