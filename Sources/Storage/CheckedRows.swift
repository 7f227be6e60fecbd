import Synchronization
import Tensors

/// Which row blocks are checked against their checksum when rows are read.
public enum RowChecks: Sendable {
  /// Every block, at every read.
  case everyRead
  /// Every block, the first time that it is read through the same object.
  case firstRead
  /// None: bytes are taken as they are.
  case none
}

/// The rows of a dataset with row checksums, read by all workers at once.
public final class CheckedRows: Sendable {
  /// The dataset with the checksums of `name` is `name` + this.
  public static let checksumSuffix = ".checksums"
  /// The dataset's name.
  public let name: String
  /// Number of rows.
  public let rowCount: Int
  /// Elements in a row.
  public let rowLength: Int
  /// The type in the file.
  public let type: StorageType

  let region: Range<Int>
  private let file: OpenFile
  private let blockRows: Int
  private let checksums: [UInt8]
  private let seen: Mutex<[Bool]>

  init(_ dataset: HDF5Dataset, of hdf5: HDF5File, in file: OpenFile) throws(StorageError) {
    (name, self.file) = (dataset.name, file)
    guard let type = dataset.type, !dataset.shape.isEmpty else {
      throw .wrongType(
        name: name, expected: "rows of numbers", found: dataset.typeDescription, file: file.path)
    }
    (self.type, rowCount, rowLength) = (type, dataset.rowCount, try dataset.rowLength())
    let label = name + CheckedRows.checksumSuffix
    guard case .integer(let rows) = try hdf5.attribute("blockRows", of: label), rows > 0 else {
      throw .inconsistent(problem: "\(label) has no number of rows", file: file.path)
    }
    blockRows = Int(rows)
    let blocks = rowCount == 0 ? 0 : (rowCount - 1) / blockRows + 1
    let stored = try hdf5.dataset(label)
    guard stored.shape == [blocks, RowChecksum.byteCount], stored.type == .uint8 else {
      throw .wrongShape(
        name: label, expected: [blocks, RowChecksum.byteCount], found: stored.shape, file: file.path)
    }
    checksums = try stored.read(UInt8.self)
    // Length and product were checked by no one yet: the file's length bounds both.
    let (elements, overflow) = rowCount.multipliedReportingOverflow(by: rowLength)
    let (bytes, overflow2) = elements.multipliedReportingOverflow(by: type.byteCount)
    let start = bytes == 0 ? 0 : dataset.fileOffset() ?? Int.max
    guard !overflow, !overflow2, rowLength > 0, start <= (try file.length()) - bytes else {
      throw .tooLarge(name: name, shape: dataset.shape, file: file.path)
    }
    region = start..<start + bytes
    seen = Mutex(Array(repeating: false, count: blocks))
  }

