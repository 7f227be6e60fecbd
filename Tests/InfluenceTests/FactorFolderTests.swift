import Foundation
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Folders of factors")
struct FactorFolderTests {
  private let scratch: ScratchFolder
  private let path: String
  private let factor: RidgeFactor
  private let contents: KeptFactor.Contents
  /// Bytes of a file of 30 examples, as counted and as they are.
  private let counted: Int
  private let actual: Int

  init() throws {
    scratch = try ScratchFolder()
    path = scratch / "factors"
    (factor, contents) = try KeptFactorTests.ridge(30)
    counted = KeptFactor.byteCount(order: 30, isSingle: false, targets: 2)
    let file = scratch / "one.h5"
    try KeptFactor.write(
      factor, contents, fingerprint: KeptFactorTests.fingerprint, to: file)
    actual = try scratch.bytes("one.h5").count
  }

  private func fingerprint(_ model: String) -> Fingerprint {
    Fingerprint(["model": model, "data": "d1"])
  }

  private func keep(_ folder: FactorFolder, _ label: String, _ model: String)
    -> FactorFolder.Outcome
  {
    folder.keep(factor, contents, label: label, fingerprint: fingerprint(model))
  }

  private func names() throws -> [String] { try scratch.contents(of: "factors").keys.sorted() }

  @Test("what is kept is found again by label and fingerprint, in a later life too")
  func found() throws {
    let folder = FactorFolder(path)
    #expect(folder.factor("epoch 1/trak", fingerprint("a")).factor == nil)
    let file = folder.file("epoch 1/trak", fingerprint("a"))
    #expect(file.hasPrefix("\(path)/epoch-1-trak-"))
    #expect(
      keep(folder, "epoch 1/trak", "a") == .kept(path: file, bytes: actual, deleted: []))
    let later = FactorFolder(path).factor("epoch 1/trak", fingerprint("a"))
    #expect(later.factor?.order == 30 && later.note == nil)
  }

  @Test("a factor of other choices stands beside, and the note names the field that differs")
  func differs() throws {
    let folder = FactorFolder(path)
    _ = keep(folder, "epoch-1", "a")
    let (missing, note) = folder.factor("epoch-1", fingerprint("b"))
    #expect(missing == nil)
    #expect(
      note == "\(folder.file("epoch-1", fingerprint("a"))) is of something else and not used: "
        + "model differs: expected \"b\", found \"a\".")
    #expect(folder.factor("epoch", fingerprint("b")).note == nil)
    _ = keep(folder, "epoch-1", "b")
    #expect(try names().count == 2)
  }

  @Test("the oldest factors that are not in use make room; those of this life never do")
  func budget() throws {
    let budget = 2 * actual + counted - 1
    let first = FactorFolder(path, budget: budget)
    for model in ["a", "b"] { _ = keep(first, model, model) }
    let third = keep(first, "c", "c")
    #expect(
      third
        == .notKept(
          reason: "\(megabytes(counted)) more do not fit into \(megabytes(budget)) "
            + "beside the factors that are in use"))
    #expect(try names().count == 2)
    // Another life that reads a: b has to go for c, and then nothing more goes.
    let second = FactorFolder(path, budget: budget)
    #expect(second.factor("a", fingerprint("a")).factor != nil)
    #expect(
      keep(second, "c", "c")
        == .kept(
          path: second.file("c", fingerprint("c")), bytes: actual,
          deleted: [second.file("b", fingerprint("b"))]))
    guard case .notKept = keep(second, "d", "d") else {
      Issue.record("d was kept beside factors that fill the budget")
      return
    }
    #expect(FactorFolder(path).factor("a", fingerprint("a")).factor != nil)
    #expect(FactorFolder(path).factor("c", fingerprint("c")).factor != nil)
  }

  @Test("a budget of nothing neither keeps nor reads, one below a factor says so")
  func off() throws {
    let off = FactorFolder(path, budget: 0)
    #expect(keep(off, "a", "a") == .notKept(reason: "keeping factors is off"))
    #expect(!FileManager.default.fileExists(atPath: path))
    _ = keep(FactorFolder(path), "a", "a")
    #expect(off.factor("a", fingerprint("a")).factor == nil)
    let small = FactorFolder(path, budget: counted - 1)
    #expect(
      keep(small, "b", "b")
        == .notKept(
          reason: "a factor takes \(megabytes(counted)), the budget is \(megabytes(counted - 1))"))
    #expect(try names().count == 1)
  }

  @Test("a damaged file is of no use, says so, and is made again in its place")
  func damaged() throws {
    let folder = FactorFolder(path)
    let file = folder.file("a", fingerprint("a"))
    _ = keep(folder, "a", "a")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
    let (missing, note) = folder.factor("a", fingerprint("a"))
    #expect(missing == nil && note?.hasPrefix("\(file) is of no use (") == true)
    #expect(keep(folder, "a", "a") == .kept(path: file, bytes: actual, deleted: []))
    #expect(folder.factor("a", fingerprint("a")).factor != nil)
  }

  @Test("a killed process leaves no factor, and the next one that keeps deletes what it left")
  func killed() async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try AtomicFile.makeFolder(path)
      let file = try SealedFileWriter("\(path)/a.h5")
      try file.writeTiles(
        lowerOf: Matrix<Float>(repeating: 1, rows: 300, columns: 300), edge: 64, to: "tiles")
      kill(getpid(), SIGKILL)
    }
    #expect(AtomicFile.leftovers(in: path).count == 1)
    let folder = FactorFolder(path)
    #expect(folder.factor("a", fingerprint("a")).factor == nil)
    _ = keep(folder, "a", "a")
    #expect(AtomicFile.leftovers(in: path).isEmpty)
    #expect(try names().count == 1)
  }

  @Test("what another process is writing into is left alone")
  func locked() throws {
    try AtomicFile.makeFolder(path)
    let lock = try FolderLock(path)
    defer { withExtendedLifetime(lock) {} }
    #expect(
      keep(FactorFolder(path), "a", "a")
        == .notKept(reason: StorageError.storeInUse(path: path).what))
  }

  private func megabytes(_ bytes: Int) -> String { "\(short(Double(bytes) / 1e6)) MB" }
}
