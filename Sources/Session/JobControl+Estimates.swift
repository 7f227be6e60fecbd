import Answers
import Influence
import Tensors

extension JobControl {
  /// Says what a scoring will take when it will take over a minute; until they know a rate, bars
  /// show the same time.
  func announce(_ estimate: WorkEstimate?) {
    guard let estimate else { return }
    announce(EstimateText.announcement(estimate), flops: estimate.flops)
  }

  /// Says what other work will take, likewise.
  func announce(_ title: String, flops: Double, peakBytes: Int) {
    announce(
      EstimateText.announcement(title, flops: flops, peakBytes: peakBytes), flops: flops)
  }

  private func announce(_ text: String?, flops: Double) {
    guard let text else { return }
    note(text)
    expect(EstimateText.expected(flops: flops))
  }
}
