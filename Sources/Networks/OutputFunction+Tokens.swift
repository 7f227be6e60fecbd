// Letters: B sequences, T positions, C tokens of the vocabulary.
import Tensors

/// What the outputs of a batch of sequences say of each target: f by several functions, and the
/// token that is predicted there.
package struct TokenOutputs: Sendable {
  /// f of each function in its order, B · T values in fp64; 0 where there is no target.
  package let values: [[Double]]
  /// The token of the largest output (the first of equal ones), B · T; -1 where there is no target.
  package let predicted: [Int32]

  /// Takes all of it in one pass over the outputs.
  ///
  /// - Parameters:
  ///   - logits: B × T × C.
  ///   - targets: the B sequences.
  /// - Precision: that of `OutputFunction.values`; a sequence's sum is its value to the bit.
  package init(_ functions: [OutputFunction], _ logits: Tensor, _ targets: TargetValues) {
    precondition(functions.allSatisfy { $0.accepts(targets) }, "\(functions) of these targets")
    let rows = logits.rowCount
    let found = Buffer<Double>(uninitialized: functions.count * rows)
    found.base.update(repeating: 0, count: found.count)
    let largest = Buffer<Int32>(uninitialized: rows)
    largest.base.update(repeating: -1, count: rows)
    LogitRow.forEach(logits, targets) { row in
      for (place, function) in functions.enumerated() {
        found.base[place * rows + row.index] = function.value(row)
      }
      largest.base[row.index] = Int32(row.largest(except: nil) ?? -1)
    }
    values = functions.indices.map {
      Array(UnsafeBufferPointer(start: found.base + $0 * rows, count: rows))
    }
    predicted = Array(UnsafeBufferPointer(start: largest.base, count: rows))
  }
}
