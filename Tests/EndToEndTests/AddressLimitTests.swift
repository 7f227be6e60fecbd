import Foundation
import Testing

/// Commands under a limit of address space, as batch systems set it.
@Suite struct AddressLimitTests {
  private let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  /// Runs the binary with two threads under a limit.
  private func run(
    megabytes: Int, _ arguments: [String], in folder: String? = nil
  ) throws -> AscribeProcess.Result {
    try AscribeProcess(
      arguments, in: folder ?? work.path,
      through: ["timeout", "-k", "1", "40", "prlimit", "--as=\(megabytes * 1_000_000)"]
    ).wait()
  }

  private static let commands = [
    ["query", "r", "--test", "3", "--threads", "2"],
    ["score", "r", "--out", "s.h5", "--threads", "2"],
    ["collect", "r", "--dim", "16", "--threads", "2", "--overwrite"],
    ["mislabeled", "r", "--threads", "2"],
  ]

  @Test(
    "where OpenBLAS's buffers do not fit, a command says so and ends with 1",
    arguments: [320, 420, 520])
  func buffers(megabytes: Int) throws {
    for command in AddressLimitTests.commands {
      let result = try run(megabytes: megabytes, command)
      #expect(result.code == 1, "\(command): \(result.errors)")
      #expect(result.output.isEmpty)
      let lines = result.errors.split(separator: "\n")
      #expect(lines.contains { $0.hasPrefix("error: OpenBLAS") && $0.contains("128 MiB") })
      #expect(
        lines.contains { $0.hasPrefix("  at:  the limit of address space") }
          && lines.contains { $0.hasPrefix("  fix: raise the limit") }, "\(result.errors)")
    }
  }

  @Test("where they fit, the answers are those without a limit")
  func room() throws {
    for command in AddressLimitTests.commands where command[0] != "collect" {
      let free = try AscribeProcess(command, in: work.path).wait()
      let limited = try run(megabytes: 1_200, command)
      #expect(free.code == 0 && limited.code == 0, "\(limited.errors)")
      #expect(limited.output == free.output)
    }
  }

  @Test("what needs more than the limit leaves is refused with both sizes; help needs nothing")
  func kernel() throws {
    let result = try run(megabytes: 1_000, ["--help"])
    #expect(result.code == 0 && result.output.contains("ascribe demo"))
    // 12,000² numbers of four bytes, twice.
    try work.write(Workspace.table(rows: 12_000, seed: 3), to: "train.csv")
    try work.write(
      Workspace.runFile(
        name: "large", model: "{kind: logistic}", training: "{rate: 0.1, epochs: 1, batch: 256}"),
      to: "large.yaml")
    try work.succeed("train", "large.yaml")
    let refused = try run(
      megabytes: 1_200, ["query", "large", "--test", "3", "--method", "trak", "--threads", "1"])
    #expect(refused.code == 1)
    #expect(
      refused.errors.contains("the exact kernel of 12000 training examples needs at least")
        && refused.errors.contains("of memory; the limit of address space leaves"),
      "\(refused.errors)")
  }

  @Test("SIGTERM ends a command that waits for memory")
  func signal() throws {
    let process = try AscribeProcess(
      AddressLimitTests.commands[0], in: work.path, through: ["prlimit", "--as=320000000"])
    process.send(SIGTERM)
    let code = process.wait().code
    #expect(code == -SIGTERM || code == 1 || code == 130, "\(code)")
  }
}
