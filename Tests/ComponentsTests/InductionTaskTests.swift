import Components
import Datasets
import Networks
import TestSupport
import Tensors
import Testing
import Training

/// A network that has learnt to recall: which heads must matter is seen from where they look, and from its
/// accuracy without them.
@Suite("An induction task")
struct InductionTaskTests {
  /// The first layer's heads, then the second's.
  private static let (first, second) = ([0, 1], [2, 3])

  /// The network before and behind 256 steps.
  ///
  /// GPT-2's initial weights are for a width of 768; those of a narrow network are drawn wider, which
  /// saves it the first thousand steps.
  private static func learnt() throws -> (untrained: RecallNetwork, trained: RecallNetwork) {
    let network = Network.gpt2(
      GPT2Configuration(
        vocabulary: RecallTask.vocabulary, context: RecallTask.length, layers: 2, heads: 2,
        width: 32, mlpWidth: 32))
    let trainer = try Trainer(
      network: network,
      configuration: TrainingConfiguration(
        optimizer: .adamw(), rate: 3e-3, batch: 32, epochs: 1, seed: 5),
      data: RecallTask.sequences(8_192, index: 0))
    let start = trainer.initialState()
    for parameter in network.parameters where parameter.shape.count == 2 {
      for place in parameter.range { start.parameters.storage.base[place] *= 5 }
    }
    let untrained = start.parameters.scaled(by: 1)
    let queries = RecallTask.sequences(64, index: 1)
    return (
      RecallNetwork(network: network, parameters: untrained, queries: queries),
      RecallNetwork(
        network: network, parameters: try trainer.train(from: start).parameters, queries: queries)
    )
  }

  @Test("The heads that must matter are found: the one that looks back, and those that answer")
  func heads() throws {
    let (untrained, sample) = try InductionTaskTests.learnt()
    #expect(try untrained.without([]).accuracy < 0.4)
    #expect(try sample.without([]).accuracy > 0.99, "on sequences that it has not seen")

    // What must matter, by where the heads look.
    let attention = RecallAttention(sample)
    let (first, second) = (InductionTaskTests.first, InductionTaskTests.second)
    let back = try #require(first.max { attention.toKey[$0] < attention.toKey[$1] })
    let idle = first[0] + first[1] - back
    #expect(attention.toKey[back] > 0.85 && attention.toKey[idle] < 0.5, "\(attention.toKey)")
    // Both heads of the second layer have learnt to answer; each can do without the other.
    #expect(second.allSatisfy { attention.toValue[$0] > 0.9 }, "\(attention.toValue)")
    #expect(first.allSatisfy { attention.toValue[$0] < 0.5 }, "\(attention.toValue)")

    // And by accuracy: the likeliest value of three, of which some are equal, is right for half.
    #expect(try sample.without([back]).accuracy < 0.6)
    #expect(try sample.without(second).accuracy < 0.6)
    for answering in second {
      #expect(try sample.without([idle, answering]).accuracy > 0.95, "as many heads")
    }

    let folder = try ScratchFolder()
    func estimate(
      _ method: ComponentMethod, _ kinds: [ComponentGroup.Kind] = [.head], share: Double = 0.05
    ) throws -> ComponentEstimate {
      try method.estimator.estimate(try sample.study(in: folder, kinds: kinds, share: share))
    }
    // One head at a time is what the network's own pass says.
    let alone = try estimate(.loo)
    let whole = try sample.without([]).values
    for head in first + second {
      let without = try sample.without([head]).values
      for query in 0..<whole.count {
        #expect(abs(alone.scores[query, head] - (whole[query] - without[query])) < 1e-4)
      }
    }
    let weights = try estimate(.expected)
    #expect(weights.weights[back] > 5)
    for head in first + second where head != back {
      #expect(abs(weights.weights[head]) < 0.1 * weights.weights[back], "\(weights.weights)")
    }
    let matter = DiscoveredComponents.found(
      weights.weights, errors: try #require(weights.errors))
    #expect(matter[back])

    // Where half of the heads are away, those that can stand for one another matter, too.
    let half = try estimate(.expected, share: 0.5).weights
    for answering in second {
      #expect(half[answering] > 2 * half[idle] && half[answering] < half[back], "\(half)")
    }

    // Of blocks, attention is what it takes.
    let blocks = try estimate(.expected, [.attention, .mlp])
    let kinds = try sample.study(in: folder, kinds: [.attention, .mlp]).components.components
    let least = zip(kinds, blocks.weights).filter { $0.0.kind == .attention }.map(\.1).min()
    let most = zip(kinds, blocks.weights).filter { $0.0.kind == .mlp }.map { abs($0.1) }.max()
    #expect(try #require(least) > 5 * #require(most), "\(blocks.weights)")

    // Gradients at the whole network see next to nothing: its softmaxes are saturated.
    #expect(abs(try estimate(.atp).weights[back]) < 0.01 * weights.weights[back])
  }
}
