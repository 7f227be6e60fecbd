import Configuration
import Foundation
import Influence
import Runs
import TestSupport
import Testing

@testable import Curation

@Suite("Mislabel job", .serialized)
struct MislabelJobTests {
  /// 200 of the bundled digits, a tenth of the labels changed, 5 epochs.
  static func run(_ folder: ScratchFolder) throws -> RunInfluence {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    for (name, count) in [("train", 200), ("test", 10)] {
      let text = try String(
        contentsOf: root.appendingPathComponent("data/digits-\(name).csv"), encoding: .utf8)
      let lines = text.split(separator: "\n").prefix(count + 1).joined(separator: "\n")
      try Data((lines + "\n").utf8).write(to: URL(fileURLWithPath: folder / "\(name).csv"))
    }
    let run = """
      name: noisy
      data:
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
        scale: [0, 16]
        flip:  {fraction: 0.1, seed: 1}
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
      model: {hidden: [32]}
      training: {rate: 0.05, momentum: 0.9, batch: 16, epochs: 5}
      """
    try Data(run.utf8).write(to: URL(fileURLWithPath: folder / "noisy.yaml"))
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "noisy.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    return try RunInfluence(job.run().run)
  }

  @Test("every signal ranks planted label noise, the leave-one-out margin among the best")
  func signals() throws {
    let folder = try ScratchFolder()
    let influence = try Self.run(folder)
    var found: [MislabelRanking.Signal: Double] = [:]
    for signal in MislabelRanking.Signal.allCases {
      let ranking = try MislabelJob(influence).ranking(by: signal)
      #expect(ranking.signal == signal)
      #expect(ranking.suspicion.count == 200 && ranking.suspicion.allSatisfy(\.isFinite))
      #expect(ranking.order.sorted() == Array(0..<200))
      let detection = try #require(ranking.detection(in: influence.data.train))
      found[signal] = detection.rocAUC
      // Chance is 0.5 ± 0.07 for 20 of 200; measured 0.968 (gradientNorm) to 0.998.
      #expect(detection.rocAUC > 0.8, "\(signal)")
    }
    #expect(try #require(found[.leaveOneOutMargin]) > 0.9)
  }

  @Test("leaveOneOutWithEL2N is EL2N less the leave-one-out margin")
  func withEL2N() throws {
    let folder = try ScratchFolder()
    let influence = try Self.run(folder)
    let job = MislabelJob(influence)
    let found = try job.ranking(by: .leaveOneOutWithEL2N).suspicion
    let training = try job.ranking(by: .el2n).suspicion
    let margins = try influence.ensemble(
      ScoringRequest(
        method: .ntkLeaveOneOut, damping: MislabelJob.standardDamping, dampingProfile: .uniform,
        checkpoints: .final)
    ).leaveOneOutMargins()
    #expect(found == zip(training, margins).map { $0 - $1 })
    // Asked together, each signal is of its own request.
    #expect(
      try job.ranking(by: .leaveOneOutMargin).suspicion == margins.map { -$0 })
    let other = ScoringRequest(damping: .timesMeanEigenvalue(3))
    #expect(try job.ranking(by: .leaveOneOutWithEL2N, other).suspicion != found)
    #expect(try job.ranking(by: .leaveOneOutWithEL2N).suspicion == found)
  }

  @Test("the default signal is the margin, above 20,000 examples with EL2N")
  func standard() throws {
    for (count, expected) in [
      (20_000, MislabelRanking.Signal.leaveOneOutMargin), (20_001, .leaveOneOutWithEL2N),
    ] {
      let folder = try ScratchFolder()
      let rows = (0..<count).map { "\($0 % 7),\($0 % 2)" }.joined(separator: "\n")
      try Data("x,y\n\(rows)\n".utf8).write(to: URL(fileURLWithPath: folder / "train.csv"))
      try Data("x,y\n1,0\n2,1\n".utf8).write(to: URL(fileURLWithPath: folder / "test.csv"))
      let run = """
        name: many
        data:
          train: {format: csv, path: train.csv, label: last}
          test:  {format: csv, path: test.csv, label: last}
        model: {kind: logistic}
        training: {rate: 0.1, batch: 1000, epochs: 1}
        """
      let job = MislabelJob(try trained(run, in: folder))
      #expect(job.standardSignal == expected)
    }
  }

  @Test("self-influence is the scorer's when one is given")
  func scorer() throws {
    let folder = try ScratchFolder()
    let influence = try Self.run(folder)
    let scorer = try influence.ensemble(ScoringRequest(method: .trak))
    let ranking = try MislabelJob(influence).ranking(by: .selfInfluence, scorer: scorer)
    #expect(try ranking.suspicion == scorer.selfInfluence())
  }

  @Test("a regression has no probability to rank by, and says so")
  func regression() throws {
    let folder = try ScratchFolder()
    let rows = (0..<20).map { "\(Double($0) / 10),\(Double($0 % 3)),\(Double($0) / 5)" }
    for name in ["train", "test"] {
      try Data(("x,y,t\n" + rows.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(fileURLWithPath: folder / "\(name).csv"))
    }
    let run = """
      name: numbers
      data:
        task: regression
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
      model: {kind: linear}
      training: {rate: 0.01, epochs: 2}
      """
    let influence = try trained(run, in: folder)
    let error = diagnosed {
      _ = try MislabelJob(influence).ranking(by: .meanProbability)
    }
    #expect(
      error?.what == "signal meanProbability is not defined here: training on these targets "
        + "records no probability")
    #expect(error?.location == "‹signal›")
    #expect(MislabelJob(influence).standardSignal == .leaveOneOutMargin)
    let margins = try MislabelJob(influence).ranking()
    #expect(margins.signal == .leaveOneOutMargin)
    #expect(margins.suspicion.allSatisfy { $0 >= 0 } && margins.order.count == 20)
  }

  /// What is asked of the run that a run file describes.
  private func trained(_ run: String, in folder: ScratchFolder) throws -> RunInfluence {
    try Data(run.utf8).write(to: URL(fileURLWithPath: folder / "run.yaml"))
    return try RunInfluence(
      TrainingJob(
        try RunConfiguration(contentsOf: folder / "run.yaml"),
        checkpointsFolder: folder / "Checkpoints"
      ).run().run)
  }

  @Test("sequences have no labels to search, whatever the signal")
  func sequences() throws {
    let folder = try ScratchFolder()
    try Data(String(repeating: "to be or not ", count: 4).utf8)
      .write(to: URL(fileURLWithPath: folder / "text.txt"))
    let run = """
      data:
        source: {format: text, path: text.txt, tokens: characters, length: 8}
        split: {test: 2, seed: 0}
      model: {kind: gpt2, layers: 1, heads: 1, width: 4}
      training: {rate: 0.01, batch: 4, epochs: 1}
      """
    let influence = try trained(run, in: folder)
    for signal in MislabelRanking.Signal.allCases {
      let error = diagnosed { _ = try MislabelJob(influence).ranking(by: signal) }
      #expect(
        error?.what == "the search for wrong labels is not defined here: these are sequences, "
          + "whose next tokens are no labels", "\(signal)")
    }
  }
}
