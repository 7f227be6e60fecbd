import Foundation
import Tensors
import TestSupport
import Testing

@testable import Storage

@Suite struct FeatureStoreTests {
  @Test(arguments: [StorageType.float32, .float16, .bfloat16])
  func rowsComeBackInEveryType(dtype: StorageType) throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "trän 50% x.h5", dtype: dtype)
    try store.writeAll()
    let reader = try FeatureStoreReader(store.path, expecting: store.fingerprint)
    #expect(reader.rows == SmallStore.rows && reader.columns == SmallStore.columns)
    #expect(reader.groups == store.groups)
    for group in store.groups {
      let all = try reader.readRows(group: group, 0..<SmallStore.rows)
      for i in 0..<SmallStore.rows {
        for j in 0..<SmallStore.columns {
          // The values need 8 significant bits, so every type holds them exactly.
          #expect(all[i, j] == store.feature(group, i, j))
        }
      }
      let middle = try reader.readRows(group: group, 9..<21)
      #expect(middle == store.features(group, 9..<21))
      #expect(try reader.outputs(group: group) == store.outputs(group, 0..<SmallStore.rows))
      #expect(
        try reader.output("loss", group: group)
          == (0..<SmallStore.rows).map { store.outputs(group, $0..<$0 + 1)[0, 1] })
      var seen: [Range<Int>] = []
      try reader.forEachBlock(group: group, rowsPerBlock: 10) { rows, block in
        seen.append(rows)
        #expect(block == store.features(group, rows))
      }
      #expect(seen == [0..<10, 10..<20, 20..<23])
    }
    #expect(try reader.ids() == store.ids)
    #expect(try reader.labels() == store.labels)
    #expect(
      throws: StorageError.unknownGroup(name: "x", known: store.groups, file: store.path)
    ) { try reader.readRows(group: "x", 0..<1) }
    #expect(
      throws: StorageError.rowsOutOfRange(rows: 5..<24, available: 23, file: store.path)
    ) { try reader.readRows(group: store.groups[0], 5..<24) }
  }

  @Test func largeRowsCrossBlocksForAnyNumberOfWorkersAndBatch() throws {
    let folder = try ScratchFolder()
    let (rows, columns) = (70, 8000)  // 32 rows a block in float32, three blocks a shard
    let features = Matrix(
      (0..<rows * columns).map { Float($0 % 251) - 100 }, rows: rows, columns: columns)
    var files: [[String: [UInt8]]] = []
    for (count, batch) in [(1, 70), (2, 7), (2, 33)] {
      try Execution.with(workers: count) {
        let name = "store"
        let writer = try FeatureStoreWriter(
          path: folder / name, rows: rows, columns: columns, dtype: .float32, groups: ["a"],
          outputColumns: [], fingerprint: Fingerprint(["model": "m"]), rowsPerShard: 66,
          overwrite: true)
        for first in stride(from: 0, to: rows, by: batch) {
          let range = first..<min(rows, first + batch)
          try writer.write(group: "a", rows: range, features: slice(features, range))
        }
        try writer.finish(
          ids: .integers((0..<70).map { Int64($0) }), labels: .values(slice(features, 0..<70)))
        files.append(try folder.contents())
        let reader = try FeatureStoreReader(folder / name, checks: .firstRead)
        for _ in 0..<2 {
          #expect(try reader.readRows(group: "a", 31..<69) == slice(features, 31..<69))
        }
        let trusting = try FeatureStoreReader(folder / name, checks: .none)
        #expect(try trusting.readRows(group: "a", 31..<33) == slice(features, 31..<33))
        #expect(try reader.outputs(group: "a").columns == 0)
        for file in files[0].keys { try FileManager.default.removeItem(atPath: folder / file) }
      }
    }
    #expect(files[0] == files[1] && files[0] == files[2])
  }

  @Test func aKilledRunIsResumedToTheSameBytes() throws {
    let whole = try ScratchFolder()
    try SmallStore(whole / "t.h5", dtype: .float16).writeAll()
    let expected = try whole.contents()
    for stop in 0...SmallStore.rows * 2 {
      let folder = try ScratchFolder()
      let store = SmallStore(folder / "t.h5", dtype: .float16)
      do {
        let writer = try store.writer()
        var left = stop
        for group in store.groups {
          let rows = 0..<min(left, SmallStore.rows)
          left -= rows.count
          try store.write(writer, group, rows)
        }
      }
      // A kill leaves the temporary file that an orderly end deletes.
      try AtomicFile.write([1, 2, 3], to: folder / "torn")
      let group = "t.shards/\(store.groups[stop % 2])"
      try FileManager.default.moveItem(
        atPath: folder / "torn", toPath: folder / "\(group)/.00001.h5.77-1\(AtomicFile.suffix)")
      try AtomicFile.write([], to: folder / ".t.h5.77-2\(AtomicFile.suffix)")
      let writer = try store.writer()
      for group in store.groups {
        for rows in writer.missingRows(group: group) { try store.write(writer, group, rows) }
      }
      try writer.finish(ids: store.ids, labels: store.labels)
      #expect(try folder.contents() == expected, "stopped after \(stop) rows")
    }
  }

  @Test func finishedShardsAreKeptAndDamagedOnesMadeAgain() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    try store.writeAll()
    let before = try folder.contents()
    #expect(try store.writer().missingRows(group: store.groups[0]).isEmpty)
    let shard = "t.shards/\(store.groups[0])/00001.h5"
    try AtomicFile.write(Array(try folder.bytes(shard).dropLast()), to: folder / shard)
    try FileManager.default.removeItem(atPath: folder / "t.shards/\(store.groups[1])/00000.h5")
    do {
      let writer = try store.writer()
      #expect(writer.missingRows(group: store.groups[0]) == [10..<20])
      #expect(writer.missingRows(group: store.groups[1]) == [0..<10])
      #expect(
        throws: StorageError.incomplete(
          group: store.groups[0], missing: 10..<20, file: store.path)
      ) { try writer.finish(ids: store.ids, labels: store.labels) }
      for group in store.groups { try store.write(writer, group, 0..<SmallStore.rows) }
      try writer.finish(ids: store.ids, labels: store.labels)
    }
    #expect(try folder.contents() == before)
  }

  @Test func aStoreOfAnotherFingerprintIsRefusedNamingTheField() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    try store.writeAll()
    let other = Fingerprint([
      "model": "abc", "dataset": "other", "projector": "sjlt k=5", "engine": "1",
    ])
    for open in [
      { _ = try FeatureStoreReader(store.path, expecting: other) },
      { _ = try store.writer(fingerprint: other) },
      { _ = try Verification.verify(store.path, expecting: other) },
    ] {
      let error = try #require(diagnosed { try open() })
      #expect(error.exitCode == 4)
      #expect(
        error.description == """
          error: dataset differs: expected "other", found "def".
            at:  \(store.path)
            fix: use the file made for this model and data, or make it again with ‹overwrites›.
          """)
    }
    let writer = try store.writer(fingerprint: other, overwrite: true)
    #expect(writer.missingRows(group: store.groups[0]) == [0..<23])
    #expect(!FileManager.default.fileExists(atPath: store.path))
  }

  @Test func unfinishedShardsOfAnotherFingerprintOrShapeAreRefused() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    do { try store.write(try store.writer(), store.groups[0], 0..<10) }
    let file = "\(folder.path)/t.shards/\(store.groups[0])/00000.h5"
    #expect(
      throws: StorageError.fingerprintMismatch(
        field: "model", expected: "x", found: "abc", file: file)
    ) { try store.writer(fingerprint: Fingerprint(["model": "x"])) }
    #expect(
      throws: StorageError.fingerprintMismatch(
        field: "dtype", expected: "float16", found: "float32", file: file)
    ) { try SmallStore(store.path, dtype: .float16).writer() }
    try AtomicFile.makeFolder(folder / "t.shards/old")
    try AtomicFile.write([1], to: folder / "t.shards/old/00000.h5")
    let stray = "\(folder.path)/t.shards/old/00000.h5"
    #expect(throws: StorageError.unexpectedFile(path: stray)) { try store.writer() }
  }

  @Test func valuesThatCannotBeStoredAreRefusedByRow() throws {
    let folder = try ScratchFolder()
    for (dtype, value) in [
      (StorageType.float32, Float.nan), (.float16, .infinity), (.float16, 65520),
      (.bfloat16, -.infinity), (.bfloat16, .greatestFiniteMagnitude),
    ] {
      let store = SmallStore(folder / "\(dtype) \(value).h5", dtype: dtype)
      let writer = try store.writer()
      try store.write(writer, store.groups[0], 0..<10)
      var features = store.features(store.groups[0], 10..<20)
      features[3, 4] = value
      let error = try #require(
        diagnosed {
          try writer.write(
            group: store.groups[0], rows: 10..<20, features: features,
            outputs: store.outputs(store.groups[0], 10..<20))
        } as? StorageError)
      let file = "\(folder.path)/\(dtype) \(value).shards/\(store.groups[0])/00001.h5"
      guard case .notStorable(let found, dtype.rawValue, "features", 13, 4, file) = error else {
        Issue.record("\(error)")
        continue
      }
      #expect(found.bitPattern == value.bitPattern)
      #expect(error.what == "features row 13, column 4 is \(value), which \(dtype) cannot store.")
      #expect(writer.missingRows(group: store.groups[0]) == [10..<23])
      try store.write(writer, store.groups[0], 10..<20)
      #expect(writer.missingRows(group: store.groups[0]) == [20..<23])
    }
  }

  @Test func twoWritersOfOneStoreAreNotLetIn() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    let first = try store.writer()
    #expect(throws: StorageError.storeInUse(path: folder / "t.shards")) { try store.writer() }
    withExtendedLifetime(first) {}
  }

  @Test func wrongShapesNamesAndLayoutsAreRefused() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    let writer = try store.writer()
    #expect(
      throws: StorageError.wrongShape(
        name: "s 0/e-1/features", expected: [3, 5], found: [2, 5], file: store.path)
    ) {
      try writer.write(
        group: "s 0/e-1", rows: 0..<3, features: store.features("s 0/e-1", 0..<2))
    }
    #expect(
      throws: StorageError.wrongShape(
        name: "s 0/e-1/outputs", expected: [2, 2], found: [2, 0], file: store.path)
    ) {
      try writer.write(
        group: "s 0/e-1", rows: 0..<2, features: store.features("s 0/e-1", 0..<2))
    }
    for groups in [[], ["a", "a"], ["a", "a/b"], ["../x"], ["/a"], ["a/features"], [".a"], [""]] {
      #expect(throws: StorageError.self, "\(groups)") {
        try FeatureStoreLayout(
          rows: 1, columns: 1, dtype: .float32, groups: groups, outputColumns: [])
      }
    }
    for (rows, columns, type) in [
      (0, 1, StorageType.float32), (1, 0, .float32), (1, 1, .int64), (Int.max, 2, .float32),
      (1, Int.max, .float16),
    ] {
      #expect(throws: StorageError.self, "\(rows) \(columns)") {
        try FeatureStoreLayout(
          rows: rows, columns: columns, dtype: type, groups: ["a"], outputColumns: [],
          rowsPerShard: Int.max / 2)
      }
    }
  }

  @Test func aShardOfAnotherStoreIsNoticed() throws {
    let folder = try ScratchFolder()
    let store = SmallStore(folder / "t.h5", dtype: .float32)
    try store.writeAll()
    let (a, b) = ("t.shards/\(store.groups[0])/00000.h5", "t.shards/\(store.groups[1])/00000.h5")
    try AtomicFile.write(try folder.bytes(b), to: folder / a)
    let reader = try FeatureStoreReader(store.path)
    #expect(
      throws: StorageError.inconsistent(
        problem: "the shard is not the one the store was made with", file: folder / a)
    ) { try reader.readRows(group: store.groups[0], 0..<1) }
    #expect(throws: StorageError.self) { try Verification.verify(store.path) }
  }

  @Test func foldersThatCannotBeWrittenAreNamed() throws {
    let folder = try ScratchFolder()
    try AtomicFile.write([1], to: folder / "file")
    let error = try #require(
      diagnosed { _ = try SmallStore(folder / "file/t.h5", dtype: .float32).writer() })
    #expect(error.what == "cannot make the folder: Not a directory.")
    #expect(error.location == folder / "file/t.shards")
    let missing = try #require(
      diagnosed { try AtomicFile.write("x", to: folder / "none/x.json") })
    #expect(missing.what == "cannot create the file: No such file or directory.")
    #expect(missing.remedy == "check the path.")
  }
}

