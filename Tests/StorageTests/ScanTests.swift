import Foundation
import Synchronization
import TestSupport
import Tensors
import Testing

@testable import Storage

@Suite struct ScanTests {
  /// 300 rows of 8,000 in shards of 130: 32 rows a block in float32, 65 in the half types.
  private func store(_ folder: ScratchFolder, _ dtype: StorageType) throws -> FeatureStoreReader {
    let (rows, columns) = (300, 8000)
    let features = Matrix(
      (0..<rows * columns).map { Float($0 % 251 - 100) / 64 }, rows: rows, columns: columns)
    let path = folder / "store-\(dtype.rawValue).h5"
    let writer = try FeatureStoreWriter(
      path: path, rows: rows, columns: columns, dtype: dtype, groups: ["a", "b"],
      outputColumns: ["residual"], fingerprint: Fingerprint(["model": "m"]), rowsPerShard: 130)
    for group in ["a", "b"] {
      let outputs = Matrix((0..<rows).map { Float($0) }, rows: rows, columns: 1)
      try writer.write(group: group, rows: 0..<rows, features: features, outputs: outputs)
    }
    try writer.finish(
      ids: .integers((0..<Int64(rows)).map { $0 }),
      labels: .classes([Int64](repeating: 0, count: rows)))
    return try FeatureStoreReader(path)
  }

  @Test(arguments: [StorageType.float32, .float16, .bfloat16])
  func everyRowIsSeenOnceInOrderForAnyNumberOfWorkers(dtype: StorageType) throws {
    let folder = try ScratchFolder()
    let reader = try store(folder, dtype)
    let all = try reader.readRows(group: "a", 0..<300)
    let vector = Matrix((0..<8000).map { Float($0 % 17) - 8 }, rows: 1, columns: 8000)
    let expected = (0..<300).map {
      VectorMath.dot(all.storage.base + $0 * 8000, vector.storage.base, count: 8000)
    }
    for count in [1, 2, 5] {
      try Execution.with(workers: count) {
        for least in [1, 100] {
          var (next, dots) = (0, [Float]())
          try reader.scan(leastRows: least) { block in
            let result = Matrix<Float>(uninitialized: 1, block.rows.count)
            try block.load("a").dots(vector.storage.base, into: result.storage.base)
            let wide = try block.matrix("b")
            #expect(wide == slice(all, block.rows))
            #expect(try block.outputs("b").elements == block.rows.map { Float($0) })
            return result
          } inOrder: { rows, result in
            #expect(rows.lowerBound == next)
            next = rows.upperBound
            dots += result.elements
          }
          #expect(next == 300)
          // To the bit: no widened copy, the same sums.
          #expect(dots == expected)
        }
      }
    }
    let sizes = dtype == .float32 ? [128, 2, 128, 2, 40] : [130, 130, 40]
    #expect(reader.scanBlocks(leastRows: 100).map(\.count) == sizes)
  }

  @Test func aPartOfTheRowsKeepsTheCutsOfTheWhole() throws {
    let folder = try ScratchFolder()
    let reader = try store(folder, .float32)
    #expect(reader.scanBlocks(100..<140) == [100..<128, 128..<130, 130..<140])
    #expect(reader.scanBlocks(5..<5).isEmpty)
    let all = try reader.readRows(group: "a", 0..<300)
    var seen: [Range<Int>] = []
    try reader.scan(100..<140) { block in
      let wide = try block.matrix("a")
      #expect(wide == slice(all, block.rows))
    } inOrder: { rows, _ in
      seen.append(rows)
    }
    #expect(seen == [100..<128, 128..<130, 130..<140])
  }

  @Test func theFirstFailureInOrderIsTheOneReported() throws {
    let folder = try ScratchFolder()
    let reader = try store(folder, .float32)
    // A byte of the second and of the third shard's features.
    for (shard, name) in ["00001", "00002"].enumerated() {
      let file = "store-float32.shards/a/\(name).h5"
      var bytes = try folder.bytes(file)
      let place = bytes.count / 2 + shard
      bytes[place] ^= 1
      try Data(bytes).write(to: URL(fileURLWithPath: folder / file))
    }
    let damaged = try FeatureStoreReader(folder / "store-float32.h5")
    for count in [1, 4] {
      try Execution.with(workers: count) {
        var last = 0
        let error = #expect(throws: StorageError.self) {
          try damaged.scan {
            try $0.load("a").rows.count
          } inOrder: { rows, _ in
            last = rows.upperBound
          }
        }
        guard case .rowsCorrupt(let rows, "features", let file) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(file == folder / "store-float32.shards/a/00001.h5")
        #expect(last == 130 + rows.lowerBound)
        // Unchecked, the same bytes are taken as they are; checked once, they are found as well.
        try FeatureStoreReader(folder / "store-float32.h5", checks: .none).scan {
          try $0.load("a").rows.count
        } inOrder: { _, _ in
        }
        #expect(throws: StorageError.self) {
          try FeatureStoreReader(folder / "store-float32.h5", checks: .firstRead).scan {
            try $0.load("a").rows.count
          } inOrder: { _, _ in
          }
        }
      }
    }
    _ = reader
  }

  @Test func whatTheCallerThrowsEndsTheScan() throws {
    struct Enough: Error {}
    let folder = try ScratchFolder()
    let reader = try store(folder, .float16)
    var taken = 0
    #expect(throws: Enough.self) {
      try reader.scan {
        $0.rows.lowerBound
      } inOrder: { _, _ in
        taken += 1
        if taken == 2 { throw Enough() }
      }
    }
    #expect(taken == 2)
    #expect(throws: StorageError.unknownGroup(name: "x", known: ["a", "b"], file: reader.path)) {
      try reader.scan {
        try $0.load("x").columns
      } inOrder: { _, _ in
      }
    }
  }

  @Test func anUnknownVersionOfAStoreIsNamed() throws {
    let folder = try ScratchFolder()
    let writer = try SealedFileWriter(folder / "t.h5")
    try writer.hdf5.setAttribute("format", .text(FeatureStoreIndex.format))
    try writer.hdf5.setAttribute("version", .integer(7))
    try writer.finish()
    #expect(
      throws: StorageError.unsupportedVersion(found: 7, newest: 1, file: folder / "t.h5")
    ) { try FeatureStoreReader(folder / "t.h5") }
    let other = try SealedFileWriter(folder / "u.h5")
    try other.hdf5.setAttribute("format", .text(FeatureStoreIndex.format))
    try other.hdf5.setAttribute("version", .text("7"))
    try other.finish()
    #expect(
      throws: StorageError.wrongType(
        name: "version", expected: "a whole number", found: "another kind of value",
        file: folder / "u.h5")
    ) { try FeatureStoreReader(folder / "u.h5") }
  }
}
