import Synchronization

/// Results of several workers, each in its place.
final class SharedResults<Value: Sendable>: Sendable {
  private let state: Mutex<[Value?]>

  init(count: Int) { state = Mutex([Value?](repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { state.withLock { $0[index] = value } }

  /// All that were set, in order.
  var values: [Value] { state.withLock { $0.compactMap { $0 } } }
}
