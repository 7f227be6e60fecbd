import Factors
import LinearAlgebra
import Randomness
import Tensors
import TestSupport
import Testing

/// What holds of factored gradients of every form, beside gradients written out in double.
@Suite("Properties of factored gradients")
struct FactorPropertyTests {
  static let seeds: [UInt64] = [0, 1, 2]

  @Test(
    "squared norms are those of gradients written out", arguments: FactorSamples.Kind.allCases,
    seeds)
  func squaredNorms(kind: FactorSamples.Kind, seed: UInt64) {
    let sample = FactorSamples(kind, count: 7, seed: seed)
    let expected = sample.full.map { $0.reduce(0) { $0 + $1 * $1 } }
    #expect(relativeDifference(sample.gradients.squaredNorms(), expected) < 2e-6, "seed \(seed)")
  }

  @Test(
    "a kernel is symmetric, bounded by its diagonal, and that of gradients written out",
    arguments: FactorSamples.Kind.allCases, seeds)
  func kernels(kind: FactorSamples.Kind, seed: UInt64) {
    let sample = FactorSamples(kind, count: 6, seed: seed)
    let kernel = sample.gradients.exactKernel()
    let expected = sample.kernel(0..<6, 0..<6)
    #expect(relativeDifference(kernel.elements, expected) < 2e-6, "seed \(seed)")
    for i in 0..<6 {
      for j in 0..<6 {
        #expect(kernel[i, j] == kernel[j, i])
        let bound = Double(kernel[i, i]) * Double(kernel[j, j])
        #expect(Double(kernel[i, j]) * Double(kernel[i, j]) <= bound * (1 + 1e-5))
      }
    }
  }

  @Test("picked examples are the rows that were picked", arguments: FactorSamples.Kind.allCases)
  func picked(kind: FactorSamples.Kind) {
    let sample = FactorSamples(kind, count: 6, seed: 4)
    let order = [5, 0, 0, 3]
    let found = sample.gradients.gathered(order).fullGradients(
      parameterCount: sample.parameterCount)
    for (place, row) in order.enumerated() {
      #expect(relativeDifference(found.row(place), sample.full[row]) < 2e-6)
    }
    let range = sample.gradients.examples(2..<5).fullGradients(
      parameterCount: sample.parameterCount)
    #expect(range.rows == 3)
    for place in 0..<3 {
      #expect(relativeDifference(range.row(place), sample.full[place + 2]) < 2e-6)
    }
  }

  @Test(
    "stacked outputs have the sum of the outputs' kernels, whether they share sides or not",
    arguments: FactorSamples.Kind.allCases)
  func stacked(kind: FactorSamples.Kind) {
    let (a, b) = (
      FactorSamples(kind, count: 5, seed: 1), FactorSamples(kind, count: 5, seed: 2)
    )
    let expected = zip(a.kernel(0..<5, 0..<5), b.kernel(0..<5, 0..<5)).map { $0 + $1 }
    let found = ExampleGradients(stacking: [a.gradients, b.gradients]).exactKernel()
    #expect(relativeDifference(found.elements, expected) < 2e-6)
    // The same output twice shares its sides: one block, and twice the kernel.
    let twice = ExampleGradients(stacking: [a.gradients, a.gradients])
    #expect(
      relativeDifference(twice.exactKernel().elements, a.kernel(0..<5, 0..<5).map { 2 * $0 })
        < 2e-6)
    #expect(twice.squaredNorms().count == 5)
  }

  @Test("a selection is its parameters' numbers once each, in order", arguments: 0..<20)
  func selections(seed: Int) {
    let stream = RandomStream(seed: UInt64(seed), purpose: .probe)
    var (offset, all) = (0, [Parameter]())
    for i in 0..<8 {
      let size = 1 + stream.integer(below: 4, at: UInt64(i))
      all.append(Parameter(name: "p\(i)", shape: [size], offset: offset))
      offset += size
    }
    let order = RandomStream(seed: UInt64(seed), purpose: .shuffle).permutation(of: 8)
    let chosen = (order.prefix(3 + seed % 5) + order.prefix(2)).map { all[$0] }
    let selection = ParameterSelection(chosen)
    let numbers = Set(chosen.flatMap { Array($0.range) }).sorted()
    #expect(selection.ranges.flatMap { Array($0) } == numbers, "seed \(seed)")
    #expect(selection.count == numbers.count)
    #expect(
      zip(selection.ranges, selection.ranges.dropFirst()).allSatisfy {
        $0.upperBound < $1.lowerBound
      })
    let optional: ParameterSelection? = selection
    for parameter in all {
      let isChosen = chosen.contains { $0.offset == parameter.offset }
      #expect(selection.contains(parameter) == isChosen, "seed \(seed)")
      #expect(optional.selects(parameter) == isChosen)
    }
    let everything: ParameterSelection? = nil
    #expect(all.allSatisfy { everything.selects($0) })
    // A part of a parameter is in it.
    let part = Parameter(name: "part", shape: [1], offset: chosen[0].range.upperBound - 1)
    #expect(selection.contains(part))
    #expect(ParameterSelection(chosen.reversed()) == selection)
  }
}
