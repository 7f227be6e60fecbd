import Foundation
import Testing

/// Files that changed, went missing or belong to something else are refused, naming them.
@Suite struct DamageTests {
  private static let weights = "Checkpoints/r/seed-0/epoch-006.safetensors"
  private static let shard = "Projections/r/train.shards/seed-0/epoch-006/00000.h5"

  /// A trained run with a store and a score file.
  private func workspace() throws -> Workspace {
    let work = try Workspace(trained: true)
    try work.succeed("collect", "r", "--dim", "16")
    try work.succeed("score", "r", "--method", "trak", "--out", "Projections/r/scores.h5")
    return work
  }

  @Test("a flipped bit anywhere in a file is found by verify, which names the file")
  func flippedBits() throws {
    let work = try workspace()
    let cases = [
      (DamageTests.weights, "r"), ("Checkpoints/r/seed-0/epoch-001.json", "r"),
      ("Checkpoints/r/run.json", "r"), ("Checkpoints/r/seed-0/dynamics.h5", "r"),
      ("Projections/r/train.h5", "Projections/r/train.h5"),
      (DamageTests.shard, "Projections/r/train.h5"),
      ("Projections/r/scores.h5", "Projections/r/scores.h5"),
    ]
    var draw = Draw(seed: 5)
    for (file, checked) in cases {
      let whole = try work.bytes(file)
      // Header, end and two places in between.
      for byte in [9, whole.count - 1, draw.below(whole.count), draw.below(whole.count)] {
        try work.flip(file, byte: byte)
        try work.fail(4, "verify", checked, words: [file])
        try whole.write(to: URL(fileURLWithPath: work.file(file)))
      }
    }
    try work.succeed("verify", "r")
    try work.succeed("verify", "Projections/r/train.h5")
  }

  @Test("commands that read a damaged file refuse it, and name it")
  func readersRefuseDamage() throws {
    let work = try workspace()
    let features = ["query", "r", "--test", "0", "--kernel", "features", "--method", "trak"]
    for (file, command) in [
      (DamageTests.weights, ["query", "r", "--test", "0"]),
      (DamageTests.weights, ["outputs", "r"]),
      ("Checkpoints/r/run.json", ["outputs", "r"]),
      ("Checkpoints/r/run.json", ["train", "r.yaml"]),
      ("Checkpoints/r/seed-0/dynamics.h5", ["mislabeled", "r", "--signal", "el2n"]),
      ("Projections/r/train.h5", features), (DamageTests.shard, features),
      ("Projections/r/scores.h5", ["inspect", "Projections/r/scores.h5"]),
    ] {
      let whole = try work.bytes(file)
      try work.flip(file, byte: 20)
      let flipped = try AscribeProcess(command, in: work.path).wait()
      #expect(flipped.code == 4 && flipped.errors.contains(file), "\(file): \(flipped.errors)")
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: work.file(file)))
      let cut = try AscribeProcess(command, in: work.path).wait()
      #expect(cut.code == 4 && cut.errors.contains(file), "\(file): \(cut.errors)")
      try whole.write(to: URL(fileURLWithPath: work.file(file)))
    }
  }

  @Test("a finished run without one of its files is refused, never answered from what is left")
  func missingFiles() throws {
    let work = try workspace()
    let expected = work.files("Checkpoints")
    for (file, command) in [
      (DamageTests.weights, ["outputs", "r"]), (DamageTests.weights, ["collect", "r"]),
      (DamageTests.weights, ["verify", "r"]),
      ("Checkpoints/r/seed-0/epoch-006.json", ["outputs", "r"]),
      ("Checkpoints/r/seed-0/epoch-002.safetensors", ["query", "r", "--test", "0"]),
      ("Checkpoints/r/seed-0/dynamics.h5", ["verify", "r"]),
      ("Checkpoints/r/seed-0/dynamics.h5", ["mislabeled", "r", "--signal", "el2n"]),
    ] {
      let whole = try work.bytes(file)
      try work.remove(file)
      let result = try AscribeProcess(command, in: work.path).wait()
      #expect(result.code == 4, "\(file), \(command): \(result.errors)")
      #expect(result.errors.contains(file) && result.output.isEmpty, "\(result.errors)")
      try whole.write(to: URL(fileURLWithPath: work.file(file)))
    }
    // Training makes what is gone again.
    try work.remove(DamageTests.weights, "Checkpoints/r/seed-0/dynamics.h5")
    try work.succeed("train", "r.yaml")
    #expect(work.files("Checkpoints") == expected)
    try work.remove(DamageTests.shard)
    try work.fail(4, "verify", "Projections/r/train.h5", words: [DamageTests.shard])
  }

  @Test("collect finds a damaged shard of its own and makes it again")
  func collectMendsShards() throws {
    let work = try workspace()
    let whole = try work.bytes(DamageTests.shard)
    // In the rows themselves, which the seal alone does not cover, and in the header.
    for byte in stride(from: 8, to: whole.count, by: whole.count / 12) {
      try work.flip(DamageTests.shard, byte: byte)
      try work.succeed("collect", "r", "--dim", "16")
      #expect(try work.bytes(DamageTests.shard) == whole, "byte \(byte)")
    }
  }

  @Test("a store made from something else is refused, naming the field, until --overwrite")
  func otherStores() throws {
    let work = try workspace()
    let store = work.files("Projections/r/train.shards")
    for (field, more) in [
      ("projector", ["--dim", "12"]), ("projector", ["--dim", "16", "--projector", "sjlt"]),
      ("projector", ["--dim", "16", "--projection-seed", "1"]),
      ("outputFunction", ["--dim", "16", "--output-function", "loss"]),
      ("model", ["--dim", "16", "--checkpoints", "1"]),
      ("dtype", ["--dim", "16", "--dtype", "float16"]),
      ("dataset", ["--dim", "16", "--split", "test", "--out", "Projections/r/train.h5"]),
    ] {
      let result = try AscribeProcess(["collect", "r"] + more, in: work.path).wait()
      #expect(result.code == 4, "\(more): \(result.errors)")
      #expect(result.errors.contains("error: \(field) differs"), "\(more): \(result.errors)")
    }
    #expect(work.files("Projections/r/train.shards") == store)
    try work.write(
      Workspace.runFile(name: "s", training: "{rate: 0.2, epochs: 6}"), to: "s.yaml")
    try work.succeed("train", "s.yaml")
    let other = ["collect", "s", "--dim", "16", "--out", "Projections/r/train.h5"]
    let refused = try AscribeProcess(other, in: work.path).wait()
    #expect(refused.code == 4 && refused.errors.contains("model differs"), "\(refused.errors)")
    #expect(try AscribeProcess(other + ["--overwrite"], in: work.path).wait().code == 0)
    let mixed = try work.fail(
      4, "query", "r", "--test", "0", "--kernel", "features", "--method", "trak")
    #expect(mixed.errors.contains("model differs"))
  }

  @Test("data that changed after the training is refused, naming the part")
  func changedData() throws {
    let work = try Workspace(trained: true)
    try work.write(Workspace.table(rows: 48, seed: 9), to: "train.csv")
    for command in [
      ["query", "r", "--test", "0"], ["outputs", "r"], ["collect", "r"], ["mislabeled", "r"],
      ["score", "r"], ["train", "r.yaml"], ["verify", "r", "--data"],
    ] {
      let result = try AscribeProcess(command, in: work.path).wait()
      #expect(result.code == 4, "\(command): \(result.errors)")
      #expect(result.errors.contains("train data"), "\(result.errors)")
    }
  }
}
