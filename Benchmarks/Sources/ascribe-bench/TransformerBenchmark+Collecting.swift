import Gradients
import Networks
import Projections
import Tensors

extension Benchmark {
  /// A language model of width 256: 4 blocks, 8 heads, 128 of 65 characters.
  static let transformerCollecting = Benchmark(
    name: "transformer-collecting",
    summary: "passes of a GPT-2 of width 256 over SGEMM; its projected gradients over its passes, "
      + "and beside traker's"
  ) { bench in
    let sizes = GPT2Configuration(vocabulary: 65, context: 128, layers: 4, heads: 8, width: 256)
    let network = Network.gpt2(sizes)
    let data = characters(64, length: sizes.context, vocabulary: sizes.vocabulary)
    let source = GradientSource(network: network, parameters: network.initialParameters(seed: 0))
    let targets = TargetValues(data.targets)
    // Batches as training has them.
    let batch = 16
    let passes = {
      try seconds {
        for start in stride(from: 0, to: data.count, by: batch) {
          let rows = start..<start + batch
          _ = try network.lossGradient(
            data.inputs.prefixSlice(rows), targets.gathered(Array(rows)),
            parameters: source.parameters, loss: .nextToken)
        }
      }
    }
    // Products with weights alone: attention comes on top.
    let weights = network.parameterCount - sizes.context * sizes.width
    let flops = 6 * Double(weights) * Double(data.count * sizes.context)
    let product = SGEMM()
    let rate = try Comparison(rounds: bench.rounds(7), passes, against: product.time)
    let (own, plain) = (flops / median(rate.first), SGEMM.flops / median(rate.second))
    var rows = [
      BenchmarkRow(
        "transformer forward + backward", 1e-9 * own, "GF/s",
        reference: "SGEMM \(text(1e-9 * plain)) GF/s", ratio: own / plain
      ).atLeast(0.5)
    ]
    for kind in [ProjectorKind.kronecker, .factoredSJLT] {
      let choice = ProjectionChoice(kind: kind, dimension: 2_048)
      let projector = try choice.projector(for: source, .loss, data)
      let collect = {
        try seconds {
          try source.forEachFeatures(
            of: data, atMost: FeatureCollection.blockSize, projector: projector,
            target: .output(.loss)
          ) { _, _ in }
        }
      }
      let times = try Comparison(rounds: bench.rounds(5), collect, against: passes)
      rows.append(
        BenchmarkRow(
          "transformer \(kind.rawValue) to 2,048", 1e3 * median(times.first), "ms",
          reference: "forward and backward \(text(1e3 * median(times.second))) ms",
          ratio: times.ratio
        ).atMost(1.5))
      if kind == .factoredSJLT,
        let peer = try TorchTraining.library(
          script: "bench_traker_transformer.py", arguments: ["\(bench.threads)"], bench: bench)
      {
        defer { peer.stop() }
        let theirs = try Comparison(
          rounds: bench.rounds(3), collect,
          against: { try peer.answer() * Double(data.count) })
        rows.append(
          BenchmarkRow(
            "transformer projected gradients", 1e3 * median(theirs.first), "ms",
            reference: "traker \(peer.version) \(text(median(theirs.second))) s",
            ratio: 1 / theirs.ratio
          ).atLeast(20))
      }
    }
    return rows
  }
}
