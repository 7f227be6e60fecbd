import CKernels
import Testing

@testable import Tensors

private func converted(
  _ x: [Float], _ convert: (UnsafePointer<Float>, UnsafeMutablePointer<UInt16>, Int) -> Void
) -> [UInt16] {
  [UInt16](unsafeUninitializedCapacity: x.count) { y, count in
    x.withUnsafeBufferPointer { x in
      if let from = x.baseAddress, let to = y.baseAddress { convert(from, to, x.count) }
    }
    count = x.count
  }
}

private func converted(
  _ x: [UInt16], _ convert: (UnsafePointer<UInt16>, UnsafeMutablePointer<Float>, Int) -> Void
) -> [Float] {
  [Float](unsafeUninitializedCapacity: x.count) { y, count in
    x.withUnsafeBufferPointer { x in
      if let from = x.baseAddress, let to = y.baseAddress { convert(from, to, x.count) }
    }
    count = x.count
  }
}

private let every16 = (0...UInt16.max).map { $0 }
/// Floats of all exponents, and those beside each float16 and beside each tie between two.
private let floats: [Float] =
  stride(from: 0, through: UInt64(UInt32.max), by: 60_013).map { Float(bitPattern: UInt32($0)) }
  + stride(from: UInt16(0), to: 0x7c00, by: 7).flatMap { bits -> [Float] in
    let low = Float(Float16(bitPattern: bits))
    let tie = (low + Float(Float16(bitPattern: bits).nextUp)) / 2
    return [low, tie, tie.nextUp, tie.nextDown, -tie, 65_519.996, 65_520]
  }

@Suite("16-bit floats")
struct HalfPrecisionTests {
  @Test("All 65,536 float16 widen as the Swift type does", arguments: [4, 3, 0] as [Int32])
  func widenFloat16(level: Int32) {
    ascribe_limit_kernel_level(level)
    defer { ascribe_limit_kernel_level(4) }
    let wide = converted(every16) { VectorMath.fromFloat16($0, into: $1, count: $2) }
    for (bits, value) in zip(every16, wide) {
      let expected = Float(Float16(bitPattern: bits))
      #expect(value == expected || value.isNaN && expected.isNaN, "\(bits)")
    }
    let back = converted(wide) { VectorMath.toFloat16($0, into: $1, count: $2) }
    for (bits, again) in zip(every16, back) {
      let isNaN = Float16(bitPattern: bits).isNaN
      #expect(again == (isNaN ? bits | 0x0200 : bits), "\(bits): NaN payload and sign kept")
    }
  }

  @Test("Floats narrow to float16 as the Swift type does", arguments: [4, 3, 0] as [Int32])
  func narrowFloat16(level: Int32) {
    ascribe_limit_kernel_level(level)
    defer { ascribe_limit_kernel_level(4) }
    let narrow = converted(floats) { VectorMath.toFloat16($0, into: $1, count: $2) }
    for (x, bits) in zip(floats, narrow) {
      let y = Float16(bitPattern: bits)
      #expect(x.isNaN ? y.isNaN : bits == Float16(x).bitPattern, "\(x) as \(y)")
    }
  }

  @Test("Every level narrows NaN to the same bits")
  func narrowNaN() {
    let nans = [0x7f80_0001, 0xff80_2000, 0x7fc0_0000, 0xffff_ffff, 0x7fa1_2345].map {
      Float(bitPattern: UInt32($0))
    }
    let wide = converted(nans) { VectorMath.toFloat16($0, into: $1, count: $2) }
    ascribe_limit_kernel_level(0)
    let base = converted(nans) { VectorMath.toFloat16($0, into: $1, count: $2) }
    ascribe_limit_kernel_level(4)
    #expect(wide == base)
  }

  @Test("bfloat16 is the nearer neighbour, the even one at ties", arguments: [4, 3, 0] as [Int32])
  func bfloat16(level: Int32) {
    ascribe_limit_kernel_level(level)
    defer { ascribe_limit_kernel_level(4) }
    let byHand: [Float] = [1, 1.003_906_25, 1.011_718_75, 3.4e38, -0.0, .infinity, 0x1p-149]
    let expected: [UInt16] = [0x3f80, 0x3f80, 0x3f82, 0x7f80, 0x8000, 0x7f80, 0]
    #expect(converted(byHand) { VectorMath.toBFloat16($0, into: $1, count: $2) } == expected)
    let wide = converted(every16) { VectorMath.fromBFloat16($0, into: $1, count: $2) }
    #expect(zip(every16, wide).allSatisfy { $1.bitPattern == UInt32($0) << 16 })
    let narrow = converted(floats) { VectorMath.toBFloat16($0, into: $1, count: $2) }
    for (x, bits) in zip(floats, narrow) {
      let y = Float(bitPattern: UInt32(bits) << 16)
      if x.isNaN || x.isInfinite || y.isInfinite {
        #expect(x.isNaN ? y.isNaN : y.isInfinite && abs(x) >= 0x1.ffp127)
        continue
      }
      let error = abs(Double(y) - Double(x))
      for neighbour in [bits &+ 1, bits &- 1] where neighbour & 0x7fff <= 0x7f80 {
        let other = abs(Double(Float(bitPattern: UInt32(neighbour) << 16)) - Double(x))
        #expect(error < other || error == other && bits & 1 == 0, "\(x) as \(y)")
      }
    }
  }
}
