import Synchronization
import Testing

@testable import Gradients

@Suite("Progress within gradients") struct GradientProgressTests {
  private struct Stop: Error {}

  @Test("every example of a pass is told of once, those of a kernel made by blocks once a round")
  func counts() throws {
    let source = try KernelGradientsTests.source()
    let data = KernelGradientsTests.data(9)
    let mutex = Mutex(0)
    var seen: Int { mutex.withLock { $0 } }
    try GradientProgress.reporting(
      to: { step in if step.work == .gradients { mutex.withLock { $0 += step.added } } }
    ) {
      try source.forEachBlock(of: data, rows: nil, blockSize: 4, target: .output(.margin)) {
        _, _, _ in
      }
      #expect(seen == 9)
      // Blocks of one example: each goes through for itself, and for every later one,
      // 18 + 9 · 10 / 2 in all.
      let gradients = try KernelGradients(
        of: data, source: source, target: .output(.margin), budget: 1)
      #expect(seen == 18)
      _ = try gradients.kernel()
      #expect(seen == 63)
    }
    try source.forEachBlock(of: data, target: .output(.margin)) { _, _, _ in }
    #expect(seen == 63)
  }

  @Test("what is told goes up to all examples, in blocks of a pass and in tiles of a kernel")
  func totals() throws {
    let source = try KernelGradientsTests.source()
    let data = KernelGradientsTests.data(9)
    let told = Mutex<[GradientProgress.Step]>([])
    let plain = try KernelGradients(of: data, source: source, target: .output(.margin))
    let kernels = try GradientProgress.reporting(to: { step in told.withLock { $0.append(step) } })
    {
      try source.forEachBlock(of: data, rows: 1..<9, blockSize: 3, target: .output(.margin)) {
        _, _, _ in
      }
      return [
        try plain.kernel(), try plain.lowerKernel(),
        // Blocks of one example.
        try KernelGradients(of: data, source: source, target: .output(.margin), budget: 1).kernel(),
      ]
    }
    let steps = told.withLock { $0 }
    #expect(
      steps.prefix(3) == [
        // Blocks end at multiples of their size.
        .init(work: .gradients, added: 2, done: 2, total: 8),
        .init(work: .gradients, added: 3, done: 5, total: 8),
        .init(work: .gradients, added: 3, done: 8, total: 8),
      ])
    let ofKernels = steps.filter { $0.work == .kernel }
    #expect(ofKernels.allSatisfy { $0.total == 9 && $0.done <= 9 && $0.added == 0 })
    #expect(ofKernels.count { $0.done == 9 } == 3)
    // Listening changes nothing.
    #expect(kernels[0].elements == (try plain.kernel().elements))
    #expect(kernels[1][8, 0] == kernels[0][8, 0])
  }

  @Test("who listens may stop a kernel")
  func stopsKernel() throws {
    let gradients = try KernelGradients(
      of: KernelGradientsTests.data(9), source: KernelGradientsTests.source(),
      target: .output(.margin))
    #expect(throws: Stop.self) {
      try GradientProgress.reporting(to: { _ in throw Stop() }) { _ = try gradients.kernel() }
    }
    #expect(throws: Stop.self) {
      try GradientProgress.reporting(to: { _ in throw Stop() }) { _ = try gradients.lowerKernel() }
    }
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
