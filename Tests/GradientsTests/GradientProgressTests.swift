import Synchronization
import Testing

@testable import Gradients

@Suite("Progress within gradients") struct GradientProgressTests {
  private struct Stop: Error {}

  @Test("every example of a pass is told of once, those of a kernel made by blocks once a round")
  func counts() throws {
    let source = try KernelGradientsTests.source()
    let data = KernelGradientsTests.data(9)
    let seen = Mutex(0)
    try GradientProgress.reporting(to: { count in seen.withLock { $0 += count } }) {
      try source.forEachBlock(of: data, rows: nil, blockSize: 4, target: .output(.margin)) {
        _, _, _ in
      }
      #expect(seen.withLock { $0 } == 9)
      // Blocks of one example: each goes through for itself, and for every later one.
      let gradients = try KernelGradients(
        of: data, source: source, target: .output(.margin), budget: 1)
      #expect(seen.withLock { $0 } == 18)
      _ = try gradients.kernel()
      #expect(seen.withLock { $0 } == 18 + 9 * 10 / 2)
    }
    try source.forEachBlock(of: data, target: .output(.margin)) { _, _, _ in }
    #expect(seen.withLock { $0 } == 63)
  }

  @Test("who listens may stop the work")
  func stops() throws {
    let source = try KernelGradientsTests.source()
    var blocks = 0
    #expect(throws: Stop.self) {
      try GradientProgress.reporting(to: { _ in throw Stop() }) {
        try source.forEachBlock(
          of: KernelGradientsTests.data(9), rows: nil, blockSize: 4, target: .output(.margin)
        ) { _, _, _ in blocks += 1 }
      }
    }
    #expect(blocks == 0)
  }
}
