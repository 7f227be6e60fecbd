import Foundation
import Tensors
import TestSupport
import Testing

@testable import Storage

@Suite struct SealTests {
  /// A small file with two checked datasets, a text dataset and attributes.
  static func writeSample(_ path: String) throws {
    let file = try SealedFileWriter(path)
    try file.hdf5.setAttribute("format", .text("sample"))
    try file.hdf5.write(["a", "bc"], to: "texts")
    try Fingerprint(["model": "m"]).write(to: file.hdf5)
    try file.writeRows((0..<40).map { Float($0) }, shape: [10, 4], to: "x/floats")
    try file.writeRows([1, 2, 3] as [Int64], shape: [3], to: "longs")
    try file.finish()
  }

  @Test func everyFlippedByteIsDetected() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    try Self.writeSample(path)
    #expect(
      try Verification.verify(path)
        == Verification.Report(files: 1, rowBlocks: 2, bytes: folder.bytes("a.h5").count))
    let bytes = try folder.bytes("a.h5")
    let file = try OpenFile(writing: path, creating: false)
    for position in bytes.indices {
      var flipped = bytes[position] ^ (position % 3 == 0 ? 1 : 0x80)
      try file.write(&flipped, count: 1, at: position)
      let error = diagnosed { _ = try Verification.verify(path) }
      #expect(error?.exitCode == 4, "byte \(position): \(error?.description ?? "no error")")
      flipped = bytes[position]
      try file.write(&flipped, count: 1, at: position)
    }
    _ = try Verification.verify(path)
  }

  @Test func everyFlippedByteOfAStoreIsDetected() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float16)
    try store.writeAll()
    #expect(try Verification.verify(store.path).files == 7)
    for name in ["t.h5", "t.shards/s 0/é-2/00002.h5"] {
      let bytes = try folder.bytes(name)
      let file = try OpenFile(writing: folder / name, creating: false)
      for position in stride(from: 0, to: bytes.count, by: 41) {
        var flipped = bytes[position] ^ 4
        try file.write(&flipped, count: 1, at: position)
        let error = diagnosed { _ = try Verification.verify(store.path) }
        #expect(error?.exitCode == 4, "byte \(position): \(error?.description ?? "no error")")
        flipped = bytes[position]
        try file.write(&flipped, count: 1, at: position)
      }
    }
  }

  @Test func readingRowsChecksTheirBlocks() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    try Self.writeSample(path)
    let rows = try SealedFile(path).rows("x/floats")
    #expect(try rows.matrix(2..<4).elements == (8..<16).map { Float($0) })
    let file = try OpenFile(writing: path, creating: false)
    var wrong: Float = 99
    try file.write(&wrong, count: 4, at: rows.region.lowerBound)
    let damaged = try SealedFile(path)
    let error = try #require(diagnosed { _ = try damaged.rows("x/floats").matrix(5..<6) })
    #expect(
      error.description == """
        error: rows 0..<10 of x/floats changed after they were written: their checksum does not \
        match.
          at:  \(path):x/floats
          fix: copy the file again from where it came, or delete it and make it again.
        """)
    #expect(try damaged.rows("x/floats").matrix(0..<1, checks: .none).elements == [99, 1, 2, 3])
    #expect(throws: StorageError.self) {
      try damaged.rows("x/floats").matrix(0..<1, checks: .firstRead)
    }
  }

  @Test func filesCutShortOrMadeLongerAreRefusedAtEveryLength() throws {
    let folder = try ScratchFolder()
    try Self.writeSample(folder / "a.h5")
    let bytes = try folder.bytes("a.h5")
    let path = folder / "cut.h5"
    for length in Array(0..<520) + Array(stride(from: 520, to: bytes.count, by: 37)) {
      try AtomicFile.write(Array(bytes[..<length]), to: path)
      let error = diagnosed { _ = try SealedFile(path) }
      #expect(error?.exitCode == 4, "length \(length)")
    }
    try AtomicFile.write(bytes + [0], to: path)
    #expect(
      throws: StorageError.wrongLength(
        expected: bytes.count, found: bytes.count + 1, file: path)
    ) { try SealedFile(path) }
  }

  @Test func garbageIsRefusedWhateverItSays() throws {
    let folder = try ScratchFolder()
    let path = folder / "g.h5"
    var state: UInt64 = 1
    for seed in 0..<200 {
      var bytes = (0..<700).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      // From plain noise to a block with right magic, version and length.
      if seed % 2 == 0 { bytes.replaceSubrange(0..<8, with: Seal.magic) }
      if seed % 4 == 0 { bytes.replaceSubrange(8..<12, with: [1, 0, 0, 0]) }
      if seed % 8 == 0 {
        bytes.replaceSubrange(16..<24, with: [0xbc, 2, 0, 0, 0, 0, 0, 0])
        bytes[13] = 0
        bytes[14] = 0
        bytes[15] = 0
      }
      try AtomicFile.write(bytes, to: path)
      #expect(diagnosed { _ = try SealedFile(path) }?.exitCode == 4, "seed \(seed)")
    }
    try AtomicFile.write([], to: path)
    #expect(throws: StorageError.notSealed(file: path)) { try SealedFile(path) }
  }

  @Test func aFileOfANewerFormatSaysSo() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    try Self.writeSample(path)
    var bytes = try folder.bytes("a.h5")
    bytes[8] = 2
    try AtomicFile.write(bytes, to: path)
    let error = try #require(diagnosed { _ = try SealedFile(path) })
    #expect(
      error.description == """
        error: format version 2 is unknown; this version reads up to 1.
          at:  \(path)
          fix: use a newer version of Ascribe, or make the file again.
        """)
  }

  @Test func moreDatasetsThanTheBlockHasRoomForAreStillCovered() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    let writer = try SealedFileWriter(path)
    for i in 0..<40 { try writer.writeRows([Float(i)], shape: [1], to: "d\(i)") }
    try writer.finish()
    #expect(try Verification.verify(path).rowBlocks == 40)
    let file = try SealedFile(path)
    for i in 0..<40 { #expect(try file.rows("d\(i)").values(Float.self) == [Float(i)]) }
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    let folder = try ScratchFolder()
    do {
      let writer = try SealedFileWriter(folder / "a.h5")
      #expect(AtomicFile.leftovers(of: folder / "a.h5").count == 1)
      try writer.hdf5.write([1] as [Float], shape: [1], to: "x")
    }
    #expect(try folder.contents().isEmpty)
  }

  @Test func aSealedFileIsDescribedWithoutItsRows() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    try Self.writeSample(path)
    let description = try StoreDescription(path)
    #expect(description.format == "sample")
    #expect(description.fingerprint == Fingerprint(["model": "m"]))
    #expect(description.datasets.map(\.name) == ["longs", "texts", "x/floats"])
    #expect(description.datasets.map(\.type) == ["int64", "text", "float32"])
    #expect(description.datasets.map(\.shape) == [[3], [2], [10, 4]])
    #expect(description.datasets.map(\.hasRowChecksums) == [true, false, true])
    let store = SmallStore(folder / "t.h5", dtype: .bfloat16)
    try store.writeAll()
    let other = try StoreDescription(store.path)
    #expect(other.groups == store.groups && other.shardRows == [10, 10, 3])
    let sizes = try folder.contents().filter { $0.key != "a.h5" }.values.map(\.count)
    #expect(other.bytes == sizes.reduce(0, +))
  }
}
