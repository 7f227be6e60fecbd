import Synchronization
import Tensors

/// Which row blocks are checked against their SHA-256 when rows are read.
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
    guard stored.shape == [blocks, Digest.byteCount], stored.type == .uint8 else {
      throw .wrongShape(
        name: label, expected: [blocks, Digest.byteCount], found: stored.shape, file: file.path)
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
    Workers.run(slices: blocks) { slice in
      let block = first + slice
      let wanted = blockRange(block).clamped(to: rows)
      let place = base.value + (wanted.lowerBound - rows.lowerBound) * targetRowBytes
      do throws(StorageError) {
        try readBlock(block, wanted: wanted, into: place, checks)
      } catch { failures.record(error, at: slice) }
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
    let blocks = checksums.count / Digest.byteCount
    let failures = FirstFailure()
    Workers.run(slices: blocks) { block in
      do throws(StorageError) {
        let bytes = blockRange(block).count * rowLength * type.byteCount
        let scratch = Buffer<UInt8>(uninitialized: bytes)
        try readBytes(blockRange(block), into: scratch.base)
        try check(block, scratch.base)
      } catch { failures.record(error, at: block) }
    }
    try failures.throwFirst()
    return blocks
  }

  // MARK: Blocks

  private func blockRange(_ block: Int) -> Range<Int> {
    block * blockRows..<(block == rowCount / blockRows ? rowCount : (block + 1) * blockRows)
  }

  private func readBlock(
    _ block: Int, wanted: Range<Int>, into target: UnsafeMutableRawPointer, _ checks: RowChecks
  ) throws(StorageError) {
    let checked =
      switch checks {
      case .everyRead: true
      case .firstRead: !seen.withLock { $0[block] }
      case .none: false
      }
    let loaded = checked ? blockRange(block) : wanted
    if !type.isHalf && loaded == wanted {
      try readBytes(loaded, into: target)
      if checked { try check(block, target) }
    } else {
      let rowBytes = rowLength * type.byteCount
      let scratch = Buffer<UInt8>(uninitialized: loaded.count * rowBytes)
      try readBytes(loaded, into: scratch.base)
      if checked { try check(block, scratch.base) }
      let source = scratch.base + (wanted.lowerBound - loaded.lowerBound) * rowBytes
      let count = wanted.count * rowLength
      if type.isHalf {
        HalfPrecision.widen(
          UnsafeRawPointer(source).assumingMemoryBound(to: UInt16.self), type,
          into: target.assumingMemoryBound(to: Float.self), count: count)
      } else {
        target.copyMemory(from: source, byteCount: count * type.byteCount)
      }
    }
    if checks == .firstRead { seen.withLock { $0[block] = true } }
  }

  private func readBytes(
    _ rows: Range<Int>, into target: UnsafeMutableRawPointer
  ) throws(StorageError) {
    let rowBytes = rowLength * type.byteCount
    try file.read(
      into: target, count: rows.count * rowBytes,
      at: region.lowerBound + rows.lowerBound * rowBytes)
  }

  private func check(_ block: Int, _ bytes: UnsafeRawPointer) throws(StorageError) {
    let rows = blockRange(block)
    let count = rows.count * rowLength * type.byteCount
    let digest = SHA256.digest(of: UnsafeRawBufferPointer(start: bytes, count: count))
    let offset = block * Digest.byteCount
    guard digest.bytes.elementsEqual(checksums[offset..<offset + Digest.byteCount]) else {
      throw .rowsCorrupt(rows: rows, dataset: name, file: file.path)
    }
  }
}
