import Synchronization

/// Hears of the parts of kernels that are made, and may stop them.
///
/// Set around work for those who show progress; kernels do not depend on it.
public enum KernelProgress {
  /// Who hears of them, and what it threw.
  ///
  /// A closure itself as a task's value crashes optimised programs that set it (swiftlang/swift#88321).
  final class Listener: Sendable {
    let report: @Sendable (_ done: Int, _ total: Int) throws -> Void
    private let error = Mutex<(any Error)?>(nil)

    init(_ report: @escaping @Sendable (Int, Int) throws -> Void) { self.report = report }

    var isStopped: Bool { error.withLock { $0 != nil } }

    func tell(_ done: Int, of total: Int) {
      do { try report(done, total) } catch { self.error.withLock { $0 = $0 ?? error } }
    }

    func check() throws {
      if let error = error.withLock({ $0 }) { throw error }
    }
  }

  @TaskLocal private static var listener: Listener?

  /// Does work, with a listener to the kernels it makes.
  ///
  /// - Parameters:
  ///   - report: called by any worker, one at a time, with the examples (rows) of a kernel that are
  ///     done and all of it; after it threw, kernels are left unfinished, and `check` throws the error.
  ///   - work: what it hears of.
  public static func following<Result>(
    _ report: @escaping @Sendable (_ done: Int, _ total: Int) throws -> Void,
    _ work: () throws -> Result
  ) throws -> Result {
    try $listener.withValue(Listener(report), operation: work)
  }

  /// Throws what the listener threw while a kernel was made, which then means nothing.
  public static func check() throws { try listener?.check() }

  /// The meter of a kernel of some rows; nil when nobody hears of it.
  static func meter(of rows: Int) -> KernelMeter? { listener.map { KernelMeter(rows, $0) } }

  /// Makes a kernel of some rows from several others, which alone is told of.
  ///
  /// - Throws: what the listener and `make` throw.
  public static func whole<Result>(
    of rows: Int, _ make: (_ add: (_ share: Double) -> Void) throws -> Result
  ) throws -> Result {
    let meter = meter(of: rows)
    let made = try $listener.withValue(nil) { try make { meter?.add($0) } }
    try check()
    return made
  }
}

/// Sums the shares of a kernel's parts and tells of whole rows.
final class KernelMeter: Sendable {
  private let rows: Int
  private let listener: KernelProgress.Listener
  private let state = Mutex((share: 0.0, told: 0))

  fileprivate init(_ rows: Int, _ listener: KernelProgress.Listener) {
    (self.rows, self.listener) = (rows, listener)
  }

  /// Whether the rest is to be left undone.
  var isStopped: Bool { listener.isStopped }

  /// Adds the share of the whole that a part was.
  func add(_ share: Double) {
    state.withLock { state in
      state.share += share
      // Shares sum to 1 but for rounding.
      let done = min(rows, Int(state.share * Double(rows) + 1e-6))
      guard done > state.told else { return }
      state.told = done
      listener.tell(done, of: rows)
    }
  }
}
