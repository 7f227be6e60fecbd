import Factors
import LinearAlgebra
import Randomness
import Tensors
import TestSupport
import Testing

@Suite("What kernels need not compute twice")
struct SharedProductTests {
  static func values(_ shape: [Int], _ index: UInt64) -> Tensor {
    let result = Tensor(uninitialized: shape)
    RandomStream(seed: 8, purpose: .probe, index: index)
      .fillGaussian(result.storage.base, count: result.count)
    return result
  }

  static func gradients(_ left: Tensor, _ right: FactorSide, outputs: Int = 1) -> ExampleGradients {
    let shape = [left.rowLength / outputs, right.width]
    return ExampleGradients(
      count: left.shape[0],
      blocks: [
        FactorBlock(
          weight: Parameter(name: "w", shape: shape, offset: 0), bias: nil,
          term: OuterProductTerm(left: .dense(left), right: right))
      ])
  }

  @Test("known products of the inputs give the kernel, with and without the bias's 1")
  func inputGram() {
    let inputs = Self.values([600, 3, 2], 0)
    let flat = Tensor(inputs.elements, shape: [600, 1, 6])
    for side in [FactorSide.dense(flat), .denseWithOne(flat)] {
      let gradients = Self.gradients(Self.values([600, 1, 5], 1), side)
      let shared = gradients.adopting(inputs: inputs)
      let known = shared.exactKernel(inputGram: InputGram(inputs))
      #expect(relativeDifference(known.elements, gradients.exactKernel().elements) < 1e-6)
      let alone = Execution.with(workers: 1) {
        shared.exactKernel(inputGram: InputGram(inputs))
      }
      #expect(alone == known)
    }
  }

  @Test("the lower kernel has the bits of the kernel on and below the diagonal")
  func lowerKernel() {
    let inputs = Self.values([600, 6], 0)
    let sequences = Self.gradients(
      Self.values([90, 4, 2], 1), .dense(Self.values([90, 4, 3], 2)))
    let points = Self.gradients(
      Self.values([600, 1, 5], 1), .denseWithOne(Tensor(inputs.elements, shape: [600, 1, 6]))
    ).adopting(inputs: inputs)
    for (gradients, gram) in [(sequences, nil), (points, nil), (points, InputGram(inputs))] {
      let whole = gradients.exactKernel(inputGram: gram)
      let lower = gradients.lowerKernel(inputGram: gram)
      for i in 0..<whole.rows { #expect(lower.row(i)[...i] == whole.row(i)[...i], "row \(i)") }
    }
  }

  @Test("sides that are not the inputs keep their own products")
  func otherSides() {
    let inputs = Self.values([20, 6], 0)
    let other = Self.gradients(
      Self.values([20, 1, 5], 1), .dense(Self.values([20, 1, 6], 2)))
    let kernel = other.adopting(inputs: inputs).exactKernel(inputGram: InputGram(inputs))
    #expect(kernel == other.exactKernel())
  }

  @Test("outputs that are multiples of one another are one number a unit, and no product changes")
  func compaction() {
    let (n, outputs, units) = (30, 4, 3)
    let (m, w) = (Self.values([n, units], 3), Self.values([outputs, units], 4))
    var left = Tensor(repeating: 0, shape: [n, 1, outputs * units])
    for i in 0..<n {
      for c in 0..<outputs {
        // Unit 2 is dead.
        for o in 0..<2 { left[(i * outputs + c) * units + o] = m[i * units + o] * w[c * units + o] }
      }
    }
    let right = FactorSide.dense(Self.values([n, 1, 7], 5))
    let stacked = Self.gradients(left, right, outputs: outputs)
    let compaction = StackCompaction(of: stacked, outputs: outputs)
    let compact = compaction.applied(to: stacked)
    #expect(compact.blocks[0].leftWidth == units)
    #expect(
      relativeDifference(compact.exactKernel().elements, stacked.exactKernel().elements) < 1e-6)
    // Against gradients that do not have the form.
    let others = Self.gradients(
      Self.values([5, 1, outputs * units], 6), .dense(Self.values([5, 1, 7], 7)), outputs: outputs)
    let products = compaction.applied(to: others).exactKernel(with: compact)
    #expect(
      relativeDifference(products.elements, others.exactKernel(with: stacked).elements) < 1e-6)
  }

  @Test("outputs that differ from example to example are left alone, however late they do")
  func noCompaction() {
    let free = Self.gradients(
      Self.values([30, 1, 8], 8), .dense(Self.values([30, 1, 2], 9)), outputs: 4)
    #expect(StackCompaction(of: free, outputs: 4).applied(to: free).blocks[0].leftWidth == 8)
    var left = Tensor(repeating: 1, shape: [30, 1, 8])
    left[29 * 8] = 1.01
    let late = Self.gradients(left, .dense(Self.values([30, 1, 2], 9)), outputs: 4)
    #expect(StackCompaction(of: late, outputs: 4).applied(to: late).blocks[0].leftWidth == 8)
  }
}
