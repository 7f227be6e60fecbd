import Datasets
import Evaluation
import Foundation
import Influence
import TestSupport
import Runs
import Training

/// A small language model on texts of six kinds, each a cycle of three letters of its own, and a
/// bank of it: a query's loss follows from how many texts of its kind a model saw.
struct SequenceRun {
  let folder: ScratchFolder
  let influence: RunInfluence

  /// Trained once for all suites, with `bank.h5`: 24 halves, 2 seeds.
  static let shared = Result { try SequenceRun() }
  /// Texts of each kind.
  static let perKind = 4
  /// Lengths of the test texts, a kind each; none is longer than 12.
  static let testLengths = [12, 12, 9, 6, 12, 10]

  private init() throws {
    folder = try ScratchFolder()
    func text(_ kind: Int, _ start: Int, _ length: Int) -> String {
      let letters = Array("abcdefghijklmnopqr")[3 * kind..<3 * kind + 3]
      return String((0..<length).map { letters[3 * kind + (start + $0) % 3] })
    }
    func lines(_ texts: [(key: String, text: String)]) -> String {
      texts.map { "{\"text\": \"\($0.text)\", \"key\": \"\($0.key)\"}\n" }.joined()
    }
    let train = (0..<24).map { (key: "t\($0)", text: text($0 % 6, $0 / 6, 12)) }
    let test = SequenceRun.testLengths.enumerated().map {
      (key: "q\($0)", text: text($0, $0 + 1, $1))
    }
    for (name, texts) in [("train", train), ("test", test)] {
      try lines(texts).write(
        toFile: folder / "\(name).jsonl", atomically: true, encoding: .utf8)
    }
    try """
    name: cycles
    data:
      train: {format: jsonl, path: train.jsonl, id: key, tokens: characters, length: 12}
      test: {format: jsonl, path: test.jsonl, id: key, tokens: characters, length: 12}
    model: {kind: gpt2, layers: 1, heads: 2, width: 8}
    training: {optimizer: adamw, rate: 0.02, batch: 8, epochs: 6, seed: 0}
    """.write(toFile: folder / "cycles.yaml", atomically: true, encoding: .utf8)
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "cycles.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    influence = try RunInfluence(try job.run().run)
    _ = try self.job().run(to: RetrainingJob.path(influence.run))
  }

  /// The job of the bank, or of one like it.
  func job(
    _ design: SubsetDesign? = nil, seeds: Int = 2, keepsTokens: Bool? = nil
  ) throws -> RetrainingJob {
    RetrainingJob(
      influence.run, data: influence.data,
      design: try design ?? SubsetDesign(subsets: 24, fraction: 0.5), seeds: seeds,
      keepsTokens: keepsTokens)
  }

  /// Training rows of a kind.
  static func rows(ofKind kind: Int) -> [Int] { (0..<24).filter { $0 % 6 == kind } }
}
