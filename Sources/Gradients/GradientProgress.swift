/// Hears of the examples whose gradients are made, within one long step.
///
/// Set around work for those who show progress; scores do not depend on it.
public enum GradientProgress {
  /// Who hears of them.
  ///
  /// A closure itself as a task's value crashes optimised programs that set it (swiftlang/swift#88321).
  private struct Listener: Sendable {
    let report: @Sendable (Int) throws -> Void
  }

  @TaskLocal private static var listener: Listener?

  /// Does work, with a listener to the gradients it makes.
  ///
  /// - Parameters:
  ///   - report: called on the working thread with the examples of every block that went through a
  ///     network; throwing stops the work.
  ///   - work: what it hears of.
  public static func reporting<Result>(
    to report: @escaping @Sendable (Int) throws -> Void, _ work: () throws -> Result
  ) rethrows -> Result {
    try $listener.withValue(Listener(report: report), operation: work)
  }

  /// Tells the listener, if there is one, of examples that went through.
  static func add(_ examples: Int) throws { try listener?.report(examples) }
}
