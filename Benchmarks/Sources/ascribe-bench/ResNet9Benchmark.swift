import Networks
import Randomness
import Tensors
import Training

extension Benchmark {
  /// A step of resnet9 against PyTorch.
  static let resnet9Step = Benchmark(
    name: "resnet9-step",
    summary: "a step of resnet9 on 64 images of 32 × 32, over PyTorch's on the same threads"
  ) { bench in
    let steps = 2
    let image = ImageShape(channels: 3, height: 32, width: 32)
    guard let network = Network.resnet9(image: image, outputs: 10) else {
      preconditionFailure("resnet9 on \(image)")
    }
    let training = BareTraining(network, batches: imageBatches(batch: 64, steps: steps))
    let step = { try seconds { try training.run() } / Double(steps) }
    var rows: [BenchmarkRow] = []
    for (order, arguments) in [("", []), (" channels last", ["--channels-last"])] {
      let peer = try TorchTraining(
        script: "bench_resnet9.py",
        arguments: ["--serve", "--steps", "\(steps)", "--threads", "\(bench.threads)"]
          + arguments, bench: bench)
      defer { peer?.stop() }
      guard let peer else {
        return [
          BenchmarkRow(
            "resnet9 step, batch 64", 1e3 * (try step()), "ms",
            reference: TorchTraining.absent
          ).atMost(1)
        ]
      }
      let times = try Comparison(rounds: bench.rounds(5), step, against: peer.answer)
      rows.append(
        BenchmarkRow(
          "resnet9 step, batch 64\(order)", 1e3 * median(times.first), "ms",
          reference: "PyTorch \(peer.version)\(order) \(text(1e3 * median(times.second))) ms",
          ratio: times.ratio
        ).atMost(1))
    }
    return rows
  }
}

/// Images of random numbers, 32 × 32, cut into batches.
private func imageBatches(batch: Int, steps: Int) -> [(Tensor, TargetValues)] {
  let stream = RandomStream(seed: 11, purpose: .probe, index: 77)
  return (0..<steps).map { step in
    let x = Tensor(uninitialized: [batch, 3, 32, 32])
    stream.fillUniform(x.storage.base, count: x.count, from: UInt64(step * x.count))
    let classes = (0..<batch).map { Int32(stream.integer(below: 10, at: UInt64($0 + step))) }
    return (x, .classes(classes))
  }
}