/// 23 rows of 5 features in two groups, three shards, two output columns.
struct SmallStore: Sendable {
  static let rows = 23
  static let columns = 5
  let path: String
  let dtype: StorageType
  let groups = ["s 0/e-1", "s 0/é-2"]
  let fingerprint = Fingerprint([
    "model": "abc", "dataset": "def", "projector": "sjlt k=5", "engine": "1",
  ])
  let ids = RowIDs.texts((0..<rows).map { "id \($0)" })
  let labels = RowLabels.classes((0..<rows).map { Int64($0 % 3) })

  init(_ path: String, dtype: StorageType) { (self.path, self.dtype) = (path, dtype) }

  func writer(
    fingerprint: Fingerprint? = nil, overwrite: Bool = false
  ) throws -> FeatureStoreWriter {
    try FeatureStoreWriter(
      path: path, rows: Self.rows, columns: Self.columns, dtype: dtype, groups: groups,
      outputColumns: ["margin", "loss"], fingerprint: fingerprint ?? self.fingerprint,
      rowsPerShard: 10, overwrite: overwrite)
  }

  func feature(_ group: String, _ i: Int, _ j: Int) -> Float {
    Float((i * 7 + j * 3 + (group == groups[0] ? 0 : 11)) % 97 - 40) / 8
  }

