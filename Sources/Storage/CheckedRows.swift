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
package final class CheckedRows: Sendable {
  /// The dataset with the checksums of `name` is `name` + this.
  package static let checksumSuffix = ".checksums"
  /// The dataset's name.
  package let name: String
  /// Number of rows.
  package let rowCount: Int
  /// Elements in a row.
  package let rowLength: Int
  /// The type in the file.
  package let type: StorageType

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
        name: label, expected: [blocks, RowChecksum.byteCount], found: stored.shape, file: file.path
      )
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
  package func read<Scalar: HDF5Scalar>(
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
    let targetRowBytes = rowLength * MemoryLayout<Scalar>.stride
    let base = Unchecked(UnsafeMutableRawPointer(target))
    try Workers.map(slices: blocks) { offset throws(StorageError) in
      let wanted = blockRange(first + offset).clamped(to: rows)
      try read(
        block: first + offset, wanted: wanted,
        into: base.value + (wanted.lowerBound - rows.lowerBound) * targetRowBytes, checks)
    }
  }

  /// Reads rows as they are stored, on the calling thread: whole blocks need no copy.
  ///
  /// - Parameter target: room for rows.count · rowLength values of `type`.
  /// - Throws: `StorageError.rowsCorrupt` naming the rows of the block, `.rowsOutOfRange`, `.system`.
  func readStored(
    _ rows: Range<Int>, into target: UnsafeMutableRawPointer, checks: RowChecks
  ) throws(StorageError) {
    guard rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw .rowsOutOfRange(rows: rows, available: rowCount, file: "\(file.path):\(name)")
    }
    let rowBytes = rowLength * type.byteCount
    var row = rows.lowerBound
    while row < rows.upperBound {
      let block = row / blockRows
      let wanted = blockRange(block).clamped(to: rows)
      let place = target + (row - rows.lowerBound) * rowBytes
      if !needsCheck(block, checks) {
        try readBytes(wanted, into: place)
      } else if wanted == blockRange(block) {
        try readBytes(wanted, into: place)
        try check(block, place)
        if checks == .firstRead { seen.withLock { $0[block] = true } }
      } else {
        let whole = Buffer<UInt8>(uninitialized: blockRange(block).count * rowBytes)
        try readBytes(blockRange(block), into: whole.base)
        try check(block, whole.base)
        if checks == .firstRead { seen.withLock { $0[block] = true } }
        place.copyMemory(
          from: whole.base + (row - blockRange(block).lowerBound) * rowBytes,
          byteCount: wanted.count * rowBytes)
      }
      row = wanted.upperBound
    }
  }

  /// Rows as a matrix of `Float`.
  package func matrix(
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
  package func values<Scalar: HDF5Scalar>(
    _: Scalar.Type = Scalar.self
  ) throws(StorageError) -> [Scalar] {
    let buffer = Buffer<Scalar>(uninitialized: rowCount * rowLength)
    try read(0..<rowCount, into: buffer.base)
    return Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
  }

  /// Checks every block; returns their number.
  func verify() throws(StorageError) -> Int {
    let blocks = checksums.count / RowChecksum.byteCount
    try Workers.map(slices: blocks) { block throws(StorageError) in
      let scratch = Buffer<UInt8>(
        uninitialized: blockRange(block).count * rowLength * type.byteCount)
      try readBytes(blockRange(block), into: scratch.base)
      try check(block, scratch.base)
    }
    return blocks
  }

  // MARK: Blocks

  private func blockRange(_ block: Int) -> Range<Int> {
    block * blockRows..<(block == rowCount / blockRows ? rowCount : (block + 1) * blockRows)
  }

  /// Reads a block, checks it, then widens or copies what is wanted of it.
  private func read(
    block: Int, wanted: Range<Int>, into target: UnsafeMutableRawPointer, _ checks: RowChecks
  ) throws(StorageError) {
    let isChecked = needsCheck(block, checks)
    let loaded = isChecked ? blockRange(block) : wanted
    // Whole blocks of the caller's own type need no copy.
    let isDirect = !type.isHalf && loaded == wanted
    let scratch =
      isDirect
      ? nil : Buffer<UInt8>(uninitialized: loaded.count * rowLength * type.byteCount)
    let place = scratch.map { UnsafeMutableRawPointer($0.base) } ?? target
    try readBytes(loaded, into: place)
    if isChecked {
      try check(block, place)
      if checks == .firstRead { seen.withLock { $0[block] = true } }
    }
    guard let scratch else { return }
    let skipped = wanted.lowerBound - loaded.lowerBound
    deliver(
      UnsafeRawPointer(scratch.base) + skipped * rowLength * type.byteCount, wanted, target)
  }

  private func needsCheck(_ block: Int, _ checks: RowChecks) -> Bool {
    switch checks {
    case .everyRead: true
    case .firstRead: !seen.withLock { $0[block] }
    case .none: false
    }
  }

  private func deliver(
    _ source: UnsafeRawPointer, _ rows: Range<Int>, _ target: UnsafeMutableRawPointer
  ) {
    let count = rows.count * rowLength
    if type.isHalf {
      HalfPrecision.widen(
        source.assumingMemoryBound(to: UInt16.self), type,
        into: target.assumingMemoryBound(to: Float.self), count: count)
    } else {
      target.copyMemory(from: source, byteCount: count * type.byteCount)
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

  /// Compares a whole block in memory with its checksum.
  private func check(_ block: Int, _ bytes: UnsafeRawPointer) throws(StorageError) {
    let rows = blockRange(block)
    let found = RowChecksum.of(bytes, count: rows.count * rowLength * type.byteCount)
    let offset = block * RowChecksum.byteCount
    guard found.elementsEqual(checksums[offset..<offset + RowChecksum.byteCount]) else {
      throw .rowsCorrupt(rows: rows, dataset: name, file: file.path)
    }
  }
}
