import Foundation

/// PyTorch in a process of its own that measures a round whenever it is asked.
///
/// A script of `tools/reference` prints PyTorch's version, then answers every line on its standard
/// input by the seconds of what it did.
final class TorchTraining {
  /// PyTorch's version, or that of the library the script measures.
  let version: String
  /// In place of the reference where there is no PyTorch.
  static let absent = "PyTorch not found (set ASCRIBE_BENCH_PYTHON)"
  /// What a script calls the version of a library that is not there.
  private static let missing = "missing"
  private let script: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  /// Starts it; nil when no Python with PyTorch is found.
  init?(script: String, arguments: [String], bench: Bench) throws {
    guard let python = TorchTraining.python(root: bench.root) else { return nil }
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["\(bench.root)/tools/reference/\(script)"] + arguments
    self.script = script
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    version = TorchTraining.line(from: output) ?? "?"
  }

  /// A script that measures another library; nil where there is no Python with PyTorch and that library.
  static func library(
    script: String, arguments: [String], bench: Bench
  ) throws -> TorchTraining? {
    let peer = try TorchTraining(script: script, arguments: arguments, bench: bench)
    if peer?.version == missing {
      peer?.stop()
      return nil
    }
    return peer
  }

  /// Seconds of a round measured now.
  func answer() throws -> Double {
    try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
    guard let line = TorchTraining.line(from: output), let value = Double(line) else {
      throw BenchError.peer("\(script) stopped answering")
    }
    return value
  }

  /// Ends the process.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private static func line(from pipe: Pipe) -> String? {
    var bytes: [UInt8] = []
    while let byte = try? pipe.fileHandleForReading.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return nil
  }

  /// The first Python of $ASCRIBE_BENCH_PYTHON, .venv-bench and the path that imports torch.
  private static func python(root: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    let candidates =
      [environment["ASCRIBE_BENCH_PYTHON"], "\(root)/.venv-bench/bin/python"].compactMap { $0 }
      + folders.map { "\($0)/python3" }
    return candidates.first { path in
      guard FileManager.default.isExecutableFile(atPath: path) else { return false }
      let probe = Process()
      probe.executableURL = URL(fileURLWithPath: path)
      probe.arguments = ["-c", "import torch"]
      probe.standardError = FileHandle.nullDevice
      guard (try? probe.run()) != nil else { return false }
      probe.waitUntilExit()
      return probe.terminationStatus == 0
    }
  }
}
