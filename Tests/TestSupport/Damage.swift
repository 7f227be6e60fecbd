import Foundation

/// How many seeds of damage a test goes through: ASCRIBE_FUZZ, else `standard`.
public func fuzzSeeds(_ standard: Int) -> Int {
  ProcessInfo.processInfo.environment["ASCRIBE_FUZZ"].flatMap { Int($0) } ?? standard
}

/// What is added to seeds of damage: ASCRIBE_FUZZ_FROM, so that a long hunt can be made in parts.
private let firstSeed =
  ProcessInfo.processInfo.environment["ASCRIBE_FUZZ_FROM"].flatMap { Int($0) } ?? 0

/// Damage to bytes, decided by a seed: flips, truncation, insertion, and of words that are wrong in
/// their own ways, repetition and removal of pieces.
public func damaged(_ bytes: [UInt8], seed: Int, words: [String] = []) -> [UInt8] {
  var state = UInt64(firstSeed + seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
  func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  var result = bytes
  for _ in 0..<(1 + next(3)) {
    // Every other change hits the first bytes, where headers are.
    let place = next(2) == 0 ? next(min(result.count, 64)) : next(result.count)
    if !words.isEmpty, next(2) == 0 {
      let anywhere = next(result.count)
      let end = min(result.count, anywhere + next(12))
      switch next(3) {
      case 0: result.replaceSubrange(anywhere..<end, with: words[next(words.count)].utf8)
      case 1: result.insert(contentsOf: result[anywhere..<end], at: anywhere)
      default: if end - anywhere < result.count { result.removeSubrange(anywhere..<end) }
      }
      continue
    }
    switch next(4) {
    case 0: result[place] = UInt8(next(256))
    case 1: result[place] ^= 1 << UInt8(next(8))
    case 2: result[place] = [0x00, 0xFF, 0x7F, 0x80][next(4)]
    default: result.insert(UInt8(next(256)), at: place)
    }
  }
  if next(3) == 0 { result.removeLast(next(result.count)) }
  return result
}