  /// Reads rows into memory that has room for them, the half types as `Float`.
  ///
  /// - Throws: `StorageError.rowsCorrupt` naming the rows of the block, `.rowsOutOfRange`,
  ///   `.wrongType` when the dataset holds another type, `.system`.
  public func read<Scalar: HDF5Scalar>(
    _ rows: Range<Int>, into target: UnsafeMutablePointer<Scalar>,
    checks: RowChecks = .everyRead
  ) throws(StorageError) {
    guard rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw .rowsOutOfRange(rows: rows, available: rowCount, file: "\(file.path):\(name)")
    }
    guard Scalar.storageType == (type.isHalf ? .float32 : type) else {
      throw .wrongType(
        name: name, expected: Scalar.storageType.rawValue, found: type.rawValue, file: file.path)
    }
    guard !rows.isEmpty else { return }
    let first = rows.lowerBound / blockRows
    let blocks = (rows.upperBound - 1) / blockRows + 1 - first
    let failures = FirstFailure()
    let targetRowBytes = rowLength * MemoryLayout<Scalar>.stride
    let base = Unchecked(UnsafeMutableRawPointer(target))
    Workers.run(over: blocks, grain: 1) { range in
      let jobs = range.map { offset in
        let wanted = blockRange(first + offset).clamped(to: rows)
        return ReadJob(
          block: first + offset, wanted: wanted,
          target: base.value + (wanted.lowerBound - rows.lowerBound) * targetRowBytes)
      }
      do throws(StorageError) {
        try read(jobs, checks)
      } catch { failures.record(error, at: range.lowerBound) }
    }
    try failures.throwFirst()
  }

  /// Rows as a matrix of `Float`.
  public func matrix(
    _ rows: Range<Int>, checks: RowChecks = .everyRead
  ) throws(StorageError) -> Matrix<Float> {
    guard rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw .rowsOutOfRange(rows: rows, available: rowCount, file: "\(file.path):\(name)")
    }
    let result = Matrix<Float>(uninitialized: rows.count, rowLength)
    try read(rows, into: result.storage.base, checks: checks)
    return result
  }

  /// All elements of a small dataset.
  public func values<Scalar: HDF5Scalar>(
    _: Scalar.Type = Scalar.self
  ) throws(StorageError) -> [Scalar] {
    let buffer = Buffer<Scalar>(uninitialized: rowCount * rowLength)
    try read(0..<rowCount, into: buffer.base)
    return Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
  }

  /// Checks every block; returns their number.
  func verify() throws(StorageError) -> Int {
    let blocks = checksums.count / RowChecksum.byteCount
    let failures = FirstFailure()
    Workers.run(over: blocks, grain: 1) { range in
      do throws(StorageError) {
        var loaded: [(block: Int, bytes: UnsafeRawPointer)] = []
        var memory: [Buffer<UInt8>] = []
        for block in range {
          let scratch = Buffer<UInt8>(
            uninitialized: blockRange(block).count * rowLength * type.byteCount)
          try readBytes(blockRange(block), into: scratch.base)
          memory.append(scratch)
          loaded.append((block, UnsafeRawPointer(scratch.base)))
        }
        try check(loaded)
        withExtendedLifetime(memory) {}
      } catch { failures.record(error, at: range.lowerBound) }
    }
    try failures.throwFirst()
    return blocks
  }

  // MARK: Blocks

  private func blockRange(_ block: Int) -> Range<Int> {
    block * blockRows..<(block == rowCount / blockRows ? rowCount : (block + 1) * blockRows)
  }

  /// Rows of one block, and where they go.
  private struct ReadJob {
    let block: Int
    let wanted: Range<Int>
    let target: UnsafeMutableRawPointer
  }

  /// Reads blocks, checks them together, then widens or copies what is wanted of them.
  private func read(_ jobs: [ReadJob], _ checks: RowChecks) throws(StorageError) {
    var scratches: [Buffer<UInt8>?] = []
    var unchecked: [(block: Int, bytes: UnsafeRawPointer)] = []
    for job in jobs {
      let isChecked = needsCheck(job.block, checks)
      let loaded = isChecked ? blockRange(job.block) : job.wanted
      // Whole blocks of the caller's own type need no copy.
      let isDirect = !type.isHalf && loaded == job.wanted
      let scratch =
        isDirect
        ? nil : Buffer<UInt8>(uninitialized: loaded.count * rowLength * type.byteCount)
      let place = scratch.map { UnsafeMutableRawPointer($0.base) } ?? job.target
      try readBytes(loaded, into: place)
      scratches.append(scratch)
      if isChecked { unchecked.append((job.block, UnsafeRawPointer(place))) }
    }
    try check(unchecked)
    if checks == .firstRead && !unchecked.isEmpty {
      seen.withLock { seen in for one in unchecked { seen[one.block] = true } }
    }
    let checked = Set(unchecked.map(\.block))
    for (job, scratch) in zip(jobs, scratches) {
      guard let scratch else { continue }
      let skipped =
        checked.contains(job.block)
        ? job.wanted.lowerBound - blockRange(job.block).lowerBound : 0
      deliver(UnsafeRawPointer(scratch.base) + skipped * rowLength * type.byteCount, job)
    }
  }

  private func needsCheck(_ block: Int, _ checks: RowChecks) -> Bool {
    switch checks {
    case .everyRead: true
    case .firstRead: !seen.withLock { $0[block] }
    case .none: false
    }
  }

  private func deliver(_ source: UnsafeRawPointer, _ job: ReadJob) {
    let count = job.wanted.count * rowLength
    if type.isHalf {
      HalfPrecision.widen(
        source.assumingMemoryBound(to: UInt16.self), type,
        into: job.target.assumingMemoryBound(to: Float.self), count: count)
    } else {
      job.target.copyMemory(from: source, byteCount: count * type.byteCount)
    }
  }

  private func readBytes(
    _ rows: Range<Int>, into target: UnsafeMutableRawPointer
  ) throws(StorageError) {
    let rowBytes = rowLength * type.byteCount
    try file.read(
      into: target, count: rows.count * rowBytes,
      at: region.lowerBound + rows.lowerBound * rowBytes)
  }

  /// Compares whole blocks in memory with their checksums; the last block may be shorter.
  private func check(_ blocks: [(block: Int, bytes: UnsafeRawPointer)]) throws(StorageError) {
    for one in blocks {
      let rows = blockRange(one.block)
      let found = RowChecksum.of(one.bytes, count: rows.count * rowLength * type.byteCount)
      let offset = one.block * RowChecksum.byteCount
      guard found.elementsEqual(checksums[offset..<offset + RowChecksum.byteCount]) else {
        throw .rowsCorrupt(rows: rows, dataset: name, file: file.path)
      }
    }
  }
}
