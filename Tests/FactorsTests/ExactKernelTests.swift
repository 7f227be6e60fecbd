import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Factors

/// Products of fp32 factors against fp64 sums over written-out gradients.
///
/// A sum of k products has
/// an error of about √k·2⁻²⁴ of its parts' norm: 1e-6 relative to the whole covers k ~ 300.
@Suite("Exact kernel")
struct ExactKernelTests {
  @Test("two examples by hand")
  func byHand() {
    let weight = Parameter(name: "w", shape: [1, 2], offset: 0)
    let bias = Parameter(name: "b", shape: [1], offset: 2)
    let block = FactorBlock(
      weight: weight, bias: bias,
      term: OuterProductTerm(
        left: .dense(Tensor([2, 3], shape: [2, 1, 1])),
        right: .denseWithOne(Tensor([1, 2, 3, 4], shape: [2, 1, 2]))))
    let gradients = ExampleGradients(count: 2, blocks: [block])
    // Gradients (2, 4, 2) and (9, 12, 3).
    #expect(gradients.exactKernel().elements == [24, 72, 72, 234])
    #expect(gradients.squaredNorms() == [24, 234])
    #expect(gradients.fullGradients(parameterCount: 3).elements == [2, 4, 2, 9, 12, 3])
  }

  @Test("the kernel is that of the written-out gradients", arguments: FactorSamples.Kind.allCases)
  func againstFullGradients(_ kind: FactorSamples.Kind) {
    let samples = FactorSamples(kind, count: 7, seed: 1)
    let kernel = samples.gradients.exactKernel()
    #expect(relativeDifference(kernel.elements, samples.kernel(0..<7, 0..<7)) < 1e-6)
    for i in 0..<7 { for j in 0..<i { #expect(kernel[i, j] == kernel[j, i]) } }
    let rectangle = samples.gradients.examples(2..<5).exactKernel(with: samples.gradients)
    #expect(rectangle.rows == 3 && rectangle.columns == 7)
    #expect(relativeDifference(rectangle.elements, samples.kernel(2..<5, 0..<7)) < 1e-6)
  }

  @Test("squared norms are the kernel's diagonal", arguments: FactorSamples.Kind.allCases)
  func squaredNorms(_ kind: FactorSamples.Kind) {
    let samples = FactorSamples(kind, count: 19, seed: 2)
    let expected = (0..<19).map { samples.kernel($0..<$0 + 1, $0..<$0 + 1)[0] }
    #expect(relativeDifference(samples.gradients.squaredNorms(), expected) < 1e-6)
  }

  @Test("all ways to a dot product are taken, and are meant to be")
  func paths() {
    func form(_ kind: FactorSamples.Kind) -> FactorBlock.ProductForm {
      let block = FactorSamples(kind, count: 1, seed: 1).gradients.blocks[0]
      return block.productForm(against: block)
    }
    #expect(form(.longSequence) == .writtenOut && form(.twoSequences) == .writtenOut)
    #expect(form(.sequence) == .pairs && form(.twoUses) == .pairs)
    #expect(form(.embedding) == .tokens && form(.tiedEmbedding) == .pairs)
  }

  @Test(
    "tile edges: symmetric, right, and the same bits for one worker and two",
    arguments: [FactorSamples.Kind.pointsWithBias, .longSequence],
    [1, 2, 63, 64, 65, 127, 128, 129, 511, 512, 513, 641])
  func tileEdges(_ kind: FactorSamples.Kind, _ count: Int) {
    let samples = FactorSamples(kind, count: count, seed: 3)
    let one = Execution.with(workers: 1) { samples.gradients.exactKernel() }
    let two = Execution.with(workers: 2) { samples.gradients.exactKernel() }
    let bits = { (m: Matrix<Float>) in m.elements.map(\.bitPattern) }
    #expect(bits(one) == bits(two))
    #expect(one.rows == count && one.columns == count)
    var worst: Float = 0
    for i in stride(from: 0, to: count, by: 5) {
      for j in 0..<i where one[i, j].bitPattern != one[j, i].bitPattern { worst = .infinity }
    }
    #expect(worst == 0)
    let rows = max(0, count - 2)..<count
    let edge = rows.flatMap { one.row($0) }
    #expect(relativeDifference(edge, samples.kernel(rows, 0..<count)) < 1e-6)
    let rectangle = samples.gradients.exactKernel(with: samples.gradients.examples(0..<1))
    #expect(rectangle.rows == count && rectangle.columns == 1)
    #expect(relativeDifference(rectangle.elements, samples.kernel(0..<count, 0..<1)) < 1e-6)
  }

  @Test(
    "sequences over several parts of a tile have the same bits for any worker count",
    arguments: [FactorSamples.Kind.sequence, .longSequence, .twoSequences])
  func sequenceParts(_ kind: FactorSamples.Kind) {
    let samples = FactorSamples(kind, count: 400, seed: 4)
    let (one, norms) = Execution.with(workers: 1) {
      (samples.gradients.exactKernel(), samples.gradients.squaredNorms())
    }
    let (two, otherNorms) = Execution.with(workers: 2) {
      (samples.gradients.exactKernel(), samples.gradients.squaredNorms())
    }
    #expect(two == one)
    #expect(otherNorms == norms)
    for row in [0, 41, 42, 127, 128, 191, 192, 383, 384, 399] {
      #expect(
        relativeDifference(one.row(row), samples.kernel(row..<row + 1, 0..<400)) < 1e-6,
        "row \(row)")
    }
  }

  @Test(
    "gradients written out by slices of any width, onto what is there",
    arguments: [FactorSamples.Kind.longSequence, .embedding, .tiedEmbedding, .twoSequences])
  func slices(_ kind: FactorSamples.Kind) {
    let count = 70
    let samples = FactorSamples(kind, count: count, seed: 7)
    let block = samples.gradients.blocks[0]
    let some = block.examples(3..<8)
    let expected = samples.kernel(0..<count, 0..<count)
    let few = samples.kernel(3..<8, 0..<count)
    for numbers in [1, 5 * count * block.rightWidth, 1 << 25] {
      let kernel = Matrix<Float>(repeating: 1, rows: count, columns: count)
      block.addWrittenOut(
        nil, rows: count, columns: count, to: kernel.storage, slice: numbers)
      var worst = 0.0
      for i in 0..<count {
        for j in 0...i {
          worst = max(worst, abs(Double(kernel[i, j]) - 1 - expected[i * count + j]))
        }
      }
      #expect(worst < 1e-3, "\(numbers)")
      let rows = Matrix<Float>(repeating: 0, rows: 5, columns: count)
      some.addWrittenOut(block, rows: 5, columns: count, to: rows.storage, slice: numbers)
      #expect(relativeDifference(rows.elements, few) < 1e-6)
    }
  }

  @Test("several weights add up")
  func severalBlocks() {
    let parts = [FactorSamples.Kind.pointsWithBias, .longSequence, .elementwise].map {
      FactorSamples($0, count: 6, seed: 5)
    }
    let all = ExampleGradients(count: 6, blocks: parts.flatMap(\.gradients.blocks))
    let kernels = parts.map { $0.kernel(0..<6, 0..<6) }
    let expected = kernels[0].indices.map { k in kernels.reduce(0) { $0 + $1[k] } }
    #expect(relativeDifference(all.exactKernel().elements, expected) < 1e-6)
    #expect(all.gradientCount == 3 * 5 + 3 * 5 + 6)
  }

  @Test("no examples: empty kernels and norms", arguments: FactorSamples.Kind.allCases)
  func none(_ kind: FactorSamples.Kind) {
    let some = FactorSamples(kind, count: 3, seed: 6).gradients
    for empty in [
      FactorSamples(kind, count: 0, seed: 6).gradients, some.examples(1..<1),
      some.gathered([]), ExampleGradients(count: 0, blocks: []),
    ] {
      #expect(empty.exactKernel().count == 0)
      let tall = some.exactKernel(with: empty)
      #expect(tall.rows == 3 && tall.columns == 0)
      #expect(empty.exactKernel(with: some).columns == 3)
      #expect(empty.squaredNorms().isEmpty)
      #expect(empty.fullGradients(parameterCount: 9).rows == 0)
    }
  }

  @Test("a NaN in one example is in its row and column, and nowhere else")
  func notANumber() {
    var left = Tensor(repeating: 1, shape: [4, 1, 2])
    left[5] = .nan
    let block = FactorBlock(
      weight: Parameter(name: "w", shape: [2, 3], offset: 0), bias: nil,
      term: OuterProductTerm(
        left: .dense(left), right: .dense(Tensor(repeating: 1, shape: [4, 1, 3]))))
    let gradients = ExampleGradients(count: 4, blocks: [block])
    let kernel = gradients.exactKernel()
    for i in 0..<4 { for j in 0..<4 { #expect(kernel[i, j].isNaN == (i == 2 || j == 2)) } }
    #expect(gradients.squaredNorms().map(\.isNaN) == [false, false, true, false])
  }
}
