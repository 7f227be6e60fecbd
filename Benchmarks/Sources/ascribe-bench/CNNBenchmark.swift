import Networks
import Randomness
import Tensors
import Training

extension Benchmark {
  /// A network of few channels against PyTorch in its better layout, and with masks against itself.
  static let cnn = Benchmark(
    name: "cnn",
    summary: "a cnn of 16 and 32 channels on 28 × 28 images: outputs (rate over PyTorch's better "
      + "layout), a step (time over it), outputs under masks (rate over those without)"
  ) { bench in
    let image = ImageShape(channels: 1, height: 28, width: 28)
    guard
      let network = Network.convolutional(
        image: image, channels: [16, 32], hidden: [64], outputs: 10)
    else { preconditionFailure("cnn on \(image)") }
    let (batch, steps) = (64, 40)
    let data = Workload.images(batch * steps)
    let batches = (0..<steps).map { data.inputs.prefixSlice($0 * batch..<($0 + 1) * batch) }
    let theta = network.initialParameters(seed: 0)
    let forward = {
      seconds { for x in batches { fitting { try network.outputs(x, parameters: theta) } } }
        / Double(steps)
    }
    let targets = TargetValues(data.targets)
    let training = BareTraining(
      network,
      batches: batches.enumerated().map { step, x in
        (x, targets.gathered(Array(step * batch..<(step + 1) * batch)))
      })
    let step = { try seconds { try training.run() } / Double(steps) }
    func perSecond(_ times: [Double]) -> Double { Double(batch) / median(times) }

    var rows: [BenchmarkRow] = []
    for (name, own, arguments) in [
      ("cnn forward", forward, ["--forward"]), ("cnn training step", step, []),
    ] as [(String, () throws -> Double, [String])] {
      let peers = try [[], ["--channels-last"]].compactMap { order in
        try TorchTraining(
          script: "bench_cnn.py",
          arguments: ["--serve", "--steps", "\(steps)", "--threads", "\(bench.threads)"]
            + arguments + order, bench: bench)
      }
      defer { for peer in peers { peer.stop() } }
      guard let version = peers.first?.version else {
        rows.append(
          BenchmarkRow(
            name, perSecond([try own()]), "images/s", reference: TorchTraining.absent))
        continue
      }
      let times = try Comparison(rounds: bench.rounds(9), own) {
        try peers.map { try $0.answer() }.min() ?? .nan
      }
      let isForward = !arguments.isEmpty
      let row = BenchmarkRow(
        name, perSecond(times.first), "images/s",
        reference: "PyTorch \(version) \(text(perSecond(times.second))) images/s",
        ratio: isForward ? 1 / times.ratio : times.ratio)
      rows.append(isForward ? row.atLeast(1) : row.atMost(1))
    }
    return rows + [try maskedRow(network, theta, data.inputs.prefixSlice(0..<256), bench)]
  }
}

/// Outputs of 256 rows with a mask of 5 % of the filters and neurons each, and without.
private func maskedRow(
  _ network: Network, _ theta: Tensor, _ x: Tensor, _ bench: Bench
) throws -> BenchmarkRow {
  let rows = x.shape[0]
  let stream = RandomStream(seed: 12, purpose: .probe, index: 78)
  let groups = network.components.filter { !$0.kind.isWhole }
  let masks = Dictionary(
    uniqueKeysWithValues: groups.map { group in
      let draws = Tensor(uninitialized: [rows, group.units])
      stream.fillUniform(draws.storage.base, count: draws.count, from: UInt64(group.point) << 32)
      let mask = Tensor(draws.elements.map { $0 < 0.05 ? 0 : 1 }, shape: draws.shape)
      return (group.point, AblationMask(mask: mask))
    })
  func measure(_ ablation: [Int: AblationMask]) -> Double {
    seconds {
      for _ in 0..<20 {
        fitting { try network.outputs(x, parameters: theta, ablation: ablation) }
      }
    } / 20
  }
  let times = Comparison(rounds: bench.rounds(9), { measure([:]) }, against: { measure(masks) })
  func perSecond(_ times: [Double]) -> Double { Double(rows) / median(times) }
  return BenchmarkRow(
    "cnn forward under masks", perSecond(times.second), "images/s",
    reference: "without masks \(text(perSecond(times.first))) images/s", ratio: times.ratio
  ).atLeast(0.9)
}

/// Does what can go wrong only by a mistake here.
private func fitting(_ body: () throws -> Tensor) {
  do { _ = try body() } catch { preconditionFailure("\(error)") }
}
