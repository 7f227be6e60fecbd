import Foundation
import Testing

/// No room for a file, and folders that may not be written to.
@Suite struct FullDiskTests {
  @Test(
    "a file that finds no room is a full disk, named, with exit code 1 and nothing left behind",
    arguments: [
      ["outputs", "r", "--out", "o.h5"], ["outputs", "r", "--split", "train", "--out", "o.csv"],
      ["score", "r", "--method", "graddot", "--out", "o.h5"],
      ["query", "r", "--test", "all", "--report", "o.html"],
    ])
  func fullDisk(arguments: [String]) throws {
    let work = try Workspace(trained: true)
    // A limit on the size of a file fails as a full disk does, and asks for no privileges.
    let limited = ["sh", "-c", "ulimit -f 2; exec \"$0\" \"$@\""]
    let ended = try AscribeProcess(arguments, in: work.path, through: limited).wait()
    #expect(ended.code == 1, "\(ended.errors)")
    #expect(ended.errors.contains("error: cannot write the file: File too large."))
    #expect(ended.errors.contains("  at:  o."), "\(ended.errors)")
    #expect(ended.errors.contains("fix: free some space, or raise the limit, and run the same"))
    #expect(!ended.errors.contains("HDF5") && !ended.errors.contains("partial"))
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(!names.contains { $0.hasPrefix("o.") || $0.hasPrefix(".o.") }, "\(names)")
  }

  @Test(
    "a folder that may not be written to is named, with what to do",
    arguments: [
      ["retrain", "r", "--subsets", "2", "--bank", "ro"],
      ["evaluate", "r", "brittleness", "--count", "1", "--removals", "2"],
      ["train", "r.yaml", "--overwrite"], ["calibrate", "r"],
    ])
  func readOnly(arguments: [String]) throws {
    let work = try Workspace(trained: true)
    if arguments[0] == "calibrate" { try work.succeed("retrain", "r", "--subsets", "10") }
    if arguments[0] == "train" {
      try work.write(Workspace.runFile(training: "{rate: 0.3, epochs: 2}"), to: "r.yaml")
    }
    let folders = ["Checkpoints/r/seed-0", "Checkpoints/r"]
    for folder in folders { chmod(work.file(folder), 0o555) }
    defer { for folder in folders { chmod(work.file(folder), 0o755) } }
    // Permissions do not bind the superuser.
    let nobody =
      geteuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
    chmod(work.path, 0o755)
    let ended = try AscribeProcess(arguments, in: work.path, through: nobody).wait()
    #expect(ended.code == 3, "\(ended.errors)")
    #expect(ended.errors.contains(": Permission denied."), "\(ended.errors)")
    #expect(ended.errors.contains("  at:  Checkpoints/r"), "\(ended.errors)")
    #expect(
      ended.errors.contains("fix: choose a folder that you may write to, or change"),
      "\(ended.errors)")
    #expect(!ended.errors.contains("NSCocoa"))
  }
}
