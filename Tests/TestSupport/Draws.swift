/// Numbers, choices and texts from a seed, for tests over many cases (SplitMix64).
public struct Draws: Sendable {
  private var state: UInt64

  /// The draws of a seed.
  public init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 }

  /// 64 bits.
  public mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// An integer of a range.
  public mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(bits() % UInt64(range.count))
  }

  /// An integer in 0 ..< `bound`.
  public mutating func integer(below bound: Int) -> Int { Int(bits() % UInt64(bound)) }

  /// One of some values.
  public mutating func pick<Value>(_ values: [Value]) -> Value {
    values[integer(below: values.count)]
  }

  /// A text of at most `limit` of some scalars.
  public mutating func text(of scalars: [Unicode.Scalar], atMost limit: Int) -> String {
    var view = String.UnicodeScalarView()
    for _ in 0..<integer(0...limit) { view.append(pick(scalars)) }
    return String(view)
  }
}
