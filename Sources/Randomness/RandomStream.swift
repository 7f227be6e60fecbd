import CKernels

/// Random values as a pure function of (seed, purpose, index, position).
///
/// Nothing is consumed: the same call gives the same value, at any position, in any order and on any
/// thread, and with the same bits on every processor. Use another `index` for what must differ
/// (epoch, block, draw).
///
/// Philox 4×32-10 under key `seed` maps the counter (index, purpose, a constant) to 128 bits, which
/// become key and upper counter half of the stream: for one seed, two streams share neither or
/// differ. Word p is then output p mod 4 of block ⌊p / 4⌋.
/// - Source: Salmon et al. 2011, *Parallel random numbers: as easy as 1, 2, 3*.
public struct RandomStream: Sendable {
  let state: ascribe_stream

  /// The stream of a purpose and index under a seed.
  public init(seed: UInt64, purpose: Purpose, index: UInt64 = 0) {
    let key = RandomStream.philox(
      counter: (index.low, index.high, purpose.number, 0x4153_4352),
      key: (seed.low, seed.high))
    state = ascribe_stream(key0: key.0, key1: key.1, nonce0: key.2, nonce1: key.3)
  }

  /// One block of Philox 4×32-10.
  static func philox(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    let out = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) { out in
      ascribe_philox(
        [counter.0, counter.1, counter.2, counter.3], [key.0, key.1], out.baseAddress)
      return (out[0], out[1], out[2], out[3])
    }
    return out
  }

  /// Word `position`: 32 random bits.
  public func word(at position: UInt64) -> UInt32 {
    var word: UInt32 = 0
    withUnsafePointer(to: state) { ascribe_random_words($0, position, &word, 1) }
    return word
  }

  /// Words `position ..< position + count`.
  public func words(count: Int, from position: UInt64 = 0) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafePointer(to: state) {
        ascribe_random_words($0, position, buffer.baseAddress, Int64(count))
      }
      initialized = count
    }
  }

  /// word(at: position) / 2³², in [0, 1).
  public func uniform(at position: UInt64) -> Double {
    Double(word(at: position)) * 0x1p-32
  }

  /// An integer in 0 ..< `bound`, from words 2·position and 2·position + 1.
  ///
  /// ⌊w · bound / 2⁶⁴⌋ of a 64-bit word w: no value is likelier than another by more than
  /// bound / 2⁶⁴ of its share.
  public func integer(below bound: Int, at position: UInt64) -> Int {
    precondition(bound > 0, "integer below \(bound)")
    let words = words(count: 2, from: 2 * position)
    let word = UInt64(words[0]) | UInt64(words[1]) << 32
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}

extension UInt64 {
  var low: UInt32 { UInt32(truncatingIfNeeded: self) }
  var high: UInt32 { UInt32(truncatingIfNeeded: self >> 32) }
}
