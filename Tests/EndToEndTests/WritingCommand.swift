import Foundation
import TestSupport
import Testing

/// The commands that write, for tests of what they meet when they cannot.
enum WritingCommand {
  /// A folder of one's own with a run, a bank, weights and a file of factors.
  static func workspace() throws -> Workspace {
    let work = try Workspace()
    for name in try FileManager.default.contentsOfDirectory(atPath: try template.get())
    where !work.exists(name) {
      try FileManager.default.copyItem(
        atPath: try template.get() + "/" + name, toPath: work.file(name))
    }
    chmod(work.path, 0o755)
    return work
  }

  /// Made once, deleted when the tests end.
  private static let template = Result<String, any Error> {
    let work = try Workspace(trained: true)
    try prepare(work)
    let path = NSTemporaryDirectory() + "/ascribe-e2e-template-\(getpid())"
    try FileManager.default.copyItem(atPath: work.path, toPath: path)
    atexit {
      try? FileManager.default.removeItem(
        atPath: NSTemporaryDirectory() + "/ascribe-e2e-template-\(getpid())")
    }
    return path
  }

  private static func prepare(_ work: Workspace) throws {
    try work.succeed("retrain", "r", "--subsets", "10", "--seeds", "1")
    try work.succeed("export", "r", "--out", "weights")
    try work.write(Workspace.runFile(name: "n"), to: "n.yaml")
    try work.write(
      Workspace.runFile(
        name: "s",
        training:
          "{rate: 0.1, epochs: 2, batch: 8, save: {projector: kronecker, dimension: 64, at: steps}}"
      ), to: "s.yaml")
    try FileManager.default.copyItem(
      atPath: fixture("Factors/train.h5"), toPath: work.file("factors.h5"))
  }

  /// All that is said when a system call fails, and nothing of libhdf5.
  static func isPlain(_ errors: String) -> Bool {
    !["HDF5", "H5", "partial", "NSCocoa", "Fatal error"].contains { errors.contains($0) }
  }

  /// Each writes at least one file.
  static let all: [[String]] = [
    ["train", "n.yaml"], ["train", "s.yaml"], ["train", "r.yaml", "--name", "n", "--seeds", "2"],
    ["import", "weights", "--data", "r.yaml", "--name", "m"],
    ["import", "f", "--factors", "factors.h5"],
    ["export", "r", "--out", "copy"],
    ["collect", "r", "--dim", "16"], ["collect", "r", "--method", "trajectory"],
    ["collect", "r", "--projector", "rademacher", "--dim", "16", "--out", "o.h5"],
    ["score", "r", "--method", "graddot"], ["score", "r", "--out", "o.h5"],
    ["retrain", "r", "--subsets", "4", "--seeds", "1", "--bank", "b"],
    ["calibrate", "r"],
    ["evaluate", "r", "lds", "--report", "o.html"],
    ["evaluate", "r", "brittleness", "--count", "1", "--removals", "2"],
    ["query", "r", "--test", "all", "--report", "o.html"],
    ["query", "r", "--test", "3", "--csv", "o.csv"],
    ["outputs", "r", "--out", "o.h5"], ["outputs", "r", "--split", "train", "--out", "o.csv"],
    ["mislabeled", "r", "--report", "o.html"], ["mislabeled", "r", "--csv", "o.csv"],
  ]
}
