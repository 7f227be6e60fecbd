import CKernels
import Testing

@testable import Randomness

private let levels: [Int32] = [4, 3, 0]

private func fill(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    if let base = buffer.baseAddress { body(base) }
    initialized = count
  }
}

private enum Kind: CaseIterable {
  case uniform, signs, gaussian

  func fill(_ stream: RandomStream, _ count: Int, from position: UInt64) -> [Float] {
    RandomnessTests.fill(count) { out in
      switch self {
      case .uniform: stream.fillUniform(out, count: count, from: position)
      case .signs: stream.fillSigns(out, count: count, scale: 0.5, from: position)
      case .gaussian: stream.fillGaussian(out, count: count, scale: 2, from: position)
      }
    }
  }
}

@Test("Words are the outputs of Philox blocks in order", arguments: levels)
func wordsAreBlocks(level: Int32) {
  ascribe_limit_kernel_level(level)
  defer { ascribe_limit_kernel_level(4) }
  let stream = RandomStream(seed: 7, purpose: .probe, index: 3)
  let s = stream.state
  let start: UInt64 = (1 << 34) - 40  // over the carry into the counter's second word
  let words = stream.words(count: 80, from: start)
  for block in 0..<20 {
    let number = start / 4 + UInt64(block)
    let expected = RandomStream.philox(
      counter: (number.low, number.high, s.nonce0, s.nonce1), key: (s.key0, s.key1))
    let four = Array(words[4 * block..<4 * block + 4])
    #expect(four == [expected.0, expected.1, expected.2, expected.3])
  }
}

@Test("A stream's key is Philox of index and purpose under the seed")
func streamKey() {
  let stream = RandomStream(seed: 0x1122_3344_5566_7788, purpose: .dropout, index: 1 << 40)
  let expected = RandomStream.philox(
    counter: (0, 1 << 8, 3, 0x4153_4352), key: (0x5566_7788, 0x1122_3344))
  let s = stream.state
  #expect((s.key0, s.key1, s.nonce0, s.nonce1) == expected)
}

@Test("Any slice has the values of the whole, from any position", arguments: Kind.allCases)
private func slices(kind: Kind) {
  let stream = RandomStream(seed: 11, purpose: .projection)
  let whole = kind.fill(stream, 5_000, from: 0)
  for start in [0, 1, 2, 3, 31, 32, 63, 64, 65, 127, 129, 2_047, 2_048, 2_051] {
    for count in [0, 1, 2, 63, 64, 65, 200, 2_100] {
      let part = kind.fill(stream, count, from: UInt64(start))
      #expect(part == Array(whole[start..<start + count]), "\(count) from \(start)")
    }
  }
  let words = stream.words(count: 300)
  #expect((0..<300).allSatisfy { stream.word(at: UInt64($0)) == words[$0] })
}

@Test("Random values have the same bits on every processor", arguments: Kind.allCases)
private func processorBits(kind: Kind) {
  let stream = RandomStream(seed: 12, purpose: .probe)
  let wide = kind.fill(stream, 3_001, from: 5)
  for level in [3, 0] as [Int32] {
    ascribe_limit_kernel_level(level)
    let narrow = kind.fill(stream, 3_001, from: 5)
    ascribe_limit_kernel_level(4)
    #expect(wide.map(\.bitPattern) == narrow.map(\.bitPattern), "level \(level)")
  }
}

@Test("Uniforms are the upper bits of words, signs their bits")
func fillsFromWords() {
  let stream = RandomStream(seed: 3, purpose: .dropout, index: 9)
  let words = stream.words(count: 64)
  let uniform = fill(64) { stream.fillUniform($0, count: 64) }
  let signs = fill(2_048) { stream.fillSigns($0, count: 2_048, scale: 0.25) }
  for i in 0..<64 {
    #expect(uniform[i] == Float(words[i] >> 8) * 0x1p-24)
    #expect(stream.uniform(at: UInt64(i)) == Double(words[i]) / 4_294_967_296)
    for bit in 0..<32 {
      #expect(signs[32 * i + bit] == (words[i] >> bit & 1 == 1 ? -0.25 : 0.25))
    }
  }
}

