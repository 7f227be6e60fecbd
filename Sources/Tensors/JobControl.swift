/// Where long work reports to, and where it asks whether to go on: one kind for every job.
///
/// A job that is given none works in silence to its end.
public struct JobControl: Sendable {
  private let say: @Sendable (String) -> Void
  private let show: @Sendable (JobProgress) -> Void
  private let stopped: @Sendable () -> Bool
  private let awaited: @Sendable (String) -> Void

  /// Silence, to the end.
  public static let silent = JobControl()

  /// - Parameters:
  ///   - note: takes a line about a choice, a file or a warning.
  ///   - progress: takes how far a stage is; may be called from any thread, often.
  ///   - isCancelled: whether the work is to stop; asked between steps.
  ///   - expected: takes how long the work will take, in words, before any rate is known.
  public init(
    note: @escaping @Sendable (String) -> Void = { _ in },
    progress: @escaping @Sendable (JobProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false },
    expected: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    (say, show, stopped, awaited) = (note, progress, isCancelled, expected)
  }

  /// Says a line.
  public func note(_ text: String) { say(text) }

  /// Says how long the work will take, in words.
  public func expect(_ duration: String) { awaited(duration) }

  /// Whether the work is to stop.
  public var isCancelled: Bool { stopped() }

  /// - Parameter isResumable: whether the same job goes on from what was finished.
  /// - Throws: `JobCancelled` when the work is to stop.
  public func check(isResumable: Bool = false) throws(JobCancelled) {
    if isCancelled { throw JobCancelled(isResumable: isResumable) }
  }

  /// Work of a known number of units that begins now.
  public func stage(_ title: String, unit: String) -> JobStage {
    JobStage(title: title, unit: unit, number: JobStage.next(), report: show)
  }
}

/// How far a stage of a job is.
public struct JobProgress: Sendable, Equatable {
  /// What is done, such as `collecting`.
  public let title: String
  /// What is counted, such as `rows`.
  public let unit: String
  /// Units done, and in all.
  public let done, total: Int
  /// Different for every stage of a process.
  public let stage: Int
}

/// Thrown by a job that was told to stop.
public struct JobCancelled: Error, Equatable {
  /// Whether the same job goes on from what was finished.
  public let isResumable: Bool

  /// - Parameter isResumable: whether the same job goes on from what was finished.
  public init(isResumable: Bool = false) { self.isResumable = isResumable }
}
