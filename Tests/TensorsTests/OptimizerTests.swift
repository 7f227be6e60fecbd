import Testing

@testable import Tensors

private let start: [Float] = [0.5, -1.25, 2, -0.125]
private let slope: [Float] = [0.25, -0.5, 1, 0.0625]

/// Parameters, two zeroed buffers, and three steps with gradients slope · t.
private func threeSteps(
  _ step: (
    _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>, _ t: Int
  ) -> Void
) -> [Float] {
  let p = Tensor(start, shape: [4])
  let (a, b) = (Tensor(shape: [4]), Tensor(shape: [4]))
  for t in 1...3 {
    let g = Tensor(slope.map { $0 * Float(t) }, shape: [4])
    step(p.storage.base, g.storage.base, a.storage.base, b.storage.base, t)
  }
  return p.elements
}

private func isClose(_ a: [Float], _ b: [Double]) -> Bool {
  zip(a, b).allSatisfy { abs(Double($0) - $1) <= 1e-6 }
}

/// Expected values: tools/reference/optimizers.py (PyTorch in double).
@Test("Three steps of each optimizer end where PyTorch's do")
func optimizersAgainstPyTorch() {
  let sgd = threeSteps { p, g, _, _, _ in
    VectorMath.sgdStep(p, gradient: g, count: 4, rate: 0.1, weightDecay: 0.01)
  }
  #expect(isClose(sgd, [0.348_601_475, -0.946_453_699, 1.394_405_898, -0.162_100_381]))
  let momentum = threeSteps { p, g, v, _, _ in
    VectorMath.sgdStep(
      p, gradient: g, velocity: v, count: 4, rate: 0.1, momentum: 0.9, weightDecay: 0.01)
  }
  #expect(isClose(momentum, [0.259_592_374, -0.767_783_449, 1.038_369_498, -0.183_700_606]))
  let nesterov = threeSteps { p, g, v, _, _ in
    VectorMath.nesterovStep(
      p, gradient: g, velocity: v, count: 4, rate: 0.1, momentum: 0.9, weightDecay: 0.01)
  }
  #expect(isClose(nesterov, [0.132_445_229, -0.512_881_683, 0.529_780_916, -0.214_879_918]))
  let adam = threeSteps { p, g, m, v, t in
    VectorMath.adamStep(
      p, gradient: g, firstMoment: m, secondMoment: v, count: 4, step: t, rate: 0.1,
      weightDecay: .addedToGradient(0.01))
  }
  #expect(isClose(adam, [0.207_432_65, -0.957_402_472, 1.707_463_589, -0.417_273_228]))
  let adamW = threeSteps { p, g, m, v, t in
    VectorMath.adamStep(
      p, gradient: g, firstMoment: m, secondMoment: v, count: 4, step: t, rate: 0.1,
      weightDecay: .decoupled(0.01))
  }
  #expect(isClose(adamW, [0.206_479_601, -0.954_231_846, 1.701_984_093, -0.416_647_249]))
}

@Test("A step over slices is the step over the whole")
func slicedSteps() {
  let g = Tensor((0..<100).map { Float($0) * 0.01 - 0.5 }, shape: [100])
  func run(_ cuts: [Int]) -> [Float] {
    let p = Tensor((0..<100).map { Float($0) }, shape: [100])
    let (m, v) = (Tensor(shape: [100]), Tensor(repeating: 0.5, shape: [100]))
    for (from, to) in zip(cuts, cuts.dropFirst()) {
      VectorMath.adamStep(
        p.storage.base + from, gradient: g.storage.base + from,
        firstMoment: m.storage.base + from, secondMoment: v.storage.base + from,
        count: to - from, step: 3, rate: 0.01)
    }
    return p.elements
  }
  let whole = run([0, 100])
  #expect(run([0, 1, 18, 64, 65, 100]) == whole)
  #expect(whole[70] != 70)
}
