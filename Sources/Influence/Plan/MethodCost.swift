/// Bytes of a plan from their product or sum: sizes that no machine holds end at 2⁵⁸, so that sums of
/// them are numbers too.
func planned(bytes: Double) -> Int { Int(min(bytes, 0x1p58)) }

/// What a method takes at one checkpoint, in the units that a plan adds up.
public struct MethodCost: Sendable, Equatable {
  /// Floating-point operations, an addition and a multiplication each.
  public var flops = 0.0
  /// Largest memory at a time, beside data and parameters.
  public var peakBytes = 0
  /// What is held on to for the next question, once it is made ready.
  public var keptBytes = 0

  /// Nothing.
  public init() {}

  /// Some work.
  public init(flops: Double, peakBytes: Int, keptBytes: Int = 0) {
    (self.flops, self.peakBytes, self.keptBytes) = (flops, peakBytes, keptBytes)
  }

  /// This work, then another: flops add up, memory is given back in between but for what is kept.
  public func followed(by other: MethodCost) -> MethodCost {
    MethodCost(
      flops: flops + other.flops, peakBytes: max(peakBytes, other.peakBytes),
      keptBytes: keptBytes + other.keptBytes)
  }
}
