import Foundation
import Testing

/// Commands under a limit of address space, as batch systems set it.
@Suite struct AddressLimitTests {
  private let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  /// A limit, and an end for what would never end: 124, or −9 where SIGTERM did nothing.
  private static func limit(megabytes: Int) -> [String] {
    ["timeout", "-k", "1", "40", "prlimit", "--as=\(megabytes * 1_000_000)"]
  }

  /// Runs the binary under a limit.
  private func run(
    megabytes: Int, _ arguments: [String]
  ) throws -> AscribeProcess.Result {
    try AscribeProcess(
      arguments, in: work.path, through: AddressLimitTests.limit(megabytes: megabytes)
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
    arguments: [320, 450])
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
    // 12,000² numbers of four bytes.
    try work.write(Workspace.table(rows: 12_000, seed: 3), to: "train.csv")
    try work.write(
      Workspace.runFile(
        name: "large", model: "{kind: logistic}", training: "{rate: 0.1, epochs: 1, batch: 256}"),
      to: "large.yaml")
    try work.succeed("train", "large.yaml")
    // The first is refused beforehand; of the second the allocation fails, or it too is refused.
    for megabytes in [800, 940] {
      let refused = try run(
        megabytes: megabytes,
        [
          "query", "large", "--test", "3", "--method", "trak", "--kernel", "exact", "--threads",
          "1",
        ])
      #expect(refused.code == 1, "\(megabytes): \(refused.errors)")
      #expect(refused.errors.contains("  at:  the limit of address space"), "\(refused.errors)")
      guard megabytes == 800 else { continue }
      #expect(
        refused.errors.contains("the exact kernel of 12000 training examples needs at least 0.6 GB")
          && refused.errors.contains("of memory; the limit of address space leaves"),
        "\(refused.errors)")
    }
  }

  @Test("SIGTERM ends a command that waits for memory")
  func signal() throws {
    let process = try AscribeProcess(
      AddressLimitTests.commands[0], in: work.path,
      through: AddressLimitTests.limit(megabytes: 320))
    process.send(SIGTERM)
    let code = process.wait().code
    #expect(code == -SIGTERM || code == 1 || code == 130, "\(code)")
  }
}
