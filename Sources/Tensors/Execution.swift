import Foundation

/// How many workers, and how large blocks, the work below a call may take.
///
/// The setting belongs to the task that makes it and to the slices of work that it hands out: other
/// tasks, such as another request or another test, keep theirs.
///
///     try Execution.with(workers: 2, memory: 256 << 20) { try job.run() }
public struct Execution: Sendable, Equatable {
  /// How many slices run at the same time.
  public let workers: Int
  /// Bytes that a block of examples may take; see `Memory.blockBytes`.
  public let blockBytes: Int
  /// Whether the calling code is a slice of work that keeps all workers busy already.
  let isBusy: Bool

  /// What holds without a setting: `ASCRIBE_THREADS` workers, else one for each core, and blocks of
  /// `Memory.standardBlockBytes`.
  public static let standard = Execution(
    workers: standardWorkers(), blockBytes: Memory.standardBlockBytes, isBusy: false)

  @TaskLocal private static var setting: Execution?

  /// What holds here.
  public static var current: Execution { setting ?? standard }

  /// Does some work with other settings than those that hold here; nil leaves one as it is.
  ///
  /// - Parameters:
  ///   - workers: how many slices run at the same time, at least 1; results do not depend on it.
  ///   - memory: bytes that a block of examples may take, at least 1; results change by rounding.
  public static func with<Result>(
    workers: Int? = nil, memory: Int? = nil, _ body: () throws -> Result
  ) rethrows -> Result {
    precondition((workers ?? 1) >= 1 && (memory ?? 1) >= 1, "\(workers ?? 1), \(memory ?? 1)")
    let current = current
    let setting = Execution(
      workers: workers ?? current.workers, blockBytes: memory ?? current.blockBytes,
      isBusy: current.isBusy)
    return try $setting.withValue(setting) { try body() }
  }

  /// Does a slice of work under the settings of the code that hands it out.
  func inSlice(isBusy: Bool, _ body: () -> Void) {
    let setting = Execution(workers: workers, blockBytes: blockBytes, isBusy: isBusy)
    Execution.$setting.withValue(setting) { body() }
  }

  private static func standardWorkers() -> Int {
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    guard let text = ProcessInfo.processInfo.environment["ASCRIBE_THREADS"],
      let count = Int(text), count >= 1, count <= 1024
    else { return cores }
    return count
  }
}
