import Foundation
import Tensors
import TestSupport
import Testing

@testable import Storage

@Suite struct ExtendTests {
  @Test func addedRowsFollowTheOldOnesAndAKilledAdditionIsResumed() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    try store.writeAll()
    let old = try folder.contents()
    let more = Fingerprint(["model": "abc", "dataset": "longer"])
    let ids = RowIDs.integers((0..<30).map { Int64($0) })
    let labels = RowLabels.classes([Int64](repeating: 1, count: 30))
    func extend() throws -> FeatureStoreWriter {
      try FeatureStoreWriter(extending: store.path, by: 7, fingerprint: more, rowsPerShard: 4)
    }
    do {
      let writer = try extend()
      #expect(writer.missingRows(group: store.groups[0]) == [23..<30])
      try store.write(writer, store.groups[0], 23..<29)
    }
    // Dropped here: the store is still the old one.
    #expect(try FeatureStoreReader(store.path, expecting: store.fingerprint).rows == 23)
    do {
      let writer = try extend()
      #expect(writer.missingRows(group: store.groups[0]) == [27..<30])
      for group in store.groups { try store.write(writer, group, 23..<30) }
      try writer.finish(ids: ids, labels: labels)
    }
    let reader = try FeatureStoreReader(store.path, expecting: more)
    #expect(reader.layout.shards == [0..<10, 10..<20, 20..<23, 23..<27, 27..<30])
    for group in store.groups {
      #expect(try reader.readRows(group: group, 0..<30) == store.features(group, 0..<30))
      #expect(try reader.outputs(group: group) == store.outputs(group, 0..<30))
    }
    #expect(try reader.ids() == ids)
    #expect(try Verification.verify(store.path).files == 11)
    let new = try folder.contents()
    for (name, bytes) in old where name != "t.h5" { #expect(new[name] == bytes) }
  }

  @Test func deletedRowsAreMarkedAndKept() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    try store.writeAll()
    try FeatureStoreWriter.markDeleted([5, 3], in: store.path)
    try FeatureStoreWriter.markDeleted([5, 22], in: store.path)
    let reader = try FeatureStoreReader(store.path, expecting: store.fingerprint)
    #expect(reader.deletedRows == [3, 5, 22])
    #expect(try reader.ids() == store.ids && reader.labels() == store.labels)
    #expect(
      throws: StorageError.rowsOutOfRange(rows: 23..<24, available: 23, file: store.path)
    ) { try FeatureStoreWriter.markDeleted([23], in: store.path) }
    #expect(try StoreDescription(store.path).deletedRows == 3)
  }
}
