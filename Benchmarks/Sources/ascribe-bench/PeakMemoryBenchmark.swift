// Letters: n examples.
import Foundation
import Gradients
import LinearAlgebra
import Storage
import Tensors

extension Benchmark {
  /// Memory of `collect` for two sizes.
  static let peakMemory = Benchmark(
    name: "peak-memory",
    summary: "peak of collecting 40,000 images less the data's bytes, over the same of 10,000"
  ) { bench in
    let small = try collectionMemory(10_000, bench)
    let large = try collectionMemory(40_000, bench)
    return [
      BenchmarkRow(
        "collect's memory, n = 40,000", large, "MB",
        reference: "n = 10,000: \(text(small)) MB beyond the data", ratio: large / small
      ).atMost(1.1)
    ]
  }

  /// Megabytes beyond the data in a process of its own.
  private static func collectionMemory(_ n: Int, _ bench: Bench) throws -> Double {
    let child = Process()
    let output = Pipe()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = ["collect-memory", "\(n)", "\(bench.scratch)/memory-\(n).h5"]
    child.standardOutput = output
    try child.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    child.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self)
    guard let value = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw BenchError.peer("the collecting process failed: \(text)")
    }
    return value
  }

  /// Collects n images and prints the peak of this process less the data's bytes, in megabytes.
  static func collectAndPrintMemory(_ n: Int, to path: String) throws {
    let data = Workload.images(n)
    let source = GradientSource(
      network: Workload.network, parameters: Workload.network.initialParameters(seed: 0))
    let collection = FeatureCollection(
      groups: [.init(name: "bench", source: source, modelHash: "bench")],
      outputFunction: .margin, projection: ProjectionChoice(kind: .kronecker, dimension: 512),
      training: data, identity: RunIdentity(machine: .init(blasCore: BLAS.coreName)))
    try collection.collect(data, to: path)
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      .flatMap { Double($0.split(whereSeparator: { !$0.isNumber }).first ?? "") }
    guard let peak else { throw BenchError.system(operation: "read", path: "/proc/self/status") }
    print((peak * 1024 - Double(data.inputs.count * 4)) / 1e6)
  }
}
