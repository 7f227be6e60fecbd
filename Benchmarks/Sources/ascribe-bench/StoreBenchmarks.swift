// Letters: n rows, k features.
import Datasets
import Foundation
import Gradients
import Influence
import Projections
import Storage
import Tensors

/// A store of random rows for the benchmarks, with the plain files it is compared with.
struct BenchStore {
  let path: String
  let rows: Int
  let columns: Int
  let dtype: StorageType
  /// Rows that are written again and again.
  let block: Matrix<Float>

  init(_ bench: Bench, rows: Int, columns: Int, dtype: StorageType) {
    path = "\(bench.scratch)/bench-\(dtype.rawValue).h5"
    (self.rows, self.columns, self.dtype) = (rows, columns, dtype)
    block = Workload.noise(rows: min(rows, 1 << 14), columns: columns, index: 7)
  }

  var bytes: Int { rows * columns * dtype.byteCount }
  /// The rows' bytes of a shard, as `FeatureStoreLayout` cuts by default.
  var shardBytes: Int { (128 << 20) / (columns * dtype.byteCount) * columns * dtype.byteCount }

  func remove() {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: PreconditionerFile.folder(of: path))
    try? FileManager.default.removeItem(atPath: path.dropLast(3) + ".shards")
    for file in plainFiles { try? FileManager.default.removeItem(atPath: file) }
  }

  func write() throws {
    let writer = try FeatureStoreWriter(
      path: path, rows: rows, columns: columns, dtype: dtype, groups: ["bench"],
      outputColumns: ["residual"], fingerprint: Fingerprint(["bench": "1"]))
    for start in stride(from: 0, to: rows, by: block.rows) {
      let count = min(block.rows, rows - start)
      let piece = Matrix<Float>(rows: block.rows, columns: columns, storage: block.storage)
      try writer.write(
        group: "bench", rows: start..<start + count,
        features: count == block.rows ? piece : Matrix(Tensor(piece).prefixSlice(0..<count)),
        outputs: Matrix(repeating: 1, rows: count, columns: 1))
    }
    let labels = [Int64](repeating: 0, count: rows)
    try writer.finish(ids: .integers(Array(0..<Int64(rows))), labels: .classes(labels))
  }

  func read(checks: RowChecks) throws {
    let store = try FeatureStoreReader(path, checks: checks)
    try read(store)
  }

  func read(_ store: FeatureStoreReader) throws {
    try store.forEachBlock(group: "bench", rowsPerBlock: store.scanRows) { _, _ in }
  }

  var shards: [String] {
    let folder = path.dropLast(3) + ".shards/bench"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: String(folder))) ?? []
    return names.filter { $0.hasSuffix(".h5") }.sorted().map { "\(folder)/\($0)" }
  }

  /// Plain files of the shards' sizes: the same bytes, cut and flushed in the same places.
  var plainFiles: [String] {
    (0..<(bytes + shardBytes - 1) / shardBytes).map { "\(path).plain-\($0)" }
  }

  func writePlain() throws {
    for (index, file) in plainFiles.enumerated() {
      try PlainFile.write(
        file, block.storage, count: min(shardBytes, bytes - index * shardBytes))
    }
  }

  func readPlain(into target: Buffer<Float>) throws {
    for file in plainFiles { try PlainFile.read(file, into: target) }
  }

  func forget() { (shards + plainFiles).forEach(PlainFile.forget) }
}

extension Benchmark {
  /// Writing and reading a store against plain files.
  static let storeFiles = Benchmark(
    name: "store-files",
    summary: "store write and read, checksums on, as a share of plain files' rate, same durability"
  ) { bench in
    let room = min(PlainFile.freeBytes(bench.scratch) / 4, bench.isQuick ? 1 << 28 : 1 << 30)
    let store = BenchStore(bench, rows: room / 4_096, columns: 1_024, dtype: .float32)
    defer { store.remove() }
    let rate = Double(store.bytes) / 1e9
    func row(_ name: String, _ times: Comparison) -> BenchmarkRow {
      BenchmarkRow(
        name, rate / median(times.first), "GB/s",
        reference: "plain files \(text(rate / median(times.second))) GB/s", ratio: 1 / times.ratio)
    }
    let writes = try Comparison(rounds: bench.rounds(5)) {
      store.remove()
      return try seconds { try store.write() }
    } against: {
      try seconds { try store.writePlain() }
    }
    let target = Buffer<Float>(uninitialized: PlainFile.piece / 4)
    func reads(_ forgetting: Bool, _ work: () throws -> Void) throws -> Comparison {
      try Comparison(rounds: bench.rounds(5)) {
        if forgetting { store.forget() }
        return try seconds(work)
      } against: {
        if forgetting { store.forget() }
        return try seconds { try store.readPlain(into: target) }
      }
    }
    let again = try FeatureStoreReader(store.path, checks: .firstRead)
    return [
      row("store write", writes).atLeast(0.7),
      row("store read, from disk", try reads(true) { try store.read(checks: .everyRead) })
        .atLeast(0.7),
      row("store read, in memory", try reads(false) { try store.read(checks: .everyRead) })
        .atLeast(0.7),
      row("store read, checked before", try reads(false) { try store.read(again) }),
      row("store read, unchecked", try reads(false) { try store.read(checks: .none) }),
    ]
  }

