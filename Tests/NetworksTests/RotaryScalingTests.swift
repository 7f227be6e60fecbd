import Networks
import Testing

/// Slowed rotary angles.
@Suite struct RotaryScalingTests {
  @Test("llama3 keeps fast angles, divides slow ones, and is continuous between them")
  func llama3() {
    let context = 100
    let scaling = RotaryScaling.llama3(factor: 8, low: 1, high: 4, context: context)
    func frequency(turns: Double) -> Double { turns * 2 * .pi / Double(context) }
    for (turns, expected) in [
      (9, 1), (4.0001, 1), (2.5, 0.5 + 0.5 / 8), (1.0001, 0.125), (0.5, 0.125),
    ] {
      let f = frequency(turns: turns)
      #expect(abs(scaling.scaled(f) / f - expected) < 1e-4, "\(turns) turns")
    }
  }

  @Test("linear divides all, none leaves all")
  func linear() {
    #expect(RotaryScaling.linear(factor: 4).scaled(3) == 0.75)
    #expect(RotaryScaling.none.scaled(3) == 3)
  }
}
