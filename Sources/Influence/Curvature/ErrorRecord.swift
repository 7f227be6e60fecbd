import Synchronization

/// The largest error seen in answering.
final class ErrorRecord: Sendable {
  private let worst = Mutex<Double?>(nil)

  /// Takes an error.
  func add(_ error: Double) { worst.withLock { $0 = max($0 ?? 0, error) } }

  /// The largest so far; nil before the first answer.
  var share: Double? { worst.withLock { $0 } }
}
