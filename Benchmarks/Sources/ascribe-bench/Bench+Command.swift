import ArgumentParser
import Foundation
import LinearAlgebra
import Tensors

/// The command: which benchmarks, how often, and where the rows go.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures Ascribe against this machine's own rates and, where found, PyTorch.",
    subcommands: [Run.self, CollectMemory.self], defaultSubcommand: Run.self)

  /// Measures.
  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run benchmarks (the default).")

    @Option(help: "Write the rows to this file as JSON.") var json: String?
    @Option(help: "Run one benchmark alone; may be repeated.") var only: [String] = []
    @Flag(help: "Name the benchmarks.") var list = false
    @Flag(help: "Fewer repeats, smaller files.") var quick = false

    func run() throws {
      if list {
        for one in Benchmark.all { print("\(one.name): \(one.summary)") }
        return
      }
      for name in only where !Benchmark.all.contains(where: { $0.name == name }) {
        throw BenchError.unknown(name)
      }
      let scratch = NSTemporaryDirectory() + "/ascribe-bench-\(getpid())"
      try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: scratch) }
      let environment = ProcessInfo.processInfo.environment
      let bench = Bench(
        isQuick: quick, threads: Workers.count,
        root: environment["ASCRIBE_BENCH_ROOT"] ?? FileManager.default.currentDirectoryPath,
        scratch: scratch)
      print(
        "\(Machine.processor), OpenBLAS core \(BLAS.coreName), \(bench.threads) threads, "
          + "load \(Machine.load)\n")
      var rows: [BenchmarkRow] = []
      print(Table.heading)
      for one in Benchmark.all where only.isEmpty || only.contains(one.name) {
        for row in try one.run(bench) {
          rows.append(row)
          print(Table.line(row))
        }
      }
      if let json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(rows).write(to: URL(fileURLWithPath: json), options: .atomic)
      }
    }
  }

  /// The child of `peak-memory`.
  struct CollectMemory: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "collect-memory", shouldDisplay: false)

    @Argument var count: Int
    @Argument var path: String

    func run() throws { try Benchmark.collectAndPrintMemory(count, to: path) }
  }
}

/// What the figures were measured on.
enum Machine {
  /// The processor's name.
  static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown processor"
  }

  /// Processes that were waiting for a core in the last minute: above 0.5, times are noisy.
  static var load: String {
    let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "?"
    return String(text.prefix { $0 != " " })
  }
}

/// The printed form of the rows.
enum Table {
  private static let widths = [36, 14, 46, 7, 8]

  static let heading = line(["benchmark", "median", "reference", "ratio", "goal"]) + "met"

  static func line(_ row: BenchmarkRow) -> String {
    line([
      row.name, row.value.map { "\(text($0)) \(row.unit)" } ?? "–", row.reference,
      row.ratio.map(text) ?? "", row.goal,
    ]) + (row.met.map { $0 ? "yes" : "NO" } ?? "")
  }

  private static func line(_ cells: [String]) -> String {
    zip(cells, widths).map { cell, width in
      cell + String(repeating: " ", count: max(1, width - cell.count))
    }.joined()
  }
}
