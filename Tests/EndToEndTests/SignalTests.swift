import Foundation
import Testing

/// Ctrl-C and TERM, however short the work and wherever it stands.
@Suite struct SignalTests {
  /// A pipe that is full: who writes an answer into it waits until it is read.
  private final class FullPipe {
    let path: String
    private let descriptor: Int32

    init(in work: Workspace) throws {
      path = work.file("answers")
      try #require(mkfifo(path, 0o600) == 0)
      descriptor = open(path, O_RDWR | O_NONBLOCK)
      try #require(descriptor >= 0)
      let bytes = [UInt8](repeating: 0, count: 512)
      while write(descriptor, bytes, bytes.count) > 0 {}
    }

    deinit { close(descriptor) }

    func drain() {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while read(descriptor, &bytes, bytes.count) > 0 {}
    }
  }

  /// A query that has begun and cannot end, since nobody reads its answer.
  private func begin(_ arguments: [String], _ pipe: FullPipe, in work: Workspace) throws
    -> AscribeProcess
  {
    let process = try AscribeProcess(arguments, in: work.path, standardOutput: pipe.path)
    while !process.takesOver(SIGTERM) { usleep(1_000) }
    return process
  }

  @Test(
    "a short command that was told to stop ends with 130, and promises nothing",
    arguments: [
      (["query", "r", "--test", "all"], SIGINT), (["query", "r", "--test", "all"], SIGTERM),
      (["mislabeled", "r", "--signal", "leaveOneOutMargin"], SIGINT),
      (["score", "r", "--json"], SIGTERM), (["evaluate", "r", "lds"], SIGINT),
    ] as [([String], Int32)])
  func short(arguments: [String], signal: Int32) throws {
    let work = try Workspace(trained: true)
    if arguments[0] == "evaluate" { try work.succeed("retrain", "r", "--subsets", "4") }
    let pipe = try FullPipe(in: work)
    let process = try begin(arguments, pipe, in: work)
    // The signal is there before there is room for an answer.
    process.send(signal)
    pipe.drain()
    let ended = process.wait()
    #expect(ended.code == 130, "\(arguments): \(ended.errors)")
    #expect(ended.errors.hasSuffix("interrupted\n"), "\(ended.errors)")
    #expect(!ended.errors.contains("kept"), "\(ended.errors)")
  }

  @Test("a second signal ends a command at once, wherever it stands")
  func second() throws {
    let work = try Workspace(trained: true)
    let pipe = try FullPipe(in: work)
    let process = try begin(["query", "r", "--test", "all"], pipe, in: work)
    process.send(SIGINT)
    process.send(SIGTERM)
    // The pipe is never read: only the second signal can end what waits for it.
    let ended = process.wait()
    #expect(ended.code == 130, "\(ended.errors)")
    withExtendedLifetime(pipe) {}
  }
}
