import Synchronization

/// One stage of a job: counts units of work.
public struct JobStage: Sendable {
  let title, unit: String
  let number: Int
  let report: @Sendable (JobProgress) -> Void

  private static let count = Atomic<Int>(0)

  static func next() -> Int { count.add(1, ordering: .relaxed).newValue }

  /// Says how many of how many units are done.
  public func update(_ done: Int, of total: Int) {
    report(JobProgress(title: title, unit: unit, done: done, total: total, stage: number))
  }
}
