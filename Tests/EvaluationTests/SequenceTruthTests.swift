import Datasets
import Foundation
import Influence
import Networks
import Tensors
import TestSupport
import Testing
import Training

@testable import Evaluation

/// Scores of language models against banks of them: the figures by plain loops, and the signs by
/// the losses that the retrained models have.
@Suite struct SequenceTruthTests {
  private let run: SequenceRun
  private let bank: RetrainingBank

  init() throws {
    run = try SequenceRun.shared.get()
    bank = try RetrainingBank(RetrainingJob.path(run.influence.run))
  }

  private func ensemble(
    _ method: Influence.Method, _ function: OutputFunction? = nil
  ) throws -> Ensemble {
    try run.influence.ensemble(
      ScoringRequest(method: method, outputFunction: function, checkpoints: .final))
  }

  /// Spearman's correlation, ranks by counting.
  private func spearman(_ x: [Double], _ y: [Double]) -> Double {
    func ranks(_ values: [Double]) -> [Double] {
      values.map { value in
        Double(values.count { $0 < value }) + (Double(values.count { $0 == value }) + 1) / 2
      }
    }
    let (a, b) = (ranks(x), ranks(y))
    let center = Double(x.count + 1) / 2
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for i in a.indices {
      ab += (a[i] - center) * (b[i] - center)
      aa += (a[i] - center) * (a[i] - center)
      bb += (b[i] - center) * (b[i] - center)
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
  }

  @Test(arguments: [Influence.Method.graddot, .trak], [nil, 4])
  func `the LDS of texts and of a token is that of a plain double loop over the bank`(
    method: Influence.Method, token: Int?
  ) throws {
    let ensemble = try ensemble(method)
    let queries = try EvaluationQueries(run.influence.data.test, token: token)
    let scores = try ensemble.scores(queries.data)
    let function = ensemble.options.outputFunction
    #expect(function == (method == .graddot ? .loss : .margin))
    let outputs = try bank.outputs(function, of: queries)
    let result = LinearDatamodelingScore(
      scores: scores, masks: bank.masks, outputs: outputs, resamples: 10)
    #expect(result.perQuery.count == 6)
    for query in 0..<6 {
      var (predicted, observed) = ([Double](), [Double]())
      for subset in 0..<24 {
        var sum = 0.0
        for i in 0..<24 where bank.masks[subset, i] == 1 { sum += Double(scores[query, i]) }
        predicted.append(sum)
        observed.append((0..<2).reduce(0.0) { $0 + Double(outputs[$1][subset, query]) } / 2)
      }
      #expect(
        abs(result.perQuery[query] - spearman(predicted, observed)) < 0.02,
        "\(method), token \(token ?? 0), query \(query)")
    }
    // Each text depends on those of its kind: the scores must say so.
    if token == nil { #expect(result.lds > 0.3, "\(method): \(result.perQuery)") }
  }

  @Test func `more texts of its kind lower a query's loss, calibrated changes have that sign`()
    throws
  {
    let losses = try bank.outputs(.loss, of: run.influence.data.test)
    for method in [Influence.Method.graddot, .trak] {
      let ensemble = try ensemble(method, .loss)
      let calibration = try Calibration(ensemble, bank: "bank", of: run.influence)
      #expect(calibration.correlation > 0.2, "\(method)")
      #expect(calibration.options.token == nil && calibration.queries.count == 7)
      let tops = try ensemble.top(run.influence.data.test, limit: 3)
      for (query, top) in tops.enumerated() {
        let best = try #require(top.highest.first)
        // −f = loss, mean over seeds: with the example against without.
        func loss(_ isIn: Bool) -> Double {
          let subsets = (0..<24).filter { (bank.masks[$0, best.row] == 1) == isIn }
          return subsets.reduce(0.0) {
            $0 - Double(losses[0][$1, query] + losses[1][$1, query]) / 2
          } / Double(subsets.count)
        }
        let line = try #require(calibration[run.influence.data.test.ids[query]])
        let change = OutputFunction.loss.printed(change: line.change(score: best.score).value)
        #expect(change > 0, "\(method), query \(query): removal raises the loss")
        #expect(loss(false) > loss(true), "\(method), query \(query)")
      }
    }
  }

  @Test func `a token has units of its own, found by its number and no other`() throws {
    let ensemble = try ensemble(.trak)
    let whole = try Calibration(ensemble, bank: "bank", of: run.influence)
    let token = try Calibration(ensemble, bank: "bank", of: run.influence, token: 9)
    #expect(token.options.token == 9 && token.options.fileName != whole.options.fileName)
    #expect(token.options.differences(from: whole.options) == ["token"])
    // Four texts have a token 9, and the mean is that of those.
    #expect(token.queries.map(\.id.description) == ["q0", "q1", "q4", "q5", "all"])
    let folder = try ScratchFolder()
    _ = try token.save(in: folder.path)
    guard
      case .matching(let found, _) = try Calibration.find(token.options, in: folder.path),
      case .other(_, let differences) = try Calibration.find(whole.options, in: folder.path)
    else {
      Issue.record("not found")
      return
    }
    #expect(found == token && differences == ["token"])
  }

  @Test(arguments: [nil, 9])
  func `scores fused with a bank of texts follow the bank, a token's those of the token`(
    token: Int?
  ) throws {
    let fused = try FusedScorer(try ensemble(.trak), bank: "bank", of: run.influence, token: token)
    let queries = try EvaluationQueries(run.influence.data.test, token: token)
    let scores = try fused.scores(rows: queries.rows)
    #expect(scores.rows == queries.rows.count && scores.columns == 24)
    // Its own kind helps a query most.
    for (place, row) in queries.rows.enumerated() {
      let own = SequenceRun.rows(ofKind: row).reduce(0.0) { $0 + Double(scores[place, $1]) } / 4
      let all = (0..<24).reduce(0.0) { $0 + Double(scores[place, $1]) } / 24
      #expect(own > all, "query \(row)")
    }
    // The same by the fusion itself.
    let plain = try ScoreFusion(
      scores: try ensemble(.trak).scores(queries.data), masks: bank.masks,
      outputs: try bank.meanOutputs(.margin, of: queries))
    let expected = try plain.fuse(
      scores: try ensemble(.trak).scores(queries.data),
      outputs: try bank.meanOutputs(.margin, of: queries))
    #expect(scores == expected)
    if token != nil {
      let error = diagnosed { _ = try fused.scores(rows: [3]) }
      #expect(error?.what.contains("q3 predicts its tokens 1 to 5") == true)
    }
  }

  @Test(arguments: [nil, 4])
  func `removing the texts that help a query raises its loss, more than removing random ones`(
    token: Int?
  ) throws {
    let folder = try ScratchFolder()
    let queries = try EvaluationQueries(run.influence.data.test, token: token, rows: [1])
    let scores = try ensemble(.trak).scores(queries.data).row(0)
    let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    let design = try SubsetDesign.removal(
      order: order, fractions: [1.0 / 6], draws: 2, queries: [1], ranking: .byHand)
    let bank = try run.job(design, seeds: 2).run(to: folder / "removal.h5")
    func curves(_ values: [[Double]]) throws -> RemovalCurves {
      try RemovalCurves(design: bank.design, values: values, file: bank.path)
    }
    let losses = try bank.meanTokenLosses(of: queries)
    let loss = try curves(losses)
    #expect(loss.curves[0].points[0].change.value > 0)
    #expect(try #require(loss.curves[0].points[0].againstRandom).value > 0)
    // By hand: the loss of the first seed's model of everything, a token's mean.
    let f = try bank.outputs(.loss, of: queries)[0][0, 0]
    #expect(abs(losses[0][0] + Double(f) / (token == nil ? 11 : 1)) < 1e-9)
    // Under its own name the loss is the loss: a fall of f is a rise of it.
    let output = try curves(
      bank.means(.loss, of: queries) { OutputFunction.loss.printed(change: Double($0)) })
    #expect(output.full > 0 && output.curves[0].points[0].change.value > 0)
    let margin = try curves(bank.means(.margin, of: queries) { Double($0) })
    #expect(margin.curves[0].points[0].change.value < 0)
  }

  @Test func `leaving out a text of a query's kind is correlated with its score`() throws {
    let folder = try ScratchFolder()
    let design = try SubsetDesign.leaveOneOut(rows: [0, 1, 6, 7], of: 24)
    let bank = try run.job(design, seeds: 1).run(to: folder / "loo.h5")
    let test = run.influence.data.test
    let scores = try ensemble(.trak).scores(test)
    let outputs = try bank.outputs(.margin, of: test)
    let found = try LeaveOneOutCorrelation(
      scores: scores, design: bank.design, outputs: outputs, file: bank.path, resamples: 5)
    // Query 0 by hand, ranks by counting.
    let truth = (1...4).map { Double(outputs[0][0, 0]) - Double(outputs[0][$0, 0]) }
    let predicted = [0, 1, 6, 7].map { Double(scores[0, $0]) }
    #expect(abs(found.spearman.perQuery[0] - spearman(predicted, truth)) < 1e-9)
    #expect(found.rows == [0, 1, 6, 7])
  }

  @Test func `a group's exact deletion and sum agree in sign with the losses of models without it`()
    throws
  {
    let folder = try ScratchFolder()
    let group = SequenceRun.rows(ofKind: 2)
    let all = Array(0..<24)
    let bank = try run.job(
      .list([all, all.filter { !group.contains($0) }], of: 24), seeds: 2
    ).run(to: folder / "list.h5")
    for token in [nil, 3] as [Int?] {
      let queries = try EvaluationQueries(run.influence.data.test, token: token, rows: [2])
      let found = try ensemble(.trak).groupInfluence(queries.data, of: group)
      let f = try bank.meanOutputs(.margin, of: queries)
      let fall = Double(f[0, 0] - f[1, 0])
      #expect(fall > 0, "token \(token ?? 0)")
      #expect(found.additive[0] > 0, "token \(token ?? 0)")
      #expect(try #require(found.exact?.first) > 0, "token \(token ?? 0)")
    }
  }

  @Test func `a text is flipped where most models lose it, a token where most predict another`()
    throws
  {
    let folder = try ScratchFolder()
    let group = SequenceRun.rows(ofKind: 0)
    let order = group + (0..<24).filter { !group.contains($0) }
    let design = try SubsetDesign.brittleness(
      orders: [(query: 0, order: order)], counts: [1, 4], draws: 1, of: 24, ranking: .byHand)
    let bank = try run.job(design, seeds: 2).run(to: folder / "brittle.h5")
    let test = run.influence.data.test
    let queries = try EvaluationQueries(test, rows: [0])
    let losses = try bank.outputs(.loss, of: queries).map { $0.columnValues[0].map { -$0 } }
    // A rise between that of the two removals tells them apart.
    let full = (losses[0][0] + losses[1][0]) / 2
    let rises = (0..<2).map { seed in losses[seed][2] / full - 1 }
    let rise = try #require(rises.min()) / 2
    #expect(rise > 0)
    let kept = try bank.predictions(of: queries, rise: rise)
    #expect(kept[0][0] == 1 && kept[4][0] == 0 && kept[5][0] == 0 && kept[0][1] == -1)
    let result = try Brittleness(design: bank.design, seeds: 2, file: bank.path) {
      kept[2 * $0 + $1]
    }
    #expect(result.queries[0].flips[1])
    let byRemoval = try bank.lossesByRemoval(of: queries)
    #expect(Set(byRemoval.keys) == [1, 4])
    let four = try #require(byRemoval[4])
    #expect(abs(four.top - (losses[0][2] + losses[1][2]) / 2 / 11) < 1e-6)
    #expect(abs(four.random - (losses[0][4] + losses[1][4]) / 2 / 11) < 1e-6)
    #expect(four.top > four.random)
    let tokens = try bank.predictions(
      of: EvaluationQueries(test, token: 3, rows: [0]), rise: rise)
    #expect(tokens.allSatisfy { $0[0] >= 0 && $0[1] == -1 })
  }
}
