import Components
import Datasets
import TestSupport
import Tensors
import Testing

/// Where the weights are written by hand, what each head does is known before anything is asked.
@Suite("Written induction")
struct WrittenInductionTests {
  @Test(
    "Without each head alone, outputs are what the construction says", arguments: [(0, 3), (2, 1)])
  func alone(previous: Int, induction: Int) throws {
    let written = WrittenInduction(
      previous: previous, induction: induction, queries: RecallTask.sequences(16, index: 1))
    let sample = written.sample
    let (back, answering) = (
      sample.place(layer: 0, head: previous), sample.place(layer: 1, head: induction)
    )
    #expect(try sample.without([]).accuracy == 1)
    #expect(try sample.without([answering]).accuracy < 0.3, "every token is as likely")
    let estimate = try ComponentMethod.loo.estimator.estimate(
      try sample.study(in: try ScratchFolder()))
    for row in 0..<sample.queries.count {
      let known = written.known(row: row)
      for place in 0..<estimate.scores.columns {
        let truth =
          switch place {
          case back: known.whole - known.withoutPrevious
          case answering: known.whole - known.withoutInduction
          default: 0.0
          }
        let found = Double(estimate.scores[row, place])
        #expect(abs(found - truth) < 1e-4, "query \(row), head \(place): \(found), not \(truth)")
      }
    }
  }

  /// A mask takes another head with a chance of 1/20 each: without one of the two the other does
  /// nothing, so that τ is a twentieth less than what each does alone, and 16 masks say that to a
  /// sixteenth.
  @Test(
    "The default says so from any masks, with errors that hold it", arguments: [0, 0.05] as [Float])
  func byDefault(noise: Float) throws {
    let sample = WrittenInduction(
      previous: 2, induction: 1, queries: RecallTask.sequences(8, index: 1), noise: noise
    ).sample
    let heads = [sample.place(layer: 0, head: 2), sample.place(layer: 1, head: 1)]
    let folder = try ScratchFolder()
    let alone = try ComponentMethod.loo.estimator.estimate(try sample.study(in: folder)).weights
    for seed in 0..<3 as Range<UInt64> {
      let estimate = try ComponentMethod.expected.estimator.estimate(
        try sample.study(in: folder, seed: seed))
      let (weights, errors) = (estimate.weights, try #require(estimate.errors))
      let matter = DiscoveredComponents.found(weights, errors: errors)
      for (place, weight) in weights.enumerated() {
        guard heads.contains(place) else {
          #expect(abs(weight) < 0.05, "seed \(seed), head \(place): \(weight)")
          continue
        }
        #expect(
          abs(weight - alone[place]) < (1.0 / 20 + 1.0 / 16) * alone[place],
          "seed \(seed), head \(place): \(weight), alone \(alone[place])")
        #expect(abs(weight - alone[place] * 19 / 20) < 2 * errors[place] + 0.05 * alone[place])
        #expect(matter[place], "seed \(seed), head \(place): \(weight) ± \(errors[place])")
      }
    }
  }

  /// Both softmaxes are saturated: an infinitesimal change of a head changes nothing.
  @Test("Gradients at the whole network miss both heads")
  func gradients() throws {
    let sample = WrittenInduction(
      previous: 2, induction: 1, queries: RecallTask.sequences(8, index: 1)
    ).sample
    let folder = try ScratchFolder()
    let alone = try ComponentMethod.loo.estimator.estimate(try sample.study(in: folder)).weights
    let slopes = try ComponentMethod.atp.estimator.estimate(try sample.study(in: folder)).weights
    for head in [sample.place(layer: 0, head: 2), sample.place(layer: 1, head: 1)] {
      #expect(alone[head] > 5 && abs(slopes[head]) < 0.01 * alone[head], "\(slopes)")
    }
  }
}
