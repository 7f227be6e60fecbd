import Gradients
import Influence
import Testing

@testable import ascribe

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
        + "cheaper: --layers classifier (12 min), --method graddot --checkpoints final (2 min)")
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
        == "on features: the exact kernel with its factor takes 5.0 GB (--kernel exact)")
    #expect(
      KernelText.sentence(.dear(times: 640.7))
        == "on features: the exact kernel takes 640 times as many flops (--kernel exact)")
  }

  @Test("no time left is told before a rate is known, nor at the end")
  func progress() {
    func text(_ done: Int, since begun: Int = 0, _ seconds: Double) -> String {
      Progress.text("collecting", unit: "rows", done: done, of: 500, since: begun, seconds: seconds)
    }
    #expect(text(0, 150) == "collecting 0 %  0/500 rows")
    #expect(text(100, since: 100, 3) == "collecting 20 %  100/500 rows")
    #expect(text(100, 2) == "collecting 20 %  100/500 rows  50 rows/s  8 s left")
    #expect(text(1, 4) == "collecting 0 %  1/500 rows  0.25 rows/s  1996 s left")
    #expect(text(499, 5) == "collecting 99 %  499/500 rows  100 rows/s  1 s left")
    #expect(text(500, 5) == "collecting 100 %  500/500 rows  100 rows/s")
  }

  @Test("until a rate is known the bar says what was estimated")
  func expected() {
    func text(_ done: Int, _ seconds: Double) -> String {
      Progress.text(
        "collecting", unit: "rows", done: done, of: 500, since: 0, seconds: seconds,
        expected: "17 min")
    }
    #expect(text(0, 150) == "collecting 0 %  0/500 rows  about 17 min in all")
    #expect(text(100, 2) == "collecting 20 %  100/500 rows  50 rows/s  8 s left")
  }

  @Test("gradients in several blocks and kernels say how far they are, others how many there were")
  func gradients() {
    func text(_ step: GradientProgress.Step, since begun: Int, _ seconds: Double) -> String {
      GradientMeter.text(step, since: begun, seconds: seconds, examples: 1_536, allSeconds: 40)
    }
    #expect(
      text(.init(work: .gradients, added: 32, done: 32, total: 32), since: 32, 0)
        == "gradients of 1536 examples  38 examples/s")
    #expect(
      text(.init(work: .gradients, added: 32, done: 32, total: 500), since: 32, 0)
        == "gradients 6 %  32/500 examples")
    #expect(
      text(.init(work: .gradients, added: 32, done: 132, total: 500), since: 32, 50)
        == "gradients 26 %  132/500 examples  2 examples/s  184 s left")
    #expect(
      text(.init(work: .kernel, added: 0, done: 250, total: 500), since: 50, 20)
        == "kernel 50 %  250/500 examples  10 examples/s  25 s left")
  }
}