@Test("Moments are right for every seed", arguments: 0..<8 as Range<UInt64>)
func moments(seed: UInt64) {
  let stream = RandomStream(seed: seed, purpose: .probe)
  let count = 20_000
  let n = Double(count)
  func mean(_ x: [Float], _ power: Int) -> Double {
    x.reduce(0.0) { sum, v in sum + (0..<power).reduce(1.0) { p, _ in p * Double(v) } } / n
  }
  // Five standard errors each.
  let uniform = Kind.uniform.fill(stream, count, from: 0)
  #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
  #expect(abs(mean(uniform, 1) - 0.5) < 5 * 0.2887 / n.squareRoot())
  #expect(abs(mean(uniform, 2) - 1.0 / 3) < 5 * 0.2982 / n.squareRoot())
  let signs = Kind.signs.fill(stream, count, from: 0)
  #expect(signs.allSatisfy { abs($0) == 0.5 })
  #expect(abs(mean(signs, 1)) < 5 * 0.5 / n.squareRoot())
  let gaussian = fill(count) { stream.fillGaussian($0, count: count) }
  #expect(abs(mean(gaussian, 1)) < 5 / n.squareRoot())
  #expect(abs(mean(gaussian, 2) - 1) < 5 * 2.0.squareRoot() / n.squareRoot())
  #expect(abs(mean(gaussian, 3)) < 5 * 15.0.squareRoot() / n.squareRoot())
  #expect(abs(mean(gaussian, 4) - 3) < 5 * 96.0.squareRoot() / n.squareRoot())
  let beyond2 = Double(gaussian.count { abs($0) > 2 }) / n
  #expect(abs(beyond2 - 0.0455) < 5 * 0.2084 / n.squareRoot())
  let pairs = zip(gaussian, gaussian.dropFirst()).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  #expect(abs(pairs / n) < 5 / n.squareRoot())
}

@Test("Streams of another seed, purpose or index are uncorrelated")
func independentStreams() {
  let base = Kind.gaussian.fill(RandomStream(seed: 1, purpose: .probe), 10_000, from: 0)
  let others = [
    RandomStream(seed: 2, purpose: .probe), RandomStream(seed: 1 << 32, purpose: .probe),
    RandomStream(seed: 1, purpose: .subset), RandomStream(seed: 1, purpose: .probe, index: 1),
    RandomStream(seed: 1, purpose: .probe, index: 1 << 32),
  ]
  for other in others {
    let values = Kind.gaussian.fill(other, 10_000, from: 0)
    let correlation = zip(base, values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / 4e4
    #expect(abs(correlation) < 0.05)
  }
}

@Test("Integers fill their range evenly and stay in it")
func integers() {
  let stream = RandomStream(seed: 5, purpose: .bootstrap)
  var counts = [Int](repeating: 0, count: 7)
  for i in 0..<7_000 { counts[stream.integer(below: 7, at: UInt64(i))] += 1 }
  let chiSquared = counts.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
  #expect(chiSquared < 22.5, "\(counts)")  // 6 degrees of freedom, p = 0.001
  #expect(stream.integer(below: 1, at: 3) == 0)
  #expect((0..<100).allSatisfy { stream.integer(below: .max, at: $0) >= 0 })
}

@Test("Permutations hold every number once, and a sample is their beginning")
func permutations() {
  for n in [0, 1, 2, 10, 257] {
    let stream = RandomStream(seed: UInt64(n), purpose: .shuffle)
    let order = stream.permutation(of: n)
    #expect(order.sorted() == Array(0..<n), "seed \(n)")
    #expect(order == stream.permutation(of: n))
    #expect(stream.sample(n / 3, of: n) == Array(order.prefix(n / 3)))
  }
  var counts: [[Int]: Int] = [:]
  for seed in 0..<2_400 as Range<UInt64> {
    counts[RandomStream(seed: seed, purpose: .shuffle).permutation(of: 4), default: 0] += 1
  }
  let chiSquared = counts.values.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) / 100 }
  #expect(counts.count == 24 && chiSquared < 49.7)  // 23 degrees of freedom, p = 0.001
}
