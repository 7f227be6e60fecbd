import Configuration
import Datasets
import Evaluation
import Foundation
import Influence
import Networks
import Runs
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@Suite struct RetrainingBankTests {
  /// A logistic regression on 40 points of three classes, trained for two epochs.
  static func trainedRun(in folder: ScratchFolder) throws -> RunInfluence {
    var lines = ["a,b,label"]
    for i in 0..<60 { lines.append("\((i * 37) % 100),\((i * 53) % 90),\(i % 3)") }
    let train = lines.prefix(41).joined(separator: "\n") + "\n"
    let test = ([lines[0]] + lines.suffix(20)).joined(separator: "\n") + "\n"
    try train.write(toFile: folder / "train.csv", atomically: true, encoding: .utf8)
    try test.write(toFile: folder / "test.csv", atomically: true, encoding: .utf8)
    try """
    name: points
    data:
      train: {format: csv, path: train.csv, label: label}
      test: {format: csv, path: test.csv, label: label}
      standardise: true
    model: {kind: logistic}
    training: {optimizer: sgd, rate: 0.1, batch: 8, epochs: 2, seed: 0}
    """.write(toFile: folder / "points.yaml", atomically: true, encoding: .utf8)
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "points.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    return try RunInfluence(try job.run().run)
  }

  private func job(_ influence: RunInfluence, subsets: Int = 4) throws -> RetrainingJob {
    RetrainingJob(
      influence.run, data: influence.data,
      design: try SubsetDesign(subsets: subsets, fraction: 0.5), seeds: 2)
  }

  @Test func `a bank holds what training on each subset gives`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    let bank = try job(influence).run(to: folder / "bank.h5")
    let outputs = try bank.outputs(.margin, of: influence.data.test)
    #expect(outputs.count == 2 && outputs[0].rows == 4 && outputs[0].columns == 20)
    #expect(bank.masks.row(1).reduce(0, +) == 20)
    // Model (subset 1, seed 0) again by hand.
    let rows = (0..<40).filter { bank.masks[1, $0] == 1 }
    let trainer = try Trainer(
      network: try influence.run.network, configuration: try influence.run.configuration().training,
      data: influence.data.train.subset(rows), seed: 1_000_002)
    let model = Predictor(
      network: try influence.run.network, parameters: try trainer.train().parameters,
      loss: influence.run.loss)
    let logits = model.predictions(for: influence.data.test).logits
    let targets = TargetValues(influence.data.test.targets)
    #expect(OutputFunction.margin.values(logits, targets) == outputs[0].row(1))
  }

  @Test func `stopped at any model and gone on with, a bank has the same bytes`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    _ = try job(influence).run(to: folder / "whole.h5")
    for stop in 1...3 {
      let calls = Atomic<Int>(0)
      let path = folder / "stopped-\(stop).h5"
      #expect(throws: TrainingError.self, "stop \(stop)") {
        _ = try self.job(influence).run(
          to: path,
          isCancelled: { calls.wrappingAdd(1, ordering: .relaxed).newValue > stop * 12 })
      }
      #expect(!FileManager.default.fileExists(atPath: path), "stop \(stop)")
      _ = try job(influence).run(to: path)
      #expect(
        FileManager.default.contents(atPath: path)
          == FileManager.default.contents(atPath: folder / "whole.h5"), "stop \(stop)")
      #expect(!FileManager.default.fileExists(atPath: path + ".parts"), "stop \(stop)")
    }
  }

  @Test func `a damaged part is made again`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    _ = try job(influence).run(to: folder / "whole.h5")
    let path = folder / "damaged.h5"
    let calls = Atomic<Int>(0)
    _ = try? job(influence).run(
      to: path, isCancelled: { calls.wrappingAdd(1, ordering: .relaxed).newValue > 30 })
    let names = try FileManager.default.contentsOfDirectory(atPath: path + ".parts")
    let part = try #require(names.first { $0.hasSuffix(".part") })
    var bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(path).parts/\(part)")))
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path).parts/\(part)"))
    _ = try job(influence).run(to: path)
    #expect(
      FileManager.default.contents(atPath: path)
        == FileManager.default.contents(atPath: folder / "whole.h5"))
  }

  @Test func `a bank of another design is refused by the field's name`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    _ = try job(influence).run(to: folder / "bank.h5")
    let error = diagnosed { _ = try self.job(influence, subsets: 5).run(to: folder / "bank.h5") }
    #expect(error?.what.contains("subsets") == true)
    #expect(error?.exitCode == 4)
    _ = try job(influence, subsets: 5).run(to: folder / "bank.h5", overwrite: true)
    #expect(try RetrainingBank(folder / "bank.h5").design.subsets == 5)
  }

  @Test func `a leave-one-out bank keeps its roles, and its models share their seeds`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    let design = try SubsetDesign.leaveOneOut(rows: [3, 20], of: 40)
    func job(_ design: SubsetDesign) -> RetrainingJob {
      RetrainingJob(influence.run, data: influence.data, design: design, seeds: 2)
    }
    _ = try job(design).run(to: folder / "loo.h5")
    let bank = try RetrainingBank(folder / "loo.h5")
    #expect(bank.design == design)
    #expect(bank.masks.elements == design.masks(of: 40).elements)
    // What a bank says it is made from is what it was made from.
    _ = try RetrainingBank(folder / "loo.h5", expecting: try job(bank.design).fingerprint())
    let trainer = try Trainer(
      network: try influence.run.network, configuration: try influence.run.configuration().training,
      data: influence.data.train, rows: (0..<40).filter { $0 != 20 }, seed: 1_000_001)
    let model = Predictor(
      network: try influence.run.network, parameters: try trainer.train().parameters,
      loss: influence.run.loss)
    let logits = model.predictions(for: influence.data.test).logits.elements
    #expect(bank.logits(subset: 2, seed: 1).elements == logits)
    // Another design under the same name is refused, and by its rows when nothing else differs.
    let other = try SubsetDesign.leaveOneOut(rows: [3, 21], of: 40)
    let error = diagnosed { _ = try job(other).run(to: folder / "loo.h5") }
    #expect(error?.what.contains("masks") == true)
    #expect(error?.exitCode == 4)
  }
}
