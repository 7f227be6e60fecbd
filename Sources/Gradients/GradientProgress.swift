import Factors

/// Hears of the gradients and kernels that are made, within one long step.
///
/// Set around work for those who show progress; scores do not depend on it.
public enum GradientProgress {
  /// What was done since the last report.
  public struct Step: Sendable, Equatable {
    /// The kind of work.
    public enum Work: Sendable, Equatable {
      /// Examples go through a network.
      case gradients
      /// Examples meet others in a kernel.
      case kernel
    }

    /// The kind of work.
    public let work: Work
    /// Examples of this block; 0 of kernels.
    public let added: Int
    /// Examples that are done, and all, of this pass.
    public let done, total: Int

    /// A report.
    public init(work: Work, added: Int, done: Int, total: Int) {
      (self.work, self.added, self.done, self.total) = (work, added, done, total)
    }
  }

  /// Who hears of them.
  ///
  /// A closure itself as a task's value crashes optimised programs that set it (swiftlang/swift#88321).
  private struct Listener: Sendable {
    let report: @Sendable (Step) throws -> Void
  }

  @TaskLocal private static var listener: Listener?

  /// Does work, with a listener to the gradients and kernels it makes.
  ///
  /// - Parameters:
  ///   - report: called with every block that went through a network, and with every part of a
  ///     kernel, by any worker; throwing stops the work.
  ///   - work: what it hears of.
  public static func reporting<Result>(
    to report: @escaping @Sendable (Step) throws -> Void, _ work: () throws -> Result
  ) throws -> Result {
    try $listener.withValue(Listener(report: report)) {
      try KernelProgress.following(
        { done, total in
          try report(Step(work: .kernel, added: 0, done: done, total: total))
        }, work)
    }
  }

  /// Tells the listener, if there is one, of examples that went through: `range` of those in `all`.
  static func add(_ range: Range<Int>, of all: Range<Int>) throws {
    try listener?.report(
      Step(
        work: .gradients, added: range.count, done: range.upperBound - all.lowerBound,
        total: all.count))
  }
}
