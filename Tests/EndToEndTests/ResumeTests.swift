import Foundation
import Testing

/// Killed at any moment and started again, the same bytes.
@Suite struct ResumeTests {
  /// Three seeds of a few hundred milliseconds.
  private static let long = Workspace.runFile(
    training: "{rate: 0.05, momentum: 0.9, epochs: 40, batch: 8, seeds: 3}")

  private func workspace() throws -> Workspace {
    let work = try Workspace()
    try work.write(ResumeTests.long, to: "r.yaml")
    return work
  }

  /// Milliseconds of a body.
  private func milliseconds(_ body: () throws -> Void) rethrows -> Int {
    let clock = ContinuousClock()
    return Int(try clock.measure(body) / .milliseconds(1))
  }

  /// Runs a command again and again, killed after random times, at last to its end.
  ///
  /// - Returns: how many were killed before they were done.
  private func killRepeatedly(
    _ arguments: [String], in work: Workspace, within time: Int, signal: Int32 = SIGKILL,
    seed: UInt64
  ) throws -> Int {
    var draw = Draw(seed: seed)
    var kills = 0
    for _ in 0..<6 {
      let process = try AscribeProcess(arguments, in: work.path)
      usleep(UInt32(1000 * draw.below(max(20, time))))
      process.send(signal)
      if process.wait().code == -signal { kills += 1 }
    }
    let last = try AscribeProcess(arguments, in: work.path).wait()
    #expect(last.code == 0, "seed \(seed): \(last.errors)")
    return kills
  }

  @Test("a training killed at random times leaves the bytes of an undisturbed one")
  func killedTraining() throws {
    let whole = try workspace()
    let time = try milliseconds { try whole.succeed("train", "r.yaml") }
    let expected = whole.files("Checkpoints")
    let work = try workspace()
    let kills = try killRepeatedly(["train", "r.yaml"], in: work, within: time, seed: 1)
    #expect(kills > 0)
    #expect(work.files("Checkpoints") == expected)
  }

  @Test("a collection killed at random times leaves the bytes of an undisturbed one")
  func killedCollection() throws {
    let work = try workspace()
    try work.succeed("train", "r.yaml")
    let collect = ["collect", "r", "--checkpoints", "all", "--dim", "16"]
    let time = try milliseconds { _ = try AscribeProcess(collect, in: work.path).wait() }
    let expected = work.files("Projections")
    try #require(expected.count > 18)
    var kills = 0
    for seed in 0..<2 {
      try work.remove("Projections")
      kills += try killRepeatedly(collect, in: work, within: time, seed: UInt64(10 + seed))
      #expect(work.files("Projections") == expected, "seed \(10 + seed)")
    }
    #expect(kills > 0)
  }

  @Test("killed writers of answers leave the old file or the new one, and nothing else")
  func killedAnswers() throws {
    let work = try Workspace(trained: true)
    let names = ["s.h5", "q.html"]
    let commands = [
      ["score", "r", "--out", "s.h5"], ["query", "r", "--test", "all", "--report", "q.html"],
    ]
    for (name, command) in zip(names, commands) {
      let time = try milliseconds { _ = try AscribeProcess(command, in: work.path).wait() }
      let expected = try work.bytes(name)
      _ = try killRepeatedly(command, in: work, within: time, seed: 3)
      #expect(try work.bytes(name) == expected)
    }
  }
}
