import Tensors
import Testing

@Suite("Blocks of a range") struct RangeBlocksTests {
  @Test("they end at multiples of the size, wherever the range begins")
  func multiples() {
    #expect((0..<10).blocks(of: 4) == [0..<4, 4..<8, 8..<10])
    #expect((3..<10).blocks(of: 4) == [3..<4, 4..<8, 8..<10])
    #expect((4..<8).blocks(of: 4) == [4..<8])
    #expect((5..<7).blocks(of: 4) == [5..<7])
    #expect((5..<5).blocks(of: 4).isEmpty)
    #expect((0..<3).blocks(of: .max) == [0..<3])
    #expect(
      (Int.max - 3..<Int.max).blocks(of: Int.max - 1) == [
        Int.max - 3..<Int.max - 1, Int.max - 1..<Int.max,
      ])
  }
}
