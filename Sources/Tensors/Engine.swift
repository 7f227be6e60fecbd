/// The engine as it signs what it writes.
public enum Engine {
  /// Recorded in checkpoints, runs and stores.
  public static let version = "0.2.1"
}
