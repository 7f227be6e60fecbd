import Foundation
import Testing

/// `verify RUN` looks at everything that the run consists of.
@Suite struct VerifyTests {
  @Test("damage in anything of a run is found by verify, which names the file")
  func everything() throws {
    let work = try Workspace(trained: true)
    let run = try work.object("verify", "r")
    try work.succeed("retrain", "r", "--subsets", "10", "--seeds", "2")
    try work.succeed("calibrate", "r")
    try work.succeed("evaluate", "r", "randomized")
    try work.succeed("collect", "r", "--dim", "16")
    try work.succeed("score", "r", "--method", "trak")
    let whole = try work.object("verify", "r")
    let calibration = try #require(
      FileManager.default.contentsOfDirectory(atPath: work.file("Checkpoints/r"))
        .first { $0.hasPrefix("calibration-") })
    let files = [
      "Checkpoints/r/bank.h5", "Checkpoints/r/shuffled-labels.h5",
      "Checkpoints/r/\(calibration)", "Projections/r/train.h5",
      "Projections/r/train.shards/seed-0/epoch-006/00000.h5", "Projections/r/scores-trak.h5",
    ]
    #expect(whole["files"] as? Int == (run["files"] as? Int).map { $0 + files.count })
    for file in files {
      let bytes = try work.bytes(file)
      for place in [20, bytes.count / 2, bytes.count - 2] {
        try work.flip(file, byte: place)
        try work.fail(4, "verify", "r", words: [file])
        try bytes.write(to: URL(fileURLWithPath: work.file(file)))
      }
    }
    try work.succeed("verify", "r")
    // A store that is not finished: its shards stand for themselves.
    try work.remove("Projections/r/train.h5")
    try work.flip(files[4], byte: 20)
    try work.fail(4, "verify", "r", words: [files[4]])
  }

  @Test("a damaged calibration is to be made again, not the run")
  func calibration() throws {
    let work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "10", "--seeds", "2")
    let made = try work.object("calibrate", "r")
    let path = try #require(made["path"] as? String)
    try work.flip(path, byte: 100)
    for command in [["verify", "r"], ["query", "r", "--test", "0"]] {
      let ended = try AscribeProcess(command, in: work.path).wait()
      #expect(ended.code == 4, "\(ended.errors)")
      #expect(ended.errors.contains("at:  \(path)"), "\(ended.errors)")
      #expect(ended.errors.contains("fix: calibrate again (or delete the file)"))
      #expect(!ended.errors.contains("--overwrite"))
    }
    try work.succeed("calibrate", "r")
    try work.succeed("verify", "r")
  }

  @Test("states kept for replays are verified, and deleted with the run that they are of")
  func states() throws {
    let work = try Workspace(trained: true)
    let before = try #require(try work.object("verify", "r")["files"] as? Int)
    let state = "Checkpoints/r/seed-0/states/step-000000001.safetensors"
    // As far as seals go, weights are a state.
    let sealed = try work.bytes("Checkpoints/r/seed-0/epoch-006.safetensors")
    try FileManager.default.createDirectory(
      atPath: work.file("Checkpoints/r/seed-0/states"), withIntermediateDirectories: true)
    try sealed.write(to: URL(fileURLWithPath: work.file(state)))
    #expect(try work.object("verify", "r")["files"] as? Int == before + 1)
    try work.flip(state, byte: sealed.count - 2)
    try work.fail(4, "verify", "r", words: [state])
    try work.write(
      try work.text("r.yaml").replacingOccurrences(of: "rate: 0.1", with: "rate: 0.2"), to: "r.yaml"
    )
    try work.succeed("train", "r.yaml", "--overwrite")
    #expect(!work.exists(state))
  }

  @Test("what a store is not asked for is verify's to check, and its help says so")
  func used() throws {
    let help = try Workspace().succeed("verify", "--help")
    #expect(help.output.contains("Other commands check what they use"))
  }
}