  func features(_ group: String, _ rows: Range<Int>) -> Matrix<Float> {
    Matrix(
      rows.flatMap { i in (0..<Self.columns).map { feature(group, i, $0) } }, rows: rows.count,
      columns: Self.columns)
  }

  func outputs(_ group: String, _ rows: Range<Int>) -> Matrix<Float> {
    let shift: Float = group == groups[0] ? 0 : 1
    return Matrix(
      rows.flatMap { row -> [Float] in [Float(row) / 3, -Float(row) - shift] },
      rows: rows.count, columns: 2)
  }

  /// Writes rows three at a time, counted from row 0 whatever is missing.
  func write(_ writer: FeatureStoreWriter, _ group: String, _ rows: Range<Int>) throws {
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: 3) {
      let range = first..<min(rows.upperBound, first + 3)
      try writer.write(
        group: group, rows: range, features: features(group, range),
        outputs: outputs(group, range))
    }
  }

  func writeAll() throws {
    let writer = try writer()
    for group in groups { try write(writer, group, 0..<Self.rows) }
    try writer.finish(ids: ids, labels: labels)
  }
}

/// Some rows of a matrix, copied.
func slice(_ matrix: Matrix<Float>, _ rows: Range<Int>) -> Matrix<Float> {
  Matrix(Tensor(matrix).prefixSlice(rows))
}
