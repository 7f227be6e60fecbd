import CKernels
import Testing

@testable import Tensors

private func ramp(_ count: Int, scale: Float = 0.37) -> Tensor {
  Tensor((0..<count).map { Float(($0 * 7_919) % 1_009 - 504) * scale }, shape: [count])
}

@Test("The sum of one to a hundred is 5,050 in every form")
func sumByHand() {
  let x = Tensor((1...100).map(Float.init), shape: [100])
  #expect(x.sum() == 5_050)
  #expect(VectorMath.sum(x.storage.base, count: 100) == 5_050)
}

@Test("Reductions agree with double loops at every length", arguments: [4, 3, 0] as [Int32])
func reductionsAgainstDouble(level: Int32) {
  ascribe_limit_kernel_level(level)
  defer { ascribe_limit_kernel_level(4) }
  for count in Array(0...100) + [1_000] {
    let x = ramp(count)
    let y = ramp(count, scale: -0.11)
    let (px, py) = (x.storage.base, y.storage.base)
    let pairs = zip(x.elements, y.elements).map { (Double($0), Double($1)) }
    let sum = pairs.reduce(0) { $0 + $1.0 }
    let dot = pairs.reduce(0) { $0 + $1.0 * $1.1 }
    let norm = pairs.reduce(0) { $0 + $1.0 * $1.0 }
    let error = Double(count / 32 + 6) * 0x1p-24
    let size = pairs.reduce(0) { $0 + abs($1.0) }
    let dotSize = pairs.reduce(0) { $0 + abs($1.0 * $1.1) }
    #expect(abs(Double(VectorMath.sum(px, count: count)) - sum) <= error * size)
    #expect(abs(Double(VectorMath.dot(px, py, count: count)) - dot) <= error * dotSize)
    #expect(abs(Double(VectorMath.squaredNorm(px, count: count)) - norm) <= error * norm)
    #expect(abs(VectorMath.doubleSum(px, count: count) - sum) <= 1e-13 * size)
    #expect(abs(VectorMath.doubleDot(px, py, count: count) - dot) <= 1e-13 * dotSize)
    #expect(abs(VectorMath.doubleSquaredNorm(px, count: count) - norm) <= 1e-13 * norm)
  }
}

@Test("Double reductions have the same bits on every processor, float ones on AVX2 and AVX-512")
func reductionBits() {
  let x = ramp(4_099)
  let y = ramp(4_099, scale: 0.013)
  let (px, py) = (x.storage.base, y.storage.base)
  func doubles() -> [UInt64] {
    [VectorMath.doubleSum(px, count: 4_099), VectorMath.doubleDot(px, py, count: 4_099)]
      .map(\.bitPattern)
  }
  func floats() -> [UInt32] {
    [VectorMath.sum(px, count: 4_099), VectorMath.dot(px, py, count: 4_099)].map(\.bitPattern)
  }
  let (wide, wideFloats) = (doubles(), floats())
  ascribe_limit_kernel_level(3)
  #expect(doubles() == wide && floats() == wideFloats)
  ascribe_limit_kernel_level(0)
  #expect(doubles() == wide)
  ascribe_limit_kernel_level(4)
}

@Test("Arithmetic by hand, in place too")
func arithmeticByHand() {
  let a = Tensor([1, -2, 3], shape: [3])
  let b = Tensor([0.5, 4, -1], shape: [3])
  #expect((a + b).elements == [1.5, 2, 2])
  #expect((a - b).elements == [0.5, -6, 4])
  #expect((a * b).elements == [0.5, -8, -3])
  #expect(a.scaled(by: -2).elements == [-2, 4, -6])
  var c = a
  c.add(scaled: b, by: 2)
  #expect(c.elements == [2, 6, 1] && a.elements == [1, -2, 3])
  c.add(scaled: c, by: 1)
  #expect(c.elements == [4, 12, 2])
  let p = c.storage.base
  VectorMath.multiply(p, p, into: p, count: 3)
  VectorMath.scale(0.5, p, count: 3)
  #expect(c.elements == [8, 72, 2])
  #expect(a.dot(b) == -10.5 && a.squaredNorm() == 14)
}

@Test("ReLU keeps NaN and its gradient is zero at zero")
func reluByHand() {
  let x = Tensor([-1, -0.0, 0, 2, .nan], shape: [5])
  let y = x.relu()
  #expect(y.elements.prefix(4) == [0, 0, 0, 2] && y[4].isNaN)
  let dx = Tensor(uninitialized: [5])
  let dy = Tensor([5, 6, 7, 8, 9], shape: [5])
  VectorMath.reluBackward(dy.storage.base, x.storage.base, into: dx.storage.base, count: 5)
  #expect(dx.elements == [0, 0, 0, 8, 0])
}

@Test("The first infinite or NaN element is found wherever it stands")
func nonFinite() {
  let clean = ramp(2_500)
  #expect(clean.firstNonFinite == nil && !clean.containsNonFinite)
  for position in [0, 31, 1_023, 1_024, 2_499] {
    for value in [Float.nan, .infinity, -.infinity] {
      var x = clean
      x[2_499] = .nan
      x[position] = value
      #expect(x.firstNonFinite == position && x.containsNonFinite)
    }
  }
  #expect(Tensor([], shape: [0]).firstNonFinite == nil)
}

@Suite("Same bits for one worker and two")
struct WorkerTests {
  @Test("Element-wise, row and reducing methods do not depend on the number of workers")
  func workerCount() {
    let x = ramp(3 * 32_768 + 11, scale: 0.01)
    let rows = ramp(4_000 * 10, scale: 0.01).reshaped([4_000, 10])
    func results() -> ([Tensor], [Double]) {
      var y = x
      y.add(scaled: x, by: 0.3)
      return (
        [
          x.exponential(), x.hyperbolicTangent(), x.errorFunction(), x.gelu(), x * y, x + y, x - y,
          y, x.scaled(by: 3), rows.softmax(), rows.logSumExp(),
        ], [x.sum(), x.dot(y), x.squaredNorm()]
      )
    }
    let one = Execution.with(workers: 1) { results() }
    let two = Execution.with(workers: 2) { results() }
    #expect(one.0 == two.0)
    #expect(one.1.map(\.bitPattern) == two.1.map(\.bitPattern))
    let plain = x.elements.reduce(0.0) { $0 + Double($1) }
    #expect(abs(one.1[0] - plain) <= 1e-12 * x.elements.reduce(0.0) { $0 + Double(abs($1)) })
  }
}
