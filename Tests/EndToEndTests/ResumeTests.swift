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

  /// Runs a command until it was killed six times after random times, then to its end.
  ///
  /// How long the command takes changes with whatever else the machine does. A command that was done
  /// before its kill is therefore run afresh and killed within half the time, which ends at a kill at
  /// its start.
  ///
  /// - Parameter afresh: Undoes what a finished command has written.
  private func killRepeatedly(
    _ arguments: [String], in work: Workspace, within time: Int, seed: UInt64,
    afresh: () throws -> Void
  ) throws {
    var draw = Draw(seed: seed)
    var within = max(20, time)
    var kills = 0
    while kills < 6 {
      let process = try AscribeProcess(arguments, in: work.path)
      usleep(UInt32(1000 * draw.below(max(1, within))))
      process.send(SIGKILL)
      if process.wait().code == -SIGKILL {
        kills += 1
      } else {
        within /= 2
        try afresh()
      }
    }
    let last = try AscribeProcess(arguments, in: work.path).wait()
    #expect(last.code == 0, "seed \(seed): \(last.errors)")
  }

  @Test("a training killed at random times leaves the bytes of an undisturbed one")
  func killedTraining() throws {
    let whole = try workspace()
    let time = try milliseconds { try whole.succeed("train", "r.yaml") }
    let expected = whole.files("Checkpoints")
    let work = try workspace()
    // Saved often, so that it does go on where it was.
    let train = ["train", "r.yaml", "--save-every", "0.02"]
    try killRepeatedly(train, in: work, within: time, seed: 1) { try work.remove("Checkpoints") }
    #expect(work.files("Checkpoints") == expected)
  }

  @Test(
    "gradients saved by a training killed at random times are those of an undisturbed one",
    arguments: ["steps", "checkpoints"])
  func killedSaving(moment: String) throws {
    let text = Workspace.runFile(
      training: "{rate: 0.05, momentum: 0.9, epochs: 40, batch: 8, seeds: 3, "
        + "save: {projector: kronecker, dimension: 24, at: \(moment)}}")
    let whole = try Workspace()
    try whole.write(text, to: "r.yaml")
    let time = try milliseconds { try whole.succeed("train", "r.yaml") }
    let expected = whole.files("Checkpoints", "Projections")
    try #require(expected.keys.contains { $0.hasPrefix("Projections/r/") })
    let work = try Workspace()
    try work.write(text, to: "r.yaml")
    let train = ["train", "r.yaml", "--save-every", "0.02"]
    try killRepeatedly(train, in: work, within: time, seed: 4) {
      try work.remove("Checkpoints", "Projections")
    }
    #expect(work.files("Checkpoints", "Projections") == expected)
    guard moment == "checkpoints" else { return }
    try whole.remove("Projections")
    try whole.succeed(
      "collect", "r", "--checkpoints", "all", "--projector", "kronecker", "--dim", "24")
    #expect(whole.files("Checkpoints", "Projections") == expected)
  }

  @Test("a collection killed at random times leaves the bytes of an undisturbed one")
  func killedCollection() throws {
    let work = try workspace()
    try work.succeed("train", "r.yaml")
    let collect = ["collect", "r", "--checkpoints", "all", "--dim", "16"]
    let time = try milliseconds { _ = try AscribeProcess(collect, in: work.path).wait() }
    let expected = work.files("Projections")
    try #require(expected.count > 18)
    for seed in 0..<2 {
      try work.remove("Projections")
      try killRepeatedly(collect, in: work, within: time, seed: UInt64(10 + seed)) {
        try work.remove("Projections")
      }
      #expect(work.files("Projections") == expected, "seed \(10 + seed)")
    }
  }

  @Test("banks of ablations killed at random times come to the bytes of undisturbed ones")
  func killedComponents() throws {
    func workspace() throws -> Workspace {
      let work = try Workspace()
      // Some parts a bank: one holds 32,768 pairs of a mask and a query.
      try work.write(Workspace.table(rows: 900, seed: 2), to: "test.csv")
      try work.write(Workspace.runFile(model: "{kind: mlp, hidden: [16]}"), to: "r.yaml")
      try work.succeed("train", "r.yaml")
      return work
    }
    let command = ["components", "r", "--out", "c.h5", "--report", "c.html"]
    let whole = try workspace()
    let time = try milliseconds { _ = try AscribeProcess(command, in: whole.path).wait() }
    let expected = whole.files("Projections")
    #expect(expected.keys.contains { $0.contains("components/removal-") })
    let work = try workspace()
    try killRepeatedly(command, in: work, within: time, seed: 4) { try work.remove("Projections") }
    #expect(work.files("Projections") == expected)
    for name in ["c.h5", "c.html"] { #expect(try work.bytes(name) == whole.bytes(name), "\(name)") }
  }

  @Test("derivatives of a run killed at random times leave the bytes of undisturbed ones")
  func killedDerivatives() throws {
    let work = try Workspace(trained: true)
    let command = ["score", "r", "--method", "magic", "--out", "m.h5"]
    let time = try milliseconds { _ = try AscribeProcess(command, in: work.path).wait() }
    let (expected, kept) = (try work.bytes("m.h5"), work.files("Checkpoints", "Projections"))
    #expect(kept.keys.contains { $0.contains("/states/") })
    func clean() throws {
      for name in ["m.h5", "Projections", "Checkpoints/r/seed-0/states"] where work.exists(name) {
        try work.remove(name)
      }
    }
    try clean()
    try killRepeatedly(command, in: work, within: time, seed: 6, afresh: clean)
    #expect(try work.bytes("m.h5") == expected)
    #expect(work.files("Checkpoints", "Projections") == kept)
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
      try killRepeatedly(command, in: work, within: time, seed: 3) {}
      #expect(try work.bytes(name) == expected)
    }
  }

  @Test("Ctrl-C stops with 130, goes on where it was and leaves the same bytes")
  func interruptedTraining() throws {
    let text = Workspace.runFile(training: "{rate: 0.05, epochs: 300, batch: 8}")
    let whole = try Workspace()
    try whole.write(text, to: "r.yaml")
    try whole.succeed("train", "r.yaml")
    let work = try Workspace()
    try work.write(text, to: "r.yaml")
    let state = "Checkpoints/r/seed-0/resume/state.safetensors"
    for signal in [SIGINT, SIGTERM] {
      let before = try? work.bytes(state)
      let process = try AscribeProcess(["train", "r.yaml", "--save-every", "0"], in: work.path)
      while (try? work.bytes(state)) == before { usleep(1_000) }
      process.send(signal)
      let ended = process.wait()
      #expect(ended.code == 130, "\(ended.errors)")
      #expect(ended.errors.contains("give the same command again to go on"))
      #expect(work.files("Checkpoints").keys.allSatisfy { !$0.contains("partial") })
    }
    let last = try work.succeed("train", "r.yaml")
    #expect(last.errors.contains("going on after epoch"))
    #expect(work.files("Checkpoints") == whole.files("Checkpoints"))
  }

  @Test("a damaged saved state is refused, and left aside with --overwrite")
  func damagedState() throws {
    let whole = try workspace()
    try whole.succeed("train", "r.yaml")
    let work = try workspace()
    let train = ["train", "r.yaml", "--save-every", "0", "--threads", "1"]
    let process = try AscribeProcess(train, in: work.path)
    let state = "Checkpoints/r/seed-0/resume/state.safetensors"
    while !work.exists(state) { usleep(1_000) }
    process.send(SIGKILL)
    #expect(process.wait().code == -SIGKILL)
    try work.flip(state, byte: try work.bytes(state).count - 1)
    try work.fail(4, "train", "r.yaml", words: [state])
    try work.succeed("train", "r.yaml", "--overwrite")
    #expect(work.files("Checkpoints") == whole.files("Checkpoints"))
  }
}
