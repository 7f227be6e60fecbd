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
  func write(_ row: OutputSignals.Row, example: Int) {
    for (place, signal) in signals.enumerated() {
      guard let value = row[signal] else { continue }
      values.base[place * count + example] = value
    }
  }
}

extension OutputSignals.Row {
  /// A signal of the outputs; nil for that of the parameters.
  subscript(signal: ExampleSignal) -> Float? {
    switch signal {
    case .loss: Float(loss)
    case .margin: Float(margin)
    case .probability: Float(probability)
    case .correct: isCorrect ? 1 : 0
    case .el2n: Float(el2n)
    case .gradientNorm: nil
    }
  }
}
