import Gradients
import Synchronization

/// Shows how far gradients and kernels are, while nothing else tells of progress.
final class GradientMeter: Sendable {
  private struct State {
    /// All gradients so far.
    var examples = 0
    var shown = ContinuousClock.now
    /// The pass that runs, and what of it was done when it was first heard of.
    var pass: GradientProgress.Step?
    var first = (done: 0, time: ContinuousClock.now)
  }

  private let start = ContinuousClock.now
  private let state = Mutex(State())
  /// Quiet time after which the line is shown again.
  private static var interval: Duration { Console.isTerminal ? .seconds(1) : .seconds(30) }

  /// Takes a block of gradients, or a part of a kernel.
  ///
  /// - Throws: `JobCancelled` after Ctrl-C: gradients of large networks take minutes.
  func add(_ step: GradientProgress.Step) throws {
    try Interruption.check()
    let now = ContinuousClock.now
    let text = state.withLock { state -> String? in
      if step.work == .gradients { state.examples += step.added }
      let last = state.pass
      if last?.work != step.work || last?.total != step.total || step.done <= last?.done ?? 0 {
        state.first = (step.done, now)
      }
      state.pass = step
      guard now - state.shown >= GradientMeter.interval,
        Progress.isQuiet(for: GradientMeter.interval, at: now)
      else { return nil }
      state.shown = now
      return GradientMeter.text(
        step, since: state.first.done, seconds: (now - state.first.time) / .seconds(1),
        examples: state.examples, allSeconds: (now - start) / .seconds(1))
    }
    if let text { Progress.show(text) }
  }

  /// The line: of a pass in several blocks how far it is, of others all gradients so far.
  static func text(
    _ step: GradientProgress.Step, since begun: Int, seconds: Double, examples: Int,
    allSeconds: Double
  ) -> String {
    guard step.work == .kernel || step.added < step.total else {
      return "gradients of \(examples) examples  "
        + Progress.rate(Double(examples) / allSeconds, "examples")
    }
    return Progress.text(
      step.work == .kernel ? "kernel" : "gradients", unit: "examples", done: step.done,
      of: step.total, since: begun, seconds: seconds)
  }
}
