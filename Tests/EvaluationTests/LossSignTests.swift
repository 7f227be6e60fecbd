import Foundation
import Influence
import Networks
import Runs
import Storage
import TestSupport
import Testing

@testable import Evaluation

/// The sign of what is printed for `loss`, against the losses of retrained models.
@Suite struct LossSignTests {
  /// Two overlapping clouds in a plane, a fifth of the labels wrong.
  private func run(in folder: ScratchFolder) throws -> RunInfluence {
    func table(_ count: Int, seed: Int) -> String {
      var state = UInt64(seed)
      func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 40) / Double(1 << 24)
      }
      let rows = (0..<count).map { row in
        let label = row % 2
        let values = (0..<2).map { _ in uniform() + uniform() - 1 + (label == 0 ? 0.35 : -0.35) }
        return "\(values[0]),\(values[1]),\(uniform() < 0.2 ? 1 - label : label)"
      }
      return (["a,b,label"] + rows).joined(separator: "\n") + "\n"
    }
    try table(30, seed: 1).write(toFile: folder / "train.csv", atomically: true, encoding: .utf8)
    try table(12, seed: 2).write(toFile: folder / "test.csv", atomically: true, encoding: .utf8)
    try """
    name: clouds
    data:
      train: {format: csv, path: train.csv, label: label}
      test: {format: csv, path: test.csv, label: label}
    model: {hidden: [4]}
    training: {rate: 0.1, momentum: 0.9, batch: 10, epochs: 15, seed: 0}
    """.write(toFile: folder / "clouds.yaml", atomically: true, encoding: .utf8)
    let job = TrainingJob(
      try RunConfiguration(contentsOf: folder / "clouds.yaml"),
      checkpointsFolder: folder / "Checkpoints")
    return try RunInfluence(try job.run().run)
  }

  /// −log p of the label from a row of logits, in fp64.
  private func loss(_ logits: [Float], label: Int) -> Double {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
    return largest + log(sum) - Double(logits[label])
  }

  private func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let (mx, my) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let (dx, dy) = (x.map { $0 - mx }, y.map { $0 - my })
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(dx, dy) / max(1e-30, (dot(dx, dx) * dot(dy, dy)).squareRoot())
  }

  @Test func `more helpful examples make the loss lower, and removing one is printed as a rise`()
    throws
  {
    let folder = try ScratchFolder()
    let influence = try run(in: folder)
    _ = try RetrainingJob(
      influence.run, data: influence.data,
      design: try SubsetDesign(subsets: 60, fraction: 0.5, seed: 0), seeds: 1
    ).run(to: RetrainingJob.path(influence.run))
    let bank = try RetrainingBank(RetrainingJob.path(influence.run))
    let test = influence.data.test
    let classes = try #require(test.classes)
    for method in [Influence.Method.graddot, .trak] {
      let ensemble = try influence.ensemble(
        ScoringRequest(method: method, outputFunction: .loss, checkpoints: .final))
      let tops = try ensemble.top(test, limit: 10)
      // The loss of the bank's models, computed here, against the helpful examples they had.
      let correlations = tops.enumerated().map { query, top in
        let losses = (0..<60).map { subset in
          let logits = bank.logits(subset: subset, seed: 0)
          return loss(
            (0..<2).map { logits[query, $0] }, label: Int(classes[query]))
        }
        let helpful = (0..<60).map { subset in
          top.highest.reduce(0.0) { $0 + Double(bank.masks[subset, $1.row]) }
        }
        return correlation(losses, helpful)
      }
      let mean = correlations.reduce(0, +) / Double(correlations.count)
      #expect(mean < -0.2, "\(method): \(correlations)")
      // What is printed: the change of the loss, by the slope that the bank gives.
      let calibration = try Calibration(ensemble, bank: "bank", of: influence)
      let function = ensemble.options.outputFunction
      #expect(calibration.correlation > 0.1, "\(method)")
      var agree = 0
      for (query, top) in tops.enumerated() where correlations[query] < -0.3 {
        let line = try #require(calibration[test.ids[query]])
        for (entry, isHelpful) in top.highest.map({ ($0, true) }) + top.lowest.map({ ($0, false) })
        {
          let change = function.printed(change: line.change(score: entry.score).value)
          #expect((change > 0) == isHelpful, "\(method), query \(query), row \(entry.row)")
          agree += 1
        }
      }
      #expect(agree > 20, "\(method)")
      #expect(
        ensemble.options.unit().contains(method == .trak ? "(estimated rise of" : "fall of"))
    }
  }

  @Test func `a bank is read once, and checked against the run and the designs asked for`() throws {
    let folder = try ScratchFolder()
    let influence = try RetrainingBankTests.trainedRun(in: folder)
    let path = RetrainingJob.path(influence.run)
    func named(_ designs: [SubsetDesign.Kind], _ count: inout Int) throws -> RetrainingBank {
      var reads = 0
      defer { count = reads }
      return try RetrainingBank.named("bank", of: influence, designs: designs) {
        reads += 1
        return try RetrainingBank($0)
      }
    }
    var reads = 0
    #expect(throws: EvaluationError.noBank(path: path, run: "points")) {
      try named([.random], &reads)
    }
    _ = try RetrainingJob(
      influence.run, data: influence.data,
      design: try SubsetDesign(subsets: 3, fraction: 0.5, seed: 0), seeds: 1
    ).run(to: path)
    #expect(try named([.random, .list], &reads).design.subsets == 3)
    #expect(reads == 1)
    let error = #expect(throws: EvaluationError.self) { try named([.removal], &reads) }
    #expect(error?.what == "the bank's design is random, and this needs removal")
    #expect(reads == 1)
  }
}
