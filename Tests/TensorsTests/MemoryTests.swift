import Tensors
import Testing

@Suite struct MemoryTests {
  @Test("work within the memory is let through, more is refused with both sizes")
  func limit() throws {
    try Memory.require(1e9, for: "x", remedy: "y", available: 1_000_000_000)
    let error = #expect(throws: MemoryError.self) {
      try Memory.require(
        4e12, for: "training 10 parameters", remedy: "train fewer.", available: 16_000_000_000)
    }
    #expect(
      error?.description == """
        error: training 10 parameters needs at least 4000.0 GB of memory; this machine has 16.0 GB.
          at:  this machine's memory
          fix: train fewer.
        """)
    #expect(error?.exitCode == 1)
    #expect(Memory.physical > 1 << 20)
  }

  @Test("sizes that are no number are refused")
  func notANumber() {
    for bytes in [Double.nan, .infinity] {
      #expect(throws: MemoryError.self) {
        try Memory.require(bytes, for: "x", remedy: "y", available: .max)
      }
    }
  }
}
