import Foundation
import TestSupport
import Testing

/// No room for a file: every writing command ends by itself, with exit code 1 and the right words.
///
/// On a small file system of its own where one may be mounted, and under a limit on the size of files,
/// which fails in the same calls and asks for no privileges, everywhere.
@Suite struct FullDiskTests {
  /// Whether this process may mount a file system for a process of its own.
  private static let mounts: Bool = {
    let mounted = try? AscribeProcess(
      ["--version"], in: "/",
      through: ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt && exec \"$0\" \"$@\""]
    ).wait()
    return mounted?.code == 0
  }()

  /// A shell that copies the folder into a file system with some KiB to spare, and runs there.
  private static func disk(free: Int) -> [String] {
    let script = """
      set -e; mkdir full; mount -t tmpfs -o size=4m tmpfs full
      for name in *; do [ "$name" = full ] || cp -a "$name" full/; done
      cd full; cat /dev/zero > filler 2>/dev/null || true; truncate -s -\(free)K filler
      exec "$0" "$@"
      """
    return ["unshare", "-m", "sh", "-c", script]
  }

  /// A shell that lets files grow to some KiB; what is said goes through a pipe, which has no limit.
  private static func limit(kibibytes: Int) -> [String] {
    let script = """
      { (ulimit -f \(kibibytes); exec "$0" "$@") 2>&1 >&3 | cat >&2; exit ${PIPESTATUS[0]}; } \
        3>/dev/null
      """
    return ["bash", "-c", script]
  }

  /// Runs a command until it finds room, and checks each of its ends.
  ///
  /// - Returns: how often it found none.
  private func ends(
    _ arguments: [String], in work: Workspace, through wrappers: [[String]], says reason: String
  ) throws -> Int {
    let before = Set(try FileManager.default.contentsOfDirectory(atPath: work.path))
    var failures = 0
    for wrapper in wrappers {
      let ended = try AscribeProcess(arguments, in: work.path, through: wrapper).wait()
      #expect(ended.code == 0 || ended.code == 1, "\(arguments) \(wrapper): \(ended.errors)")
      #expect(WritingCommand.isPlain(ended.errors), "\(arguments): \(ended.errors)")
      if ended.code == 1 {
        failures += 1
        #expect(ended.errors.contains("error: cannot "), "\(arguments): \(ended.errors)")
        #expect(ended.errors.contains(": \(reason)."), "\(arguments): \(ended.errors)")
        #expect(
          ended.errors.contains("  fix: free some space, or raise the limit, and run the same"),
          "\(arguments): \(ended.errors)")
      }
      for name in try FileManager.default.contentsOfDirectory(atPath: work.path)
      where !before.contains(name) {
        #expect(!name.hasSuffix(".ascribe-partial"), "\(arguments): \(name)")
        try work.remove(name)
      }
    }
    return failures
  }

  @Test("a full disk is named, with exit code 1 and no signal", arguments: WritingCommand.all)
  func fullDisk(arguments: [String]) throws {
    // The limit on the size of files below is the same test where nothing can be mounted.
    guard FullDiskTests.mounts else { return try fileLimit(arguments: arguments) }
    let work = try WritingCommand.workspace()
    // At the first byte, in the first pages, between two files.
    let disks = [0, 8, 60].map { FullDiskTests.disk(free: $0) }
    let failures = try ends(
      arguments, in: work, through: disks, says: "No space left on device")
    #expect(failures > 0, "\(arguments)")
  }

  @Test(
    "a file that may not grow is named, with exit code 1 and no signal",
    arguments: WritingCommand.all)
  func fileLimit(arguments: [String]) throws {
    let work = try WritingCommand.workspace()
    let limits = [0, 1, 6].map { FullDiskTests.limit(kibibytes: $0) }
    let failures = try ends(arguments, in: work, through: limits, says: "File too large")
    #expect(failures > 0, "\(arguments)")
  }

  @Test("a demo without room ends the same way")
  func demo() throws {
    let work = try Workspace()
    let data = NSString(string: fixture("")).appendingPathComponent("../../data")
    try FileManager.default.copyItem(atPath: data, toPath: work.file("data"))
    let ended = try AscribeProcess(
      ["demo", "--data", "data"], in: work.path, through: FullDiskTests.limit(kibibytes: 0)
    ).wait()
    #expect(ended.code == 1, "\(ended.errors)")
    #expect(ended.errors.contains(": File too large."), "\(ended.errors)")
  }

  @Test(
    "a file that finds no room is named as the user named it, and nothing is left behind",
    arguments: [
      ["outputs", "r", "--out", "o.h5"], ["outputs", "r", "--split", "train", "--out", "o.csv"],
      ["score", "r", "--method", "graddot", "--out", "o.h5"],
      ["query", "r", "--test", "all", "--report", "o.html"],
    ])
  func names(arguments: [String]) throws {
    let work = try Workspace(trained: true)
    let ended = try AscribeProcess(
      arguments, in: work.path, through: FullDiskTests.limit(kibibytes: 1)
    ).wait()
    #expect(ended.code == 1, "\(ended.errors)")
    #expect(ended.errors.contains("error: cannot write the file: File too large."))
    #expect(ended.errors.contains("  at:  o."), "\(ended.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(!names.contains { $0.hasPrefix("o.") || $0.hasPrefix(".o.") }, "\(names)")
  }
}
