import Foundation
import Testing

/// Folders that may not be written to or read, and pipes that nobody reads.
@Suite struct PermissionTests {
  /// Permissions do not bind the superuser.
  private let nobody: [String] =
    geteuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

  /// Every folder of a workspace; files stay as they are.
  private func folders(_ work: Workspace) -> [String] {
    let names = FileManager.default.enumerator(atPath: work.path)?.allObjects ?? []
    return [work.path]
      + names.compactMap { $0 as? String }.map(work.file).filter { path in
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      }
  }

  @Test(
    "where nothing may be written, every command says so, with exit code 1",
    arguments: WritingCommand.all)
  func readOnly(arguments: [String]) throws {
    let work = try WritingCommand.workspace()
    let folders = folders(work)
    for folder in folders { chmod(folder, 0o555) }
    defer { for folder in folders { chmod(folder, 0o755) } }
    let ended = try AscribeProcess(arguments, in: work.path, through: nobody).wait()
    #expect(ended.code == 1, "\(arguments): \(ended.errors)")
    #expect(WritingCommand.isPlain(ended.errors), "\(arguments): \(ended.errors)")
    #expect(ended.errors.contains(": Permission denied."), "\(arguments): \(ended.errors)")
    #expect(
      ended.errors.contains("fix: choose a folder that you may write to, or change"),
      "\(arguments): \(ended.errors)")
  }

  @Test("a run that is to be replaced in a folder that is read-only names it")
  func overwriting() throws {
    let work = try Workspace(trained: true)
    try work.write(Workspace.runFile(training: "{rate: 0.3, epochs: 2}"), to: "r.yaml")
    let folders = ["Checkpoints/r/seed-0", "Checkpoints/r"]
    for folder in folders { chmod(work.file(folder), 0o555) }
    defer { for folder in folders { chmod(work.file(folder), 0o755) } }
    chmod(work.path, 0o755)
    let ended = try AscribeProcess(
      ["train", "r.yaml", "--overwrite"], in: work.path, through: nobody
    ).wait()
    #expect(ended.code == 1, "\(ended.errors)")
    #expect(ended.errors.contains("  at:  Checkpoints/r"), "\(ended.errors)")
  }

  @Test("a folder that may not be read is named; it is not said that nothing is there")
  func unreadable() throws {
    let work = try Workspace(trained: true)
    try work.succeed("collect", "r", "--dim", "16")
    try work.succeed("export", "r", "--out", "weights")
    func end(_ arguments: [String], without folder: String) throws -> AscribeProcess.Result {
      chmod(work.file(folder), 0)
      defer { chmod(work.file(folder), 0o755) }
      return try AscribeProcess(arguments, in: work.path, through: nobody).wait()
    }
    chmod(work.path, 0o755)
    for (arguments, folder, place) in [
      (["query", "r", "--test", "3"], "Checkpoints", "Checkpoints/r"),
      (["query", "r", "--test", "3"], "Checkpoints/r", "Checkpoints/r"),
      (["inspect", "q"], "Checkpoints", "Checkpoints/q"),
      (
        ["query", "r", "--test", "3", "--kernel", "features", "--method", "trak"],
        "Projections/r", "Projections/r/train.h5"
      ),
      (["verify", "r"], "Projections/r", "Projections/r"),
      (["import", "weights", "--data", "r.yaml", "--name", "m"], "weights", "weights"),
    ] {
      let ended = try end(arguments, without: folder)
      #expect(ended.code == 1, "\(arguments): \(ended.errors)")
      #expect(
        ended.errors.contains("Permission denied.\n  at:  \(place)\n"),
        "\(arguments): \(ended.errors)")
      #expect(
        ended.errors.contains("  fix: change its permissions, or those of the folders above it."),
        "\(arguments): \(ended.errors)")
    }
  }

  @Test("what cannot be kept beside stores that are read-only is one note, of every command")
  func oneNote() throws {
    let work = try Workspace(trained: true)
    try work.succeed("collect", "r", "--method", "trajectory", "--checkpoints", "all")
    let folders = folders(work)
    for folder in folders { chmod(folder, 0o555) }
    defer { for folder in folders { chmod(folder, 0o755) } }
    for arguments in [
      ["query", "r", "--test", "3", "--method", "trajectory", "--kernel", "features"],
      ["mislabeled", "r", "--kernel", "features", "--checkpoints", "all"],
    ] {
      let ended = try AscribeProcess(arguments, in: work.path, through: nobody).wait()
      #expect(ended.code == 0, "\(arguments): \(ended.errors)")
      let notes = ended.errors.split(separator: "\n").filter { $0.contains("is not kept") }
      #expect(notes.count == 1, "\(arguments): \(ended.errors)")
      #expect(
        notes.allSatisfy { $0.hasPrefix("note: ") && $0.contains("other files: cannot make") },
        "\(notes)")
    }
  }

  @Test(
    "a pipe that is closed by its reader ends nothing, and nothing is said",
    arguments: WritingCommand.all + [
      ["query", "r", "--test", "all"], ["mislabeled", "r"], ["outputs", "r"], ["inspect", "r"],
      ["plan", "r.yaml"], ["methods"], ["verify", "r"],
    ])
  func closedPipe(arguments: [String]) throws {
    let work = try WritingCommand.workspace()
    // Closed before the first answer, and its exit code is the command's own.
    let piped = ["bash", "-c", "\"$0\" \"$@\" 2>errors | true; exit ${PIPESTATUS[0]}"]
    let ended = try AscribeProcess(arguments, in: work.path, through: piped).wait()
    let said = try work.text("errors")
    #expect(ended.code == 0 || ended.code == 141, "\(arguments): \(said)")
    #expect(!said.contains("error: "), "\(arguments): \(said)")
  }

  @Test("answers that nobody can write are an error, notes that nobody can write are none")
  func fullOutput() throws {
    let work = try Workspace(trained: true)
    let full = try work.run("query", "r", "--test", "all", standardOutput: "/dev/full")
    #expect(full.code == 1 && full.errors.contains("standard output"), "\(full.errors)")
    let silent = ["sh", "-c", "exec \"$0\" \"$@\" 2>/dev/full"]
    let ended = try AscribeProcess(
      ["query", "r", "--test", "all"], in: work.path, through: silent
    ).wait()
    #expect(ended.code == 0 && !ended.output.isEmpty)
  }
}
