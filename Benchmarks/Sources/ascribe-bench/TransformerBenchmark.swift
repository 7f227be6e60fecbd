import Datasets
import LinearAlgebra
import Networks
import Randomness
import Tensors
import Training

extension Benchmark {
  /// A character model: 4 blocks, width 128, 4 heads, 128 of 65 characters, 16 sequences a step.
  static let transformerStep = Benchmark(
    name: "transformer-step",
    summary: "an AdamW step of a small GPT-2, all signals kept, over PyTorch's on the same threads"
  ) { bench in
    let (batch, steps) = (16, bench.isQuick ? 3 : 8)
    let peer = try TorchTraining(
      script: "bench_transformer.py", arguments: ["\(bench.threads)", "\(steps)"], bench: bench)
    defer { peer?.stop() }
    let sizes = GPT2Configuration(vocabulary: 65, context: 128, layers: 4, heads: 4, width: 128)
    let network = Network.gpt2(sizes)
    let trainer = try Trainer(
      network: network,
      configuration: TrainingConfiguration(
        optimizer: .adamw(), rate: 1e-3, batch: batch, epochs: .max),
      data: characters(batch * steps, length: sizes.context, vocabulary: sizes.vocabulary))
    var state = trainer.initialState()
    let loop = { try seconds { _ = try trainer.runEpoch(&state) } / Double(steps) }
    // Three products a weight, two of them in the backward pass; attention comes on top.
    let weights = network.parameterCount - sizes.context * sizes.width
    let flops = 6 * Double(weights) * Double(batch * sizes.context)
    guard let peer else {
      let time = try (0..<bench.rounds(5)).map { _ in try loop() }.min() ?? 0
      return [
        BenchmarkRow(
          "transformer step, batch \(batch)", 1e3 * time, "ms",
          reference: TorchTraining.absent
        ).atMost(1)
      ]
    }
    let answer = { try peer.answer() / Double(steps) }
    let times = try Comparison(rounds: bench.rounds(7), loop, against: answer)
    return [
      BenchmarkRow(
        "transformer step, batch \(batch)", 1e3 * median(times.first), "ms",
        reference: "PyTorch \(peer.version) \(text(1e3 * median(times.second))) ms, "
          + "\(text(1e-9 * flops / median(times.first))) GF/s in products",
        ratio: times.ratio
      ).atMost(1)
    ]
  }

  static func characters(_ count: Int, length: Int, vocabulary: Int) -> Dataset {
    let tokens = Tensor(uninitialized: [count, length])
    RandomStream(seed: 0, purpose: .probe).fillUniform(
      tokens.storage.base, count: tokens.count, from: 0)
    for i in 0..<tokens.count {
      tokens.storage.base[i] = (tokens.storage.base[i] * Float(vocabulary)).rounded(.down)
    }
    return Dataset(
      inputs: tokens,
      targets: .tokens(tokens, vocabulary: (0..<vocabulary).map(String.init)))
  }
}
