import Foundation
import TestSupport
import Testing

@testable import Storage

extension SealTests {
  /// The count is of the whole process, other tests included: so it is taken in one of its own.
  @Test func nothingStaysOpenInTheLibrary() async throws {
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .success) {
      let path =
        NSTemporaryDirectory() + "ascribe-leak-\(ProcessInfo.processInfo.processIdentifier)"
      defer { try? FileManager.default.removeItem(atPath: path) }
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for _ in 0..<3 {
        let store = SmallStore(path + "/t.h5", dtype: .float16)
        try store.writeAll()
        let reader = try FeatureStoreReader(store.path)
        _ = try reader.readRows(group: store.groups[0], 0..<23)
        _ = try (reader.ids(), reader.labels(), StoreDescription(store.path))
        _ = diagnosed { _ = try HDF5File(reading: path + "/none") }
        _ = diagnosed { _ = try reader.index.file.hdf5.dataset("none") }
        try FileManager.default.removeItem(atPath: path + "/t.shards")
        try FileManager.default.removeItem(atPath: store.path)
      }
      precondition(HDF5.openObjectCount() == 0, "\(HDF5.openObjectCount()) objects open")
    }
    withExtendedLifetime(folder) {}
  }
}
