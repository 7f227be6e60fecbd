import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Factors

/// Products of gradients come apart by rows and columns of the weights, whatever the factors' form.
@Suite("Products of gradients by parts of the parameters")
struct WrittenGradientTests {
  static let weights: [Float] = [0.5, -1, 2]

  /// The weight's lines dealt out to three parts, the bias to a fourth.
  private func partition(
    _ gradients: ExampleGradients, _ axis: GradientPartition.Axis
  ) -> GradientPartition {
    let block = gradients.blocks[0]
    let (rows, width) = (block.weight.shape[0], block.weight.count / block.weight.shape[0])
    let parts = (0..<(axis == .rows ? rows : width)).map { $0 % 3 }
    return GradientPartition(
      count: 4,
      [GradientPartition.Cut(block.weight, along: axis, parts: parts)]
        + (block.bias.map { [GradientPartition.Cut($0, whole: 3)] } ?? []))
  }

  private func expected(
    _ queries: FactorSamples, _ samples: FactorSamples, _ partition: GradientPartition
  ) -> [Double] {
    let weight = samples.gradients.blocks[0].weight
    let width = weight.count / weight.shape[0]
    let cut = partition.cut(of: weight)
    func part(_ p: Int) -> Int {
      guard weight.range.contains(p) else { return 3 }
      let place = p - weight.offset
      return cut.parts[cut.axis == .rows ? place / width : place % width]
    }
    return samples.full.flatMap { row in
      var sums = [Double](repeating: 0, count: 4)
      for (query, factor) in zip(queries.full, Self.weights) {
        for p in row.indices where row[p] != 0 {
          sums[part(p)] += Double(factor) * query[p] * row[p]
        }
      }
      return sums
    }
  }

  @Test(
    "are those of plain loops over the coordinates", arguments: FactorSamples.Kind.allCases,
    [GradientPartition.Axis.rows, .columns])
  func plain(kind: FactorSamples.Kind, axis: GradientPartition.Axis) {
    let (queries, samples) = (
      FactorSamples(kind, count: 3, seed: 1), FactorSamples(kind, count: 5, seed: 2)
    )
    let partition = partition(samples.gradients, axis)
    let truth = expected(queries, samples, partition)
    for (a, b) in [
      (queries.gradients, samples.gradients),
      (queries.gradients.writtenOutWhereSmaller(), samples.gradients.writtenOutWhereSmaller()),
    ] {
      let found = WrittenGradient(summing: a, weights: Self.weights).products(
        with: b, by: partition)
      #expect(found.rows == 5 && found.columns == 4)
      #expect(relativeDifference(found.elements, truth) < 1e-5, "\(kind) \(axis)")
    }
  }

  @Test("with several outputs side by side are the sums over the outputs")
  func stacked() {
    let queries = (1...2).map { FactorSamples(.pointsWithBias, count: 3, seed: UInt64($0)) }
    let samples = (3...4).map { FactorSamples(.pointsWithBias, count: 5, seed: UInt64($0)) }
    func sharing(_ all: [FactorSamples]) -> [ExampleGradients] {
      // Outputs of a layer share its inputs.
      let right = all[0].gradients.blocks[0].terms[0].right
      return all.map { sample in
        let block = sample.gradients.blocks[0]
        return ExampleGradients(
          count: sample.gradients.count,
          blocks: [
            block.mapTerms { OuterProductTerm(left: $0.left, right: right) }
          ])
      }
    }
    let (mine, theirs) = (sharing(queries), sharing(samples))
    let partition = partition(mine[0], .rows)
    let found = WrittenGradient(
      summing: ExampleGradients(stacking: mine), weights: Self.weights
    ).products(with: ExampleGradients(stacking: theirs), by: partition)
    var truth = [Double](repeating: 0, count: 20)
    for (a, b) in zip(mine, theirs) {
      let own = WrittenGradient(summing: a, weights: Self.weights).products(
        with: b, by: partition)
      for (place, value) in own.elements.enumerated() { truth[place] += value }
    }
    #expect(relativeDifference(found.elements, truth) < 1e-5)
  }

  @Test("the same bits for any thread count")
  func threads() {
    let (queries, samples) = (
      FactorSamples(.longSequence, count: 3, seed: 1),
      FactorSamples(.longSequence, count: 600, seed: 2)
    )
    let partition = partition(samples.gradients, .rows)
    let found = [1, 2].map { workers in
      Execution.with(workers: workers) {
        WrittenGradient(summing: queries.gradients, weights: Self.weights).products(
          with: samples.gradients, by: partition
        ).elements
      }
    }
    #expect(found[0] == found[1])
  }
}
