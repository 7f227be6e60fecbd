import Configuration
import Datasets
import Evaluation
import Foundation
import Gradients
import Influence
import Networks
import Runs
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

/// The bundled digits, small: signs from scores to retrained models.
@Suite struct DigitsTests {
  /// 150 training and 40 test digits, a logistic regression of 8 epochs.
  private func digits(in folder: ScratchFolder) throws -> RunInfluence {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    for (name, lines) in [("train", 151), ("test", 41)] {
      let text = try String(
        contentsOf: root.appendingPathComponent("data/digits-\(name).csv"), encoding: .utf8)
      let short = text.split(separator: "\n").prefix(lines).joined(separator: "\n") + "\n"
      try short.write(toFile: folder / "\(name).csv", atomically: true, encoding: .utf8)
    }
    try """
    name: digits
    data:
      train: {format: csv, path: train.csv, label: last}
      test: {format: csv, path: test.csv, label: last}
      scale: [0, 16]
    model: {kind: logistic}
    training: {optimizer: sgd, rate: 0.1, momentum: 0.9, batch: 32, epochs: 8, seed: 0}
    """.write(toFile: folder / "digits.yaml", atomically: true, encoding: .utf8)
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "digits.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    return try RunInfluence(try job.run().run)
  }

  private func scorer(_ influence: RunInfluence) throws -> Ensemble {
    try influence.ensemble(ScoringRequest(method: .ntkLeaveOneOut, checkpoints: .final))
  }

  @Test func `removing what the scores call helpful lowers the margin, random removal less`()
    throws
  {
    let folder = try ScratchFolder()
    let influence = try digits(in: folder)
    let queries = Array(0..<10)
    let scores = try scorer(influence).scores(influence.data.test.subset(queries), mean: true)
    let order = scores.row(0).indices.sorted { scores[0, $0] > scores[0, $1] }
    let design = try SubsetDesign.removal(
      order: order, fractions: [0.3], draws: 2, queries: queries,
      ranking: .byHand)
    let bank = try RetrainingJob(
      influence.run, data: influence.data, design: design, seeds: 2
    ).run(to: folder / "removal.h5")
    let values = try bank.outputs(.margin, of: influence.data.test).map { output in
      (0..<output.rows).map { subset in
        queries.reduce(0.0) { $0 + Double(output[subset, $1]) } / Double(queries.count)
      }
    }
    let curves = try RemovalCurves(design: bank.design, values: values, file: "removal.h5")
    let top = try #require(curves.curves[0].points.first)
    let bottom = try #require(curves.curves[1].points.first)
    let random = try #require(curves.curves[2].points.first)
    #expect(top.change.value < -1)
    #expect(top.change.value < random.change.value - 0.5)
    #expect(bottom.change.value > random.change.value + 0.2)
  }

  @Test func `shuffled labels are trained once, and their scores are those of that training`()
    throws
  {
    let folder = try ScratchFolder()
    let influence = try digits(in: folder)
    let references = influence.run.finalCheckpoints
    let options = try ScoringOptions(
      method: .ntkLeaveOneOut, classification: true, exampleWeight: nil, dampingProfile: .uniform)
    let calls = Atomic<Int>(0)
    func scores() throws -> [Float] {
      let training = ShuffledLabelTraining(influence, checkpoints: references)
      let model = try training.ensemble(
        options: options, progress: { _, _ in calls.add(1, ordering: .relaxed) })
      return try model.scores(influence.data.test.subset([0, 1])).elements
    }
    let first = try scores()
    #expect(calls.load(ordering: .relaxed) == 8)
    #expect(try scores() == first)
    #expect(calls.load(ordering: .relaxed) == 8)
    let shuffled = ShuffledLabelTraining(influence, checkpoints: references)
    let (own, original) = (shuffled.data.classes ?? [], influence.data.train.classes ?? [])
    #expect(own != original && own.sorted() == original.sorted())
    // By hand.
    let trainer = try Trainer(
      network: try influence.run.network, configuration: try influence.run.configuration().training,
      data: shuffled.data, seed: 0)
    let model = try Ensemble(
      checkpoints: [
        ExactCheckpoint(
          name: "by hand",
          source: GradientSource(
            network: try influence.run.network, parameters: try trainer.train().parameters),
          training: shuffled.data)
      ], training: shuffled.data, options: options)
    #expect(try model.scores(influence.data.test.subset([0, 1])).elements == first)
    // A damaged file is made again.
    var bytes = [UInt8](try #require(FileManager.default.contents(atPath: shuffled.path)))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: shuffled.path))
    #expect(try scores() == first)
    #expect(calls.load(ordering: .relaxed) == 16)
  }
}
