import Gradients
import Influence
import Testing

@testable import Answers

/// What is said before long work, word for word.
@Suite("Estimates in words") struct EstimateTextTests {
  private func estimate(_ flops: Double, _ cheaper: [WorkEstimate.Alternative]) -> WorkEstimate {
    WorkEstimate(
      method: .trajectory, checkpoints: 2, usesFeatures: false, flops: flops,
      peakBytes: 12_800_000_000, alternatives: cheaper)
  }

  @Test("work of hours names what is cheaper")
  func hours() {
    // At 100 Gflop/s, of which 40 are reached: 8,820, 720 and 120 seconds.
    let text = EstimateText.sentence(
      estimate(
        3.528e14,
        [
          .init(change: .layers("classifier"), flops: 2.88e13),
          .init(change: .method(.graddot), flops: 4.8e12),
        ]), rate: 1e11)
    #expect(
      text == "about 2 h 27 min, 12.8 GB (trajectory over 2 checkpoints on the exact kernel); "
        + "cheaper: ‹layers: classifier› (12 min), ‹method: graddot› ‹checkpoints: final› (2 min)")
  }

  @Test("a minute is not announced; without anything cheaper none is named")
  func short() {
    #expect(EstimateText.sentence(estimate(2.39e12, []), rate: 1e11) == nil)
    #expect(
      EstimateText.sentence(estimate(4.8e12, []), rate: 1e11)
        == "about 2 min, 12.8 GB (trajectory over 2 checkpoints on the exact kernel)")
  }

  @Test(
    "times for reading",
    arguments: [
      (0.2, "1 s"), (59.4, "59 s"), (61, "1 min"), (3_600, "1 h"), (8_820, "2 h 27 min"),
      (260_000, "3 days"), (1e12, "more than 10,000 days"),
    ])
  func durations(seconds: Double, text: String) {
    #expect(EstimateText.duration(seconds) == text)
  }

  @Test("why scores are on features")
  func reasons() {
    #expect(KernelText.sentence(.affordable) == nil)
    #expect(KernelText.sentence(.asked) == nil)
    #expect(
      KernelText.sentence(.matrix(bytes: 5_000_000_000))
        == "on features: the exact kernel with its factor takes 5.0 GB (‹kernel: exact›)")
    #expect(
      KernelText.sentence(.dear(times: 640.7))
        == "on features: the exact kernel takes 640 times as many flops (‹kernel: exact›)")
  }
}