  /// One query over a large store.
  static let storeQuery = Benchmark(
    name: "store-query",
    summary: "top 10 of one query on 1,000,000 × 512 float16: share of file and memory bandwidth"
  ) { bench in
    let store = BenchStore(
      bench, rows: bench.isQuick ? 250_000 : 1_000_000, columns: 512, dtype: .float16)
    defer { store.remove() }
    guard PlainFile.freeBytes(bench.scratch) > 3 * store.bytes else {
      return [
        BenchmarkRow("top 10", nil, "s", reference: "needs \(3 * store.bytes >> 30) GiB of disk")
      ]
    }
    try store.write()
    try store.writePlain()
    let query = Workload.images(1, index: 8)
    let source = GradientSource(
      network: Workload.network, parameters: Workload.network.initialParameters(seed: 0))
    let projector = try ProjectionChoice(kind: .sjlt, dimension: 512)
      .projector(for: source, .margin, query)
    // As many examples as rows, without their inputs: one is shared by all.
    let training = Dataset(
      inputs: Tensor(repeating: 0, shape: [store.rows, 0]),
      targets: .classes([Int32](repeating: 0, count: store.rows), names: ["0"]))
    func model(_ checks: RowChecks) throws -> Ensemble {
      let features = StoredCheckpoint.Features(
        store: try FeatureStoreReader(store.path, checks: checks), target: .output(.margin),
        projector: projector)
      return try Ensemble(
        checkpoints: [
          StoredCheckpoint(
            group: "bench", source: source, features: [features], training: training)
        ], training: training,
        options: ScoringOptions(
          method: .graddot, classification: true, outputFunction: .margin, exampleWeight: nil))
    }
    let target = Buffer<Float>(uninitialized: PlainFile.piece / 4)
    let memory = MemoryScan(bytes: store.bytes)
    let rate = Double(store.bytes) / 1e9
    var rows: [BenchmarkRow] = []
    for (name, checks) in [("checked", RowChecks.everyRead), ("checked before", .firstRead)] {
      let model = try model(checks)
      var scan: [Double] = []
      let times = try Comparison(rounds: bench.rounds(7)) {
        scan.append(memory.time())
        return try seconds { _ = try model.top(query, limit: 10) }
      } against: {
        try seconds { try store.readPlain(into: target) }
      }
      let time = median(times.first)
      rows += [
        BenchmarkRow("top 10 of \(store.rows) rows, \(name)", time, "s"),
        BenchmarkRow(
          "  of plain file read", rate / time, "GB/s",
          reference: "plain files \(text(rate / median(times.second))) GB/s",
          ratio: 1 / times.ratio
        ).atLeast(0.5),
        BenchmarkRow(
          "  of memory", rate / time, "GB/s",
          reference: "memory \(text(rate / median(scan))) GB/s", ratio: median(scan) / time),
      ]
    }
    let queries = Workload.noise(rows: 1, columns: 512, index: 9)
    for (name, checks) in [("checked", RowChecks.everyRead), ("checked before", .firstRead)] {
      let reader = try FeatureStoreReader(store.path, checks: checks)
      let times = try Comparison(rounds: bench.rounds(7)) {
        try seconds { _ = try reader.top("bench", queries, limit: 10) }
      } against: {
        try seconds { try store.readPlain(into: target) }
      }
      rows.append(
        BenchmarkRow(
          "scan for a given vector, \(name)", rate / median(times.first), "GB/s",
          reference: "plain files \(text(rate / median(times.second))) GB/s",
          ratio: 1 / times.ratio
        ).atLeast(0.5))
    }
    return rows
  }
}
