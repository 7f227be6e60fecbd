import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Locks and folders") struct FolderTests {
  @Test("a folder that is locked is not locked again, and one that was deleted is made anew")
  func locks() throws {
    let folder = try ScratchFolder()
    let path = folder / "a/b"
    var first: FolderLock? = try FolderLock.making(path)
    #expect(throws: StorageError.storeInUse(path: path)) { _ = try FolderLock.making(path) }
    // Its owner deletes the folder before it lets go.
    try AtomicFile.removeAll(path)
    let second = try FolderLock.making(path)
    #expect(AtomicFile.exists(path))
    withExtendedLifetime(first) {}
    first = nil
    #expect(throws: StorageError.storeInUse(path: path)) { _ = try FolderLock.making(path) }
    withExtendedLifetime(second) {}
  }

  @Test("a lock that cannot be made is an error, not a wait")
  func impossible() throws {
    let folder = try ScratchFolder()
    try AtomicFile.write("x", to: folder / "file")
    #expect(throws: StorageError.self) { _ = try FolderLock.making(folder / "file/b") }
    #expect(throws: StorageError.self) { _ = try FolderLock.making(folder / "file") }
    try FileManager.default.createSymbolicLink(
      atPath: folder / "link", withDestinationPath: folder / "nowhere")
    #expect(throws: StorageError.self) { _ = try FolderLock.making(folder / "link") }
    #expect(throws: StorageError.self) { _ = try FolderLock.making("") }
  }

  @Test("names are sorted, without those of the folder itself; a file is no folder")
  func names() throws {
    let folder = try ScratchFolder()
    for name in ["b", "a", ".c", "Ä"] { try AtomicFile.write("x", to: folder / name) }
    #expect(try AtomicFile.names(in: folder.path) == [".c", "a", "b", "Ä"].sorted())
    #expect(try AtomicFile.names(in: folder / "none").isEmpty)
    #expect(throws: StorageError.self) { try AtomicFile.names(in: folder / "a") }
    #expect(try AtomicFile.isThere(folder / "a") && !AtomicFile.isThere(folder / "x"))
    #expect(try !AtomicFile.isThere(folder / "a/x"))
  }

  @Test("a store is begun by its first shard")
  func begun() throws {
    let folder = try ScratchFolder()
    let path = folder / "t.h5"
    #expect(!FeatureStoreWriter.hasBegun(path))
    try AtomicFile.makeFolder(folder / "t.shards/g")
    #expect(!FeatureStoreWriter.hasBegun(path))
    try AtomicFile.write("x", to: folder / "t.shards/g/00000.h5")
    #expect(FeatureStoreWriter.hasBegun(path))
  }

  @Test("files that are not kept for one reason are one note")
  func notes() {
    func note(_ file: String, _ reason: String = "cannot make the folder: Permission denied.")
      -> String
    { KeepingNote.text(file, reason: reason) }
    #expect(
      KeepingNote.merged(["a", note("x"), "b"])
        == [
          "a", "x is not kept for the next command: cannot make the folder: Permission denied.",
          "b",
        ])
    #expect(
      KeepingNote.merged(["a", note("x"), note("y"), "b", note("z", "no."), note("w")])
        == [
          "a",
          "x is not kept for the next command, nor are 2 other files: "
            + "cannot make the folder: Permission denied.", "b",
          "z is not kept for the next command: no.",
        ])
  }
}
