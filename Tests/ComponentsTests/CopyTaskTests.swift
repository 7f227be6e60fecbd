import Components
import Datasets
import LinearAlgebra
import Networks
import Randomness
import Storage
import Tensors
import TestSupport
import Testing
import Training

/// Sequences whose second half is the first once more: only attention brings a token to where it is
/// predicted, so that the heads that must matter are known.
@Suite("A copy task")
struct CopyTaskTests {
  static let half = 4
  static let vocabulary = 8

  private static func sequences(_ count: Int, index: UInt64) -> Dataset {
    let tokens = Tensor(uninitialized: [count, 2 * half])
    let stream = RandomStream(seed: 7, purpose: .split, index: index)
    for row in 0..<count {
      for place in 0..<half {
        let token = Float(stream.integer(below: vocabulary, at: UInt64(row * half + place)))
        tokens.storage.base[row * 2 * half + place] = token
        tokens.storage.base[row * 2 * half + half + place] = token
      }
    }
    return Dataset(
      inputs: tokens, targets: .tokens(tokens, vocabulary: (0..<vocabulary).map { "\($0)" }))
  }

  /// A network that has learnt to copy, and what it was asked about afterwards.
  struct Learnt {
    let network: Network
    let parameters: Tensor
    /// Each asked about the last token, which only its own first half tells.
    let queries: Dataset

    /// - Parameters:
    ///   - heads: of each of the layers.
    init(layers: Int, heads: Int) throws {
      network = .gpt2(
        GPT2Configuration(
          vocabulary: CopyTaskTests.vocabulary, context: 2 * CopyTaskTests.half, layers: layers,
          heads: heads, width: 16))
      let trainer = try Trainer(
        network: network,
        configuration: TrainingConfiguration(
          optimizer: .adamw(), rate: 1e-2, batch: 64, epochs: 12),
        data: CopyTaskTests.sequences(2_048, index: 0))
      parameters = try trainer.train().parameters
      queries = try CopyTaskTests.sequences(24, index: 1)
        .targeting(token: 2 * CopyTaskTests.half - 1)
    }

    func study(
      in folder: ScratchFolder, ablation: Ablation = .zero, pairs: Tensor? = nil
    ) throws -> ComponentStudy {
      try ComponentStudy(
        try MaskedOutputs(
          network, parameters: parameters, components: try ComponentSet(network),
          queries: queries, function: .logProbability, ablation: ablation, pairs: pairs),
        identity: Fingerprint(["model": "copy"]), folder: folder.path)
    }
  }

  @Test("The head that copies is found first, by zero and by corrupted prompts")
  func copies() throws {
    let learnt = try Learnt(layers: 1, heads: 1)
    let folder = try ScratchFolder()
    // A corrupted prompt: another first half, the same second half up to the token asked about.
    let corrupted = Tensor(learnt.queries.inputs.elements, shape: learnt.queries.inputs.shape)
    let half = CopyTaskTests.half
    for row in 0..<learnt.queries.count {
      let place = row * 2 * half + half - 1
      corrupted.storage.base[place] =
        Float((Int(corrupted[place]) + 1 + row % 6) % CopyTaskTests.vocabulary)
    }
    let ways: [(Ablation, Tensor?)] = [(.zero, nil), (.resample, corrupted)]
    for (ablation, pairs) in ways {
      let study = try learnt.study(in: folder, ablation: ablation, pairs: pairs)
      let full = study.outputs.values(Matrix(repeating: 1, rows: 1, columns: study.count))
      #expect((0..<24).allSatisfy { full[0, $0] > -0.2 }, "it has learnt to copy")
      let head = study.components.components.firstIndex { $0.kind == .head }
      let estimate = try ComponentMethod.expected.estimator.estimate(study)
      let sizes = estimate.magnitudes
      let order = sizes.indices.sorted { sizes[$0] > sizes[$1] }
      #expect(order.first == head, "\(ablation)")
      // Nothing else can bring the token: without the head it is chance, or the partner's.
      #expect(estimate.weights[order[0]] > 1.5, "\(estimate.weights[order[0]])")
      let found = DiscoveredComponents.found(estimate.weights, errors: estimate.errors ?? [])
      #expect(found[order[0]])
    }
  }
}
