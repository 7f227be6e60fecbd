import Datasets
import Foundation
import Influence
import Networks
import Randomness
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@testable import Evaluation

/// What banks of language models hold, and how they are made.
@Suite struct SequenceBankTests {
  private let run: SequenceRun

  init() throws { run = try SequenceRun.shared.get() }

  /// f of every target of one text from its logits T × C, in plain loops; by function.
  private func plain(
    _ z: (Int, Int) -> Double, _ tokens: [Int], width: Int
  ) -> [OutputFunction: [Double]] {
    var found: [OutputFunction: [Double]] = [:]
    for place in 0..<tokens.count - 1 {
      let y = tokens[place + 1]
      let others = (0..<width).filter { $0 != y }.map { z(place, $0) }
      let sum = others.reduce(0) { $0 + exp($1) }
      let own = z(place, y)
      found[.margin, default: []].append(own - log(sum))
      found[.hardMargin, default: []].append(own - (others.max() ?? 0))
      found[.logit, default: []].append(own)
      found[.logProbability, default: []].append(own - log(sum + exp(own)))
    }
    found[.loss] = found[.logProbability]
    return found
  }

  @Test
  func `a bank holds f of each text and of each of its tokens, as training on the subset gives`()
    throws
  {
    let bank = try RetrainingBank(RetrainingJob.path(run.influence.run))
    #expect(bank.keepsTokens == true && bank.logits(subset: 0, seed: 0).shape == [6, 0])
    let data = run.influence.data
    let network = try run.influence.run.network
    let rows = (0..<24).filter { bank.masks[3, $0] == 1 }
    #expect(rows.count == 12)
    // Model (subset 3, seed 1) again by hand.
    let state = try Trainer(
      network: network, configuration: try run.influence.run.configuration().training,
      data: data.train.subset(rows), seed: 1_000_007
    ).train()
    let logits = network.uncheckedOutputs(data.test.inputs, parameters: state.parameters)
    guard case .tokens(let tokens, let vocabulary) = data.test.targets else { throw Missing() }
    let (places, width) = (tokens.rowLength, vocabulary.count)
    for function in [OutputFunction.margin, .hardMargin, .logit, .logProbability, .loss] {
      let sums = try bank.outputs(function, of: data.test)[1].row(3)
      #expect(sums == function.values(logits, .tokens(tokens)), "\(function)")
      for (query, length) in SequenceRun.testLengths.enumerated() {
        let ids = (0..<length).map { Int(tokens[query * places + $0]) }
        let byToken = try #require(
          plain(
            { Double(logits[(query * places + $0) * width + $1]) }, ids, width: width)[function])
        #expect(abs(Double(sums[query]) - byToken.reduce(0, +)) < 1e-4, "\(function), \(query)")
        for token in 1..<length {
          let asked = try EvaluationQueries(data.test, token: token)
          let place = try #require(asked.rows.firstIndex(of: query))
          let value = try bank.outputs(function, of: asked)[1][3, place]
          #expect(abs(Double(value) - byToken[token - 1]) < 1e-5, "\(function), \(query), \(token)")
        }
      }
    }
    // The predicted token of the first text's second place.
    let asked = try EvaluationQueries(data.test, token: 2)
    let largest = (0..<width).max {
      (logits[width + $0], -$0) < (logits[width + $1], -$1)
    }
    #expect(try bank.predictions(of: asked, rise: 0.05)[3 * 2 + 1][0] == largest.map { Int32($0) })
  }

  private struct Missing: Error {}

  @Test func `stopped at any model and gone on with, a bank of texts has the same bytes`() throws {
    let folder = try ScratchFolder()
    let job = try run.job(SubsetDesign(subsets: 3, fraction: 0.5), seeds: 1)
    _ = try job.run(to: folder / "whole.h5")
    for stop in 1...2 {
      let calls = Atomic<Int>(0)
      let path = folder / "stopped-\(stop).h5"
      #expect(throws: TrainingError.self, "stop \(stop)") {
        // Twelve steps a model.
        _ = try job.run(
          to: path,
          isCancelled: { calls.wrappingAdd(1, ordering: .relaxed).newValue > stop * 12 + 3 })
      }
      #expect(!FileManager.default.fileExists(atPath: path), "stop \(stop)")
      _ = try job.run(to: path)
      #expect(try folder.bytes("stopped-\(stop).h5") == folder.bytes("whole.h5"), "stop \(stop)")
      #expect(!FileManager.default.fileExists(atPath: path + ".parts"), "stop \(stop)")
    }
  }

  @Test func `without outputs of tokens a bank is smaller, says so, and is another bank`() throws {
    let folder = try ScratchFolder()
    let design = try SubsetDesign(subsets: 2, fraction: 0.5)
    let path = folder / "bank.h5"
    let sums = try run.job(design, seeds: 1, keepsTokens: false).run(to: path)
    let whole = try run.job(design, seeds: 1).run(to: folder / "whole.h5")
    let test = run.influence.data.test
    #expect(sums.keepsTokens == false && whole.keepsTokens == true)
    #expect(try sums.outputs(.margin, of: test)[0] == whole.outputs(.margin, of: test)[0])
    let error = diagnosed {
      _ = try sums.outputs(.margin, of: EvaluationQueries(test, token: 1))
    }
    #expect(error as? EvaluationError == .noTokenOutputs(file: path))
    #expect(error?.what == "the bank keeps outputs of whole sequences, not of their tokens")
    #expect(error?.location == path && error?.exitCode == 3)
    #expect(error?.remedy == "make it again: ascribe retrain RUN ‹tokenOutputs› ‹overwrites›")
    #expect(mismatchedField { _ = try run.job(design, seeds: 1).run(to: path) } == "tokenOutputs")
    #expect(
      try run.job(design, seeds: 1).fingerprint().fields.suffix(2).map(\.name)
        == ["seeds", "tokenOutputs"])
  }

  @Test func `a bank that is too large for tokens keeps the sums unless told otherwise`() throws {
    let test = run.influence.data.test
    let targets = SequenceRun.testLengths.reduce(0) { $0 + $1 - 1 }
    #expect(try #require(test.targets.tokenCounts) == SequenceRun.testLengths.map { $0 - 1 })
    let most = RetrainingJob.tokenBytes / (20 * targets)
    let one = try SubsetDesign(subsets: 1, fraction: 0.5)
    #expect(try run.job(one, seeds: most).keepsTokens == true)
    #expect(try run.job(one, seeds: most + 1).keepsTokens == false)
    #expect(try run.job(one, seeds: most + 1, keepsTokens: true).keepsTokens == true)
  }

  @Test func `whole models keep all workers busy, what is left shares them, memory bounds both`() {
    func waves(_ count: Int, _ room: Int, _ workers: Int) -> [Range<Int>] {
      RetrainingJob.waves(of: count, room: room, workers: workers)
    }
    #expect(waves(7, 100, 2) == [0..<6, 6..<7])
    #expect(waves(6, 100, 2) == [0..<6])
    #expect(waves(1, 100, 2) == [0..<1])
    #expect(waves(0, 100, 2) == [])
    #expect(waves(7, 3, 4) == [0..<3, 3..<6, 6..<7])
    #expect(waves(2, 0, 2) == [0..<1, 1..<2])
  }

  @Test func `a byte flipped in the outputs of tokens is noticed where they are read`() throws {
    let folder = try ScratchFolder()
    let path = folder / "bank.h5"
    _ = try run.job(SubsetDesign(subsets: 2, fraction: 0.5), seeds: 1).run(to: path)
    let test = run.influence.data.test
    var bytes = try folder.bytes("bank.h5")
    // The last of the token datasets' own bytes: found by the values of the second model.
    let bank = try RetrainingBank(path)
    let value = try bank.outputs(.margin, of: EvaluationQueries(test, token: 5))[0][1, 0]
    let pattern = withUnsafeBytes(of: value) { Array($0) }
    let place = try #require(
      (0..<bytes.count - 3).first { Array(bytes[$0..<$0 + 4]) == pattern })
    bytes[place] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let damaged = try RetrainingBank(path)
    #expect(try damaged.outputs(.margin, of: test)[0] == bank.outputs(.margin, of: test)[0])
    #expect(
      diagnosed { _ = try damaged.outputs(.margin, of: EvaluationQueries(test, token: 5)) }?
        .exitCode == 4)
  }

  @Test func `queries of a token are those texts that predict it; others are refused by name`()
    throws
  {
    let test = run.influence.data.test
    let late = try EvaluationQueries(test, token: 9)
    #expect(late.rows == [0, 1, 4, 5] && late.targetCounts == [1, 1, 1, 1])
    #expect(
      late.remark
        == "4 of 6 test examples predict a token 9; the others are left out")
    #expect(try EvaluationQueries(test, token: 5).remark == nil)
    #expect(try EvaluationQueries(test).targetCounts == SequenceRun.testLengths.map { $0 - 1 })
    for (token, words) in [(12, "1 to 11"), (0, "1 to 11"), (-3, "1 to 11")] {
      let error = diagnosed { _ = try EvaluationQueries(test, token: token) }
      #expect(error?.what.contains(words) == true, "\(token)")
      #expect(error?.location == "‹token›")
    }
    let short = diagnosed { _ = try late.subset([0, 3]) }
    #expect(short?.what.contains("q3 predicts its tokens 1 to 5") == true)
    let folder = try ScratchFolder()
    let classes = try RetrainingBankTests.trainedRun(in: folder).data.test
    let error = diagnosed { _ = try EvaluationQueries(classes, token: 1) }
    #expect(error?.what.contains("no sequences of tokens") == true)
  }

  @Test func `shuffled labels of texts are tokens in other places, as many of each and as long`()
    throws
  {
    let train = run.influence.data.train
    let made = ShuffledLabelTraining(
      run.influence, checkpoints: run.influence.run.finalCheckpoints)
    guard case .tokens(let before, _) = train.targets,
      case .tokens(let after, _) = made.data.targets
    else { throw Missing() }
    #expect(made.data.inputs == train.inputs && made.data.ids == train.ids)
    #expect(before.elements != after.elements)
    #expect(before.elements.sorted() == after.elements.sorted())
    let width = before.rowLength
    for i in 0..<before.count {
      #expect((before[i] < 0) == (after[i] < 0))
      if i % width == 0 { #expect(before[i] == after[i]) }
    }
    #expect(try made.fingerprint()["train"]?.contains(", targets ") == true)
  }
}
