// Letters: n training examples, S signals.
import Networks
import Tensors

/// The signals of all training examples in one epoch, S × n.
public struct EpochSignals: Sendable {
  /// Which signals, in the order of the rows.
  public let signals: [ExampleSignal]
  /// S × n; NaN where the epoch has not been yet.
  public internal(set) var values: Tensor

  /// Room for an epoch of `count` examples.
  init(loss: Loss, count: Int) {
    signals = ExampleSignal.signals(of: loss)
    values = Tensor(repeating: .nan, shape: [signals.count, count])
  }

  /// Signals that were kept.
  init(loss: Loss, values: Tensor) {
    signals = ExampleSignal.signals(of: loss)
    precondition(values.shape.count == 2 && values.shape[0] == signals.count, "\(values.shape)")
    self.values = values
  }

  /// The values by signal; whoever holds them may write them.
  var rows: SignalRows {
    SignalRows(signals, of: values.rowLength, in: values.storage)
  }

  /// One signal of all examples, n values; nil when the loss does not have it.
  public subscript(signal: ExampleSignal) -> [Float]? {
    signals.contains(signal) ? rows.values(of: signal) : nil
  }

  /// The mean of a signal over all examples, in fp64; nil when the loss does not have it.
  public func mean(_ signal: ExampleSignal) -> Double? {
    let n = values.rowLength
    guard n > 0, let row = rows.row(of: signal) else { return nil }
    return VectorMath.doubleSum(row, count: n) / Double(n)
  }
}
