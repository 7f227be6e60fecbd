import CKernels
import Foundation
import Testing

@testable import Tensors

private func values(_ count: Int, seed: UInt64) -> [Float] {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-28
  }
}

private let widths = [1, 2, 3, 9, 10, 15, 16, 17, 31, 33, 48, 49, 63, 64, 65, 100, 257]

@Test("Softmax of equal logits is uniform, of one logit 1")
func softmaxByHand() {
  #expect(Tensor([3, 3, 3, 3], shape: [1, 4]).softmax().elements == [0.25, 0.25, 0.25, 0.25])
  #expect(Tensor([-7, 9], shape: [2, 1]).softmax().elements == [1, 1])
  #expect(Tensor([1_000, 0], shape: [2]).softmax().elements == [1, 0])
}

@Test("Softmax and log-sum-exp agree with a double loop", arguments: widths, [4, 0] as [Int32])
func rowsAgainstDouble(columns: Int, level: Int32) {
  ascribe_limit_kernel_level(level)
  defer { ascribe_limit_kernel_level(4) }
  let rows = 37
  let x = Tensor(values(rows * columns, seed: UInt64(columns)), shape: [rows, columns])
  let softmax = x.softmax()
  let logSums = x.logSumExp()
  #expect(softmax.shape == [rows, columns] && logSums.shape == [rows])
  for r in 0..<rows {
    let row = (0..<columns).map { Double(x[r, $0]) }
    let highest = row.max() ?? 0
    let sum = row.reduce(0) { $0 + exp($1 - highest) }
    #expect(abs(Double(logSums[r]) - highest - log(sum)) <= 2e-6 * max(1, abs(highest)))
    for c in 0..<columns {
      let expected = exp(row[c] - highest) / sum
      #expect(abs(Double(softmax[r, c]) - expected) <= 2e-6 * expected + 1e-37)
    }
  }
}

@Test("A row's softmax is the same alone, in any company, and in place", arguments: widths)
func rowsAlone(columns: Int) {
  let rows = 67
  let x = Tensor(values(rows * columns, seed: 5), shape: [rows, columns])
  let softmax = x.softmax()
  let logSums = x.logSumExp()
  for r in 0..<rows {
    let row = x.prefixSlice(r..<r + 1)
    #expect(row.softmax().elements == softmax.row(r), "row \(r)")
    #expect(row.logSumExp().elements == [logSums[r]], "row \(r)")
  }
  let own = Tensor(x.elements, shape: x.shape)
  VectorMath.softmaxRows(own.storage.base, into: own.storage.base, rows: rows, columns: columns)
  #expect(own == softmax)
}

@Test("Infinities and NaN in a row stay in that row", arguments: [4, 20, 60])
func specialRows(columns: Int) {
  let inf = Float.infinity
  var x = Tensor(repeating: -inf, shape: [5, columns])
  x[0, 1] = 2  // the others −∞: a masked row
  x[2, 0] = .nan
  x[3, 0] = inf
  x[4, 3] = -1
  let softmax = x.softmax()
  let logSums = x.logSumExp()
  #expect(softmax[0, 1] == 1 && softmax[0, 0] == 0 && softmax[4, 3] == 1)
  #expect(logSums[0] == 2 && logSums[1] == -inf && logSums[3] == inf && logSums[4] == -1)
  #expect(logSums[2].isNaN && softmax[2, 1].isNaN && softmax[1, 0].isNaN)
}

@Test("Bias rows, column sums and row norms agree with plain loops", arguments: widths)
func columnsAgainstDouble(columns: Int) {
  for rows in [0, 1, 5, 300] {
    let x = Tensor(values(rows * columns, seed: 8), shape: [rows, columns])
    var sums = Tensor(repeating: 1, shape: [columns])
    var biased = x
    let row = Tensor(values(columns, seed: 9), shape: [columns])
    sums.withUnsafeMutablePointer {
      VectorMath.columnSums(x.storage.base, rows: rows, columns: columns, onto: $0)
    }
    let fresh = Tensor(uninitialized: [columns])
    VectorMath.columnSums(x.storage.base, rows: rows, columns: columns, into: fresh.storage.base)
    let norms = Tensor(uninitialized: [rows])
    VectorMath.rowSquaredNorms(
      x.storage.base, into: norms.storage.base, rows: rows, columns: columns)
    biased.withUnsafeMutablePointer {
      VectorMath.addRow(row.storage.base, toRowsOf: $0, rows: rows, columns: columns)
    }
    for c in 0..<columns {
      let column = (0..<rows).map { Double(x[$0, c]) }
      let size = column.reduce(0) { $0 + abs($1) }
      #expect(abs(Double(fresh[c]) - column.reduce(0, +)) <= 300 * 0x1p-24 * size)
      #expect(sums[c] == 1 + fresh[c])
    }
    for r in 0..<rows {
      let expected = (0..<columns).reduce(0.0) { $0 + Double(x[r, $1]) * Double(x[r, $1]) }
      #expect(abs(Double(norms[r]) - expected) <= 16 * 0x1p-24 * expected)
      #expect((0..<columns).allSatisfy { biased[r, $0] == x[r, $0] + row[$0] })
    }
  }
}

extension Tensor {
  fileprivate func row(_ r: Int) -> [Float] { prefixSlice(r..<r + 1).elements }
}
