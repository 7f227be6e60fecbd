// Letters: n training examples, S signals.
import Networks
import Tensors

/// Where the signals of n examples go: S × n values, a row a signal.
struct SignalRows: Sendable {
  /// The signals in the order of the rows.
  let signals: [ExampleSignal]
  private let values: Buffer<Float>
  private let count: Int

  /// Rows in given memory.
  ///
  /// - Parameter values: S · n values.
  init(_ signals: [ExampleSignal], of count: Int, in values: Buffer<Float>) {
    precondition(
      values.count == signals.count * count,
      "\(values.count) values of \(signals.count) × \(count)")
    (self.signals, self.values, self.count) = (signals, values, count)
  }

  /// The n values of a signal; nil when it has no row here.
  func row(of signal: ExampleSignal) -> UnsafeMutablePointer<Float>? {
    signals.firstIndex(of: signal).map { values.base + $0 * count }
  }

  /// The n values of a signal, copied; none when it has no row here.
  func values(of signal: ExampleSignal) -> [Float] {
    row(of: signal).map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
  }

  /// Writes what an example's outputs say; other signals stay as they are.
  func write(_ found: OutputSignals, example: Int) {
    for signal in signals {
      if let value = found[signal], let row = row(of: signal) { row[example] = value }
    }
  }
}
