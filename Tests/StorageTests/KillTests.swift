import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct KillTests {
  @Test func aRunKilledBySignalNineIsResumedToTheSameBytes() async throws {
    let whole = try ScratchFolder()
    try SmallStore(whole / "t.h5", dtype: .float32).writeAll()
    let expected = try whole.contents()
    for stop in [0, 4, 14, 23, 30] as [Int] {
      let folder = try ScratchFolder()
      let path = folder / "t.h5"
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, stop = stop as Int] in
        let store = SmallStore(path, dtype: .float32)
        let writer = try store.writer()
        try store.write(writer, store.groups[0], 0..<min(stop, 23))
        if stop > 23 { try store.write(writer, store.groups[1], 0..<stop - 23) }
        kill(getpid(), SIGKILL)
      }
      let left = try folder.contents().keys.filter { $0.hasSuffix(AtomicFile.suffix) }
      #expect(left.count == (stop == 0 || stop == 23 ? 0 : 1), "stopped after \(stop) rows")
      let store = SmallStore(path, dtype: .float32)
      let writer = try store.writer()
      for group in store.groups { try store.write(writer, group, 0..<SmallStore.rows) }
      try writer.finish(ids: store.ids, labels: store.labels)
      #expect(try folder.contents() == expected, "stopped after \(stop) rows")
    }
  }
}
