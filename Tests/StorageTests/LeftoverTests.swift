import Foundation
import TestSupport
import Testing

@testable import Storage

/// What killed processes left half-written is deleted by the next write, and nothing else.
@Suite struct LeftoverTests {
  /// The number of a process that is gone.
  private static func goneProcess() throws -> pid_t {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  private func listing(_ folder: ScratchFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test("the next write deletes what a process that is gone left half-written")
  func deleted() throws {
    let gone = try Self.goneProcess()
    for write in [
      { try AtomicFile.write("x", to: $0 + "/a.h5") },
      { try SealedFileWriter($0 + "/a.h5").finish() },
    ] as [(String) throws -> Void] {
      let folder = try ScratchFolder()
      for name in [".a.h5.\(gone)-0", ".b.json.\(gone)-12"] {
        try Data([1]).write(to: URL(fileURLWithPath: folder / name + AtomicFile.suffix))
      }
      try write(folder.path)
      #expect(try listing(folder) == ["a.h5"])
    }
  }

  @Test("a process that still writes keeps its files, and other names are nobody's leftovers")
  func kept() throws {
    let gone = try Self.goneProcess()
    let folder = try ScratchFolder()
    // The parent of this process lives; process 1 is another user's, perhaps.
    let kept = [
      ".a.h5.\(getppid())-0\(AtomicFile.suffix)", ".a.h5.1-0\(AtomicFile.suffix)",
      ".a.h5.\(getpid())-99\(AtomicFile.suffix)", ".a.h5.\(gone)\(AtomicFile.suffix)",
      ".a.h5.0-0\(AtomicFile.suffix)", ".a.h5.-5-0\(AtomicFile.suffix)",
      "a.h5.\(gone)-0\(AtomicFile.suffix)", ".a.h5.\(gone)-0.partial",
    ]
    for name in kept { try Data([1]).write(to: URL(fileURLWithPath: folder / name)) }
    try AtomicFile.write("x", to: folder / "a.h5")
    #expect(try listing(folder) == (kept + ["a.h5"]).sorted())
  }

  @Test("leftovers of a file are not those of one whose name begins alike")
  func names() throws {
    let folder = try ScratchFolder()
    for name in [".a.h5.7-0", ".a.h5.old.7-0"] {
      try Data([1]).write(to: URL(fileURLWithPath: folder / name + AtomicFile.suffix))
    }
    #expect(AtomicFile.leftovers(of: folder / "a.h5") == [folder / ".a.h5.7-0.ascribe-partial"])
  }

  @Test("what may not be deleted is named with the system's reason")
  func refused() {
    // No user may delete there, not even the superuser.
    let error = diagnosed { try AtomicFile.removeAll("/proc/self/status") }
    #expect(error?.what == "cannot delete the file: Operation not permitted.")
    #expect(error?.location == "/proc/self/status")
    #expect(error?.remedy.hasPrefix("choose a folder that you may write to") == true)
  }

  @Test("folders are deleted with what is in them, links without what they lead to")
  func folders() throws {
    let folder = try ScratchFolder()
    try AtomicFile.makeFolder(folder / "a/b")
    try AtomicFile.write("x", to: folder / "a/b/c")
    try AtomicFile.write("y", to: folder / "kept")
    symlink(folder / "kept", folder / "a/link")
    try AtomicFile.removeAll(folder / "a")
    try AtomicFile.removeAll(folder / "none")
    #expect(try listing(folder) == ["kept"])
  }

  @Test("an account of HDF5 that holds the system's error is that error")
  func systemError() throws {
    let stack =
      "file write failed: time = Sat, filename = 'a', file descriptor = 9, errno = 28, "
      + "error message = 'No space left on device'"
    let error = try #require(
      StorageError.system(behind: stack, operation: "transfer", file: "a.h5"))
    #expect(error.what == "cannot write the file: No space left on device.")
    #expect(error.location == "a.h5" && error.exitCode == 1)
    #expect(StorageError.system(behind: "bad magic", operation: "open", file: "a.h5") == nil)
  }
}
