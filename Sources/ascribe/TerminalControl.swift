import Synchronization
import Tensors

extension JobControl {
  /// Notes on standard error, bars for stages, and Ctrl-C.
  static let terminal = JobControl(
    note: { Console.line(FlagText.named(in: $0)) },
    progress: { StageBars.shared.show($0) },
    isCancelled: { Interruption.isRequested },
    expected: { duration in Progress.expected.withLock { $0 = duration } })
}

/// A bar for each stage of a job.
private final class StageBars: Sendable {
  static let shared = StageBars()
  private let bars = Mutex<[Int: Progress]>([:])

  func show(_ progress: JobProgress) {
    let bar = bars.withLock { bars in
      if let bar = bars[progress.stage] { return bar }
      let bar = Progress(progress.title, unit: progress.unit)
      bars[progress.stage] = bar
      return bar
    }
    bar.update(progress.done, of: progress.total)
  }
}
