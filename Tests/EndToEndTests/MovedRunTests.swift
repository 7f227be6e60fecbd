import Foundation
import Testing

/// Runs whose folder was copied or moved, with their data or without.
@Suite struct MovedRunTests {
  let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  private func copy(_ source: String, _ target: String) throws {
    try FileManager.default.createDirectory(
      atPath: (work.file(target) as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: work.file(source), toPath: work.file(target))
  }

  @Test("a run away from its data says what it misses, and takes a folder, checked by the hashes")
  func dataFolder() throws {
    let home = try work.succeed("query", "r", "--test", "3", "--method", "graddot")
    try copy("Checkpoints/r", "away/deep/runs/r")
    let arguments = ["query", "away/deep/runs/r", "--test", "3", "--method", "graddot"]
    try work.fail(
      3, "query", "away/deep/runs/r", "--test", "3",
      words: [
        "the data of r is not where it was: there is no file away/deep/runs/r/../../train.csv",
        "name the folder in which the paths of the run file begin now (--data-folder DIR)",
      ])
    let found = try AscribeProcess(arguments + ["--data-folder", "."], in: work.path).wait()
    #expect(found.code == 0 && found.output == home.output, "\(found.errors)")
    for command in [["mislabeled"], ["retrain", "--subsets", "2"], ["verify", "--data"]] {
      let ended = try AscribeProcess(
        [command[0], "away/deep/runs/r", "--data-folder", work.path] + command.dropFirst(),
        in: work.path
      ).wait()
      #expect(ended.code == 0, "\(command): \(ended.errors)")
    }
    // Another folder with files of these names.
    try copy("test.csv", "other/test.csv")
    try work.write(Workspace.table(rows: 48, seed: 9), to: "other/train.csv")
    let other = try AscribeProcess(arguments + ["--data-folder", "other"], in: work.path).wait()
    #expect(other.code == 4 && other.errors.contains("the train data is not what"))
  }

  @Test("a copy of a run has stores and scores of its own, and says whose it is")
  func copied() throws {
    try work.succeed("collect", "r", "--dim", "16")
    let before = work.files("Projections/r")
    try copy("Checkpoints/r", "Checkpoints/copy")
    let collected = try work.succeed("collect", "copy", "--dim", "8")
    #expect(
      collected.errors.contains(
        "note: the folder copy holds the run r, copied or renamed: its stores and scores are in "
          + "Projections/copy"))
    try work.succeed("score", "copy", "--method", "graddot")
    #expect(work.exists("Projections/copy/train.h5"))
    #expect(work.exists("Projections/copy/scores-graddot.h5"))
    #expect(work.files("Projections/r") == before)
    let own = try work.succeed("query", "r", "--test", "3", "--method", "graddot")
    #expect(!own.errors.contains("copied"))
  }

  @Test("a run file's paths begin where they are said to")
  func training() throws {
    try FileManager.default.createDirectory(
      atPath: work.file("files"), withIntermediateDirectories: true)
    try work.write(Workspace.runFile(name: "n"), to: "files/n.yaml")
    try work.fail(3, "train", "files/n.yaml", words: ["there is no file files/train.csv"])
    try work.succeed("plan", "files/n.yaml", "--data-folder", ".")
    try work.succeed("train", "files/n.yaml", "--data-folder", ".")
    // Where they begin is recorded.
    try work.succeed("query", "n", "--test", "3", "--method", "graddot")
  }
}
