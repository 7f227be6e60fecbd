/// Hears of the examples whose gradients are made, within one long step.
///
/// Set around work for those who show progress; scores do not depend on it.
public enum GradientProgress {
  /// Called on the working thread with the examples of every block that went through a network;
  /// throwing stops the work.
  @TaskLocal public static var report: (@Sendable (Int) throws -> Void)?
}
