import Foundation
import Glibc
import SystemPackage
import TestSupport
import Tensors
import Testing

@testable import Storage

@Suite struct PreconditionerFileTests {
  private func contents() -> PreconditionerFile.Contents {
    var contents = PreconditionerFile.Contents()
    let values = (0..<49).map { Double($0) / 7 }
    contents.lower["gram"] = Matrix(values, rows: 7, columns: 7)
    contents.singleLower["factor"] = Matrix([1, 9, 2, 3], rows: 2, columns: 2)
    contents.values["trace"] = [.pi]
    contents.rows["zero"] = [3, 5]
    contents.rows["none"] = []
    contents.texts["report"] = "{\"λ\": 1}"
    return contents
  }

  private func file(
    _ store: FeatureStoreReader, _ fields: KeyValuePairs<String, String> = [:],
    kind: String = "gram"
  ) throws -> PreconditionerFile {
    var fingerprint = Fingerprint(["store": "\(try store.contentDigest(group: store.groups[0]))"])
    for (name, value) in fields { fingerprint.append(name, value) }
    return PreconditionerFile(
      store: store, group: store.groups[0], kind: kind, fingerprint: fingerprint)
  }

  private func error(_ reading: PreconditionerFile.Reading) -> StorageError? {
    if case .unusable(let error) = reading { error } else { nil }
  }

  @Test func whatWasKeptComesBackBesideTheStore() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let store = try FeatureStoreReader(small.path)
    let file = try file(store, ["scales": "1"])
    guard case .absent = file.read() else { Issue.record("not absent"); return }
    try file.write(contents())
    #expect(file.path.hasPrefix(folder / "t.preconditioners/\(store.groups[0])/gram."))
    guard case .found(let found) = file.read() else { Issue.record("\(file.read())"); return }
    for i in 0..<7 {
      for j in 0..<7 { #expect(found.lower["gram"]?[i, j] == (j <= i ? Double(7 * i + j) / 7 : 0)) }
    }
    #expect(found.singleLower["factor"]?.elements == [1, 0, 2, 3])
    #expect(found.values == ["trace": [.pi]])
    #expect(found.rows == ["zero": [3, 5], "none": []])
    #expect(found.texts == ["report": "{\"λ\": 1}"])
    // The store itself does not mind its neighbour.
    #expect(try small.writer().missingRows(group: store.groups[0]).isEmpty)
  }

  @Test func anotherFingerprintIsAnotherFileAndAFileOfAnotherIsNotUsed() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let store = try FeatureStoreReader(small.path)
    let one = try file(store, ["scales": "1", "blas": "x"])
    try one.write(contents())
    for other in [
      try file(store, ["scales": "2", "blas": "x"]), try file(store, ["scales": "1", "blas": "y"]),
    ] {
      guard case .absent = other.read() else { Issue.record("not absent"); return }
      try FileManager.default.copyItem(atPath: one.path, toPath: other.path)
      let field = other.fingerprint["scales"] == "2" ? "scales" : "blas"
      #expect(
        error(other.read())
          == .fingerprintMismatch(
            field: field, expected: other.fingerprint[field], found: one.fingerprint[field],
            file: other.path))
    }
  }

  @Test func anyFlippedByteMakesTheFileUnusable() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let file = try file(try FeatureStoreReader(small.path))
    try file.write(contents())
    let url = URL(fileURLWithPath: file.path)
    let bytes = try Data(contentsOf: url)
    for place in stride(from: 0, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[place] ^= 4
      try damaged.write(to: url)
      #expect(error(file.read()) != nil, "byte \(place)")
    }
    try bytes.dropLast().write(to: url)
    #expect(error(file.read()) != nil)
    // Made again, it is as it was.
    try file.write(contents())
    #expect(try Data(contentsOf: url) == bytes)
  }

  @Test func filesOfAFormerStoreLeftoversAndTheOldestGo() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let former = try file(try FeatureStoreReader(small.path))
    try former.write(contents())
    let other = try file(try FeatureStoreReader(small.path), kind: "factor")
    try other.write(contents())
    let store = SmallStore(small.path, dtype: .float16)
    let writer = try store.writer(overwrite: true)
    for group in store.groups { try store.write(writer, group, 0..<SmallStore.rows) }
    try writer.finish(ids: store.ids, labels: store.labels)
    let reader = try FeatureStoreReader(small.path)
    let place = FilePath(former.path).folder.string
    // Of no process, and of this one.
    try AtomicFile.write([], to: place + "/.gram.x.h5.99999999-1\(AtomicFile.suffix)")
    try AtomicFile.write([], to: place + "/.gram.x.h5.\(getpid())-1\(AtomicFile.suffix)")
    var files: [PreconditionerFile] = []
    for index in 0..<10 {
      files.append(try file(reader, ["scales": "\(index)"]))
      try files[index].write(contents())
    }
    #expect(!AtomicFile.exists(former.path))
    #expect(AtomicFile.exists(other.path))
    #expect(
      AtomicFile.leftovers(in: place) == [
        place + "/.gram.x.h5.\(getpid())-1\(AtomicFile.suffix)"
      ])
    #expect(
      files.map { AtomicFile.exists($0.path) }
        == [Bool](repeating: false, count: 2) + [Bool](repeating: true, count: 8))
  }

  @Test func theDigestOfAGroupIsOfItsRows() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let store = try FeatureStoreReader(small.path)
    let (a, b) = (store.groups[0], store.groups[1])
    let whole = try store.contentDigest(group: a)
    #expect(try store.contentDigest(group: b) != whole)
    #expect(try store.contentDigest(group: a, shards: 0..<1) != whole)
    let first = try store.contentDigest(group: a, shards: 0..<1)
    try FeatureStoreWriter.markDeleted([12], in: small.path)
    let after = try FeatureStoreReader(small.path)
    #expect(try after.contentDigest(group: a) != whole)
    #expect(try after.contentDigest(group: a, shards: 0..<1) == first)
    #expect(throws: StorageError.unknownGroup(name: "x", known: store.groups, file: small.path)) {
      try store.contentDigest(group: "x")
    }
  }

  @Test func valuesThatAreNotFiniteAreRefusedAndLeaveWhatWasThere() throws {
    let folder = try ScratchFolder()
    let small = SmallStore(folder / "t.h5", dtype: .float32)
    try small.writeAll()
    let file = try file(try FeatureStoreReader(small.path))
    try file.write(contents())
    var bad = contents()
    bad.lower["gram"]?[6, 2] = .nan
    #expect(throws: StorageError.self) { try file.write(bad) }
    guard case .found = file.read() else { Issue.record("lost"); return }
    #expect(AtomicFile.leftovers(in: FilePath(file.path).folder.string).isEmpty)
  }
}
