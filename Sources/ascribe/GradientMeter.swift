import Synchronization

/// Shows how many examples' gradients were made, while nothing else tells of progress.
final class GradientMeter: Sendable {
  private struct State {
    var examples = 0
    var shown = ContinuousClock.now
  }

  private let start = ContinuousClock.now
  private let state = Mutex(State())
  /// Quiet time after which the line is shown again.
  private static var interval: Duration { Console.isTerminal ? .seconds(1) : .seconds(30) }

  /// Counts a block.
  ///
  /// - Throws: `JobCancelled` after Ctrl-C: gradients of large networks take minutes.
  func add(_ examples: Int) throws {
    try Interruption.check()
    let now = ContinuousClock.now
    let shown = state.withLock { state -> Int? in
      state.examples += examples
      guard now - state.shown >= GradientMeter.interval,
        Progress.isQuiet(for: GradientMeter.interval, at: now)
      else { return nil }
      state.shown = now
      return state.examples
    }
    guard let shown else { return }
    Progress.show(GradientMeter.text(examples: shown, seconds: (now - start) / .seconds(1)))
  }

  /// The line.
  static func text(examples: Int, seconds: Double) -> String {
    "gradients of \(examples) examples  " + Progress.rate(Double(examples) / seconds, "examples")
  }
}
