import CKernels
import Foundation
import Testing

@testable import Tensors

/// A function, its double-precision twin, and the error `VectorMath` promises.
struct Elementary: Sendable, CustomTestStringConvertible {
  typealias Loop = @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  let testDescription: String
  let loop: Loop
  let twin: @Sendable (Double) -> Double
  let ulps: Double
  /// The largest |x| the promise in ulps is for.
  var reach = Float.infinity
  /// The absolute error promised beyond.
  var absolute = 0.0

  func callAsFunction(_ x: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: x.count) { y, count in
      x.withUnsafeBufferPointer { x in
        if let from = x.baseAddress, let to = y.baseAddress { loop(from, to, x.count) }
      }
      count = x.count
    }
  }

  static func normal(_ x: Double) -> Double { 0.5 * Foundation.erfc(-x * 0.5.squareRoot()) }
  static func density(_ x: Double) -> Double {
    Foundation.exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  }

  static let all = [
    Elementary(
      testDescription: "exp", loop: VectorMath.exp, twin: { Foundation.exp($0) }, ulps: 0.95),
    Elementary(
      testDescription: "log", loop: VectorMath.log, twin: { Foundation.log($0) }, ulps: 0.85),
    Elementary(
      testDescription: "tanh", loop: VectorMath.tanh, twin: { Foundation.tanh($0) }, ulps: 1.33),
    Elementary(
      testDescription: "erf", loop: VectorMath.erf, twin: { Foundation.erf($0) }, ulps: 1.1),
    Elementary(
      testDescription: "gelu", loop: VectorMath.gelu,
      twin: { $0 == -.infinity ? -0.0 : $0 * normal($0) }, ulps: 6.1, reach: 13,
      absolute: 4e-36),
    Elementary(
      testDescription: "geluDerivative", loop: VectorMath.geluDerivative,
      twin: { $0.isInfinite ? ($0 > 0 ? 1 : 0) : normal($0) + $0 * density($0) }, ulps: 0,
      reach: -1, absolute: 2.5e-7),
    Elementary(
      testDescription: "geluSecondDerivative", loop: VectorMath.geluSecondDerivative,
      twin: { $0.isInfinite ? 0 : density($0) * (2 - $0 * $0) }, ulps: 0, reach: -1,
      absolute: 2e-7),
  ]
}

/// |y − reference| in units in the last place of the reference rounded to float.
private func ulps(_ y: Float, _ reference: Double) -> Double {
  let rounded = Float(reference)
  if rounded.isNaN { return y.isNaN ? 0 : .infinity }
  if rounded.isInfinite || y.isInfinite || y.isNaN { return y == rounded ? 0 : .infinity }
  return abs(Double(y) - reference) / Double(rounded.ulp)
}

/// Every float whose bits are a multiple of a prime: 107,000 of all signs and exponents, NaNs too.
private let denseFloats: [Float] = stride(from: 0, through: UInt64(UInt32.max), by: 40_009).map {
  Float(bitPattern: UInt32($0))
}

/// 60,001 floats evenly over ±15.
private let centralFloats: [Float] = (-30_000...30_000).map { Float($0) * 5.000_1e-4 }

@Test(
  "Elementary functions keep the error they promise at every processor level",
  arguments: Elementary.all, [4, 3, 0])
func promisedErrors(function: Elementary, level: Int32) {
  ascribe_limit_kernel_level(level)
  defer { ascribe_limit_kernel_level(4) }
  for inputs in [denseFloats, centralFloats] {
    let outputs = function(inputs)
    var worst = (ulps: -1.0, at: Float(0))
    for (x, y) in zip(inputs, outputs) {
      let reference = function.twin(Double(x))
      let error = ulps(y, reference)
      let kept =
        abs(x) <= function.reach || x.isNaN
        ? error <= function.ulps * (level == 0 ? 1.25 : 1)
        : y == Float(reference) || abs(Double(y) - reference) <= function.absolute
      if !kept && error >= worst.ulps { worst = (error, x) }
    }
    #expect(worst.ulps < 0, "\(function) at \(worst.at): \(worst.ulps) ulps at level \(level)")
  }
}

@Test("Edges of the elementary functions are exact", arguments: [4, 3, 0] as [Int32])
func edges(level: Int32) {
  ascribe_limit_kernel_level(level)
  defer { ascribe_limit_kernel_level(4) }
  let inf = Float.infinity
  let tiny = Float.leastNonzeroMagnitude
  let huge = Float.greatestFiniteMagnitude
  let x: [Float] = [0, -0.0, inf, -inf, tiny, -tiny, huge, -huge]
  let expected: [[Float]] = [
    [1, 1, inf, 0, 1, 1, inf, 0],
    [-inf, -inf, inf, .nan, -103.278_93, .nan, 88.722_84, .nan],
    [0, -0.0, 1, -1, tiny, -tiny, 1, -1],
    [0, -0.0, 1, -1, tiny, -tiny, 1, -1],
    [0, -0.0, inf, -0.0, 0, -0.0, huge, -0.0],
    [0.5, 0.5, 1, 0, 0.5, 0.5, 1, 0],
    [0.797_884_6, 0.797_884_6, 0, 0, 0.797_884_6, 0.797_884_6, 0, 0],
  ]
  for (function, expected) in zip(Elementary.all, expected) {
    let y = function(x)
    for i in x.indices {
      let same = y[i].bitPattern == expected[i].bitPattern || (y[i].isNaN && expected[i].isNaN)
      #expect(same, "\(function)(\(x[i])) = \(y[i]), not \(expected[i])")
    }
    #expect(function([.nan, -.nan, .signalingNaN]).allSatisfy { $0.isNaN }, "\(function) of NaN")
  }
}

@Test("AVX2 and AVX-512 give the same bits", arguments: Elementary.all)
func sameBits(function: Elementary) {
  ascribe_limit_kernel_level(3)
  let narrow = function(denseFloats + centralFloats)
  ascribe_limit_kernel_level(4)
  let wide = function(denseFloats + centralFloats)
  #expect(zip(narrow, wide).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN })
}

@Test("A value does not depend on the place it stands at", arguments: Elementary.all)
func placeDoesNotMatter(function: Elementary) {
  let inputs = (0..<150).map { Float($0) * 0.07 - 4 }
  func bits(_ x: some Sequence<Float>) -> [UInt32] {
    function(Array(x)).map { $0.isNaN ? 0 : $0.bitPattern }
  }
  let whole = bits(inputs)
  for count in 0..<inputs.count {
    let part = bits(inputs.suffix(count))
    #expect(part == Array(whole.suffix(count)), "\(count) last")
  }
}
