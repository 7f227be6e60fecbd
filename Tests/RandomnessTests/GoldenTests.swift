import Testing

@testable import Randomness

/// Stored projectors are remade from these values; expected: tools/reference/randomness.py.
@Test("Streams give the values stored files depend on")
func goldenValues() {
  let stream = RandomStream(seed: 2_024, purpose: .projection)
  #expect(
    stream.words(count: 8) == [
      0x3ecb_0613, 0x6765_6cf9, 0x255f_b8d5, 0x69fe_b699, 0xdc40_a2da, 0xc56a_1863, 0xe8c3_a531,
      0x4674_5b63,
    ])
  var gaussians = [Float](repeating: 0, count: 8)
  stream.fillGaussian(&gaussians, count: 8)
  let expected: [Float] = [
    0.951_971, 1.380_006, 1.008_742, 1.682_513, 0.072_67, -0.543_622, -0.068_819, 0.430_774,
  ]
  for (value, expected) in zip(gaussians, expected) { #expect(abs(value - expected) < 1.5e-6) }
  let order = RandomStream(seed: 2_024, purpose: .shuffle, index: 5).permutation(of: 10)
  #expect(order == [8, 7, 4, 1, 5, 0, 9, 2, 6, 3])
}

@Test("Purposes keep the numbers stored files depend on")
func purposeNumbers() {
  let purposes: [Purpose] = [
    .initialisation, .shuffle, .dropout, .split, .flip, .projection, .landmarks, .probe, .subset,
    .bootstrap,
  ]
  #expect(purposes.map(\.number) == Array(1...10))
}
