import Tensors

/// Writes the rows of one dataset in order, with a SHA-256 for every block of rows.
///
/// Blocks of about 1 MiB are converted, hashed and written by all workers at once; which rows
/// make a block depends on the dataset alone, so the file has the same bytes however the rows are
/// handed over. Use from one thread.
package final class CheckedRowsWriter {
  /// The dataset's name.
  package let name: String
  /// Rows of the dataset.
  package let rowCount: Int
  /// Elements in a row.
  package let rowLength: Int
  /// The type in the file.
  package let type: StorageType
  /// Rows handed over so far.
  package private(set) var nextRow = 0

  let blockRows: Int
  /// The data's place in the file.
  let region: Range<Int>
  private(set) var checksums: [UInt8]

  private let output: OpenFile
  /// What errors call the file, and the number they give to row 0.
  private let shownFile: String
  private let shownFirstRow: Int
  /// Rows as they were given, until there are enough for all workers.
  private let staging: Buffer<UInt8>
  private var stagedRows = 0
  private static let stagedBlocks = 8
  private static let blockBytes = 1 << 20

  init(
    name: String, shape: [Int], type: StorageType, hdf5: HDF5File, output: OpenFile,
    shownFile: String, shownFirstRow: Int
  ) throws(StorageError) {
    precondition(shape.count >= 1 && shape.dropFirst().allSatisfy { $0 > 0 }, "shape \(shape)")
    let dataset = try hdf5.makeDataset(name, shape: shape, type: type)
    (self.name, rowCount, rowLength) = (name, shape[0], shape.dropFirst().reduce(1, *))
    (self.type, self.output) = (type, output)
    (self.shownFile, self.shownFirstRow) = (shownFile, shownFirstRow)
    blockRows = CheckedRowsWriter.blockRows(rowBytes: rowLength * type.byteCount)
    let bytes = rowCount * rowLength * type.byteCount
    let start = bytes == 0 ? 0 : dataset.fileOffset()
    guard let start else {
      throw .hdf5(operation: "place", object: name, file: shownFile, stack: "no offset")
    }
    region = start..<start + bytes
    let blocks = (rowCount + blockRows - 1) / blockRows
    checksums = [UInt8](repeating: 0, count: blocks * RowChecksum.byteCount)
    let givenBytes = rowLength * (type.isHalf ? 4 : type.byteCount)
    let stagingRows = min(rowCount, blockRows * CheckedRowsWriter.stagedBlocks)
    staging = Buffer(uninitialized: stagingRows * givenBytes)
  }

  /// Rows of a block of about 1 MiB.
  static func blockRows(rowBytes: Int) -> Int { max(1, blockBytes / max(1, rowBytes)) }

  /// Adds rows.
  ///
  /// - Parameter source: `rows` × `rowLength` elements; `Float` for the half types, otherwise of
  ///   the dataset's own type.
  /// - Throws: `StorageError.notStorable` for a value that is not finite or, in float16, too
  ///   large; `.system` when the disk refuses. The writer is of no more use then.
  package func append<Scalar: HDF5Scalar>(
    _ source: UnsafePointer<Scalar>, rows: Int
  ) throws(StorageError) {
    precondition(
      Scalar.storageType == (type.isHalf ? .float32 : type), "\(Scalar.self) in \(type)")
    precondition(rows >= 0 && nextRow + rows <= rowCount, "row \(nextRow) + \(rows) of \(rowCount)")
    let given = UnsafeRawPointer(source)
    let givenBytes = rowLength * MemoryLayout<Scalar>.stride
    let stagingRows = staging.count / max(1, givenBytes)
    var done = 0
    while done < rows {
      let whole = (rows - done) / blockRows * blockRows
      if stagedRows == 0 && whole > 0 {
        try process(given + done * givenBytes, firstRow: nextRow, rows: whole)
        done += whole
        nextRow += whole
        continue
      }
      let taken = min(rows - done, stagingRows - stagedRows)
      UnsafeMutableRawPointer(staging.base + stagedRows * givenBytes).copyMemory(
        from: given + done * givenBytes, byteCount: taken * givenBytes)
      stagedRows += taken
      done += taken
      nextRow += taken
      if stagedRows == stagingRows { try flush() }
    }
  }

  /// Writes what is staged: a whole number of blocks, or all that is left.
  func flush() throws(StorageError) {
    guard stagedRows > 0 else { return }
    let rows = stagedRows
    stagedRows = 0
    try process(staging.base, firstRow: nextRow - rows, rows: rows)
  }

  private func process(
    _ source: UnsafeRawPointer, firstRow: Int, rows: Int
  ) throws(StorageError) {
    precondition(firstRow % blockRows == 0, "row \(firstRow), blocks of \(blockRows)")
    let blocks = (rows + blockRows - 1) / blockRows
    let job = BlockJob(source: source)
    let digests = try Workers.map(slices: blocks) {
      [job, self = Unchecked(self)] block throws(StorageError) in
      try self.value.writeBlock(block, of: rows, from: job.source, row: firstRow)
    }
    let offset = firstRow / blockRows * RowChecksum.byteCount
    for (i, byte) in digests.joined().enumerated() { checksums[offset + i] = byte }
  }

  /// Converts, hashes and writes one block of the `rows` rows at `source`, which begin at `row`.
  private func writeBlock(
    _ block: Int, of rows: Int, from source: UnsafeRawPointer, row: Int
  ) throws(StorageError) -> [UInt8] {
    let first = block * blockRows
    let count = min(blockRows, rows - first) * rowLength
    let given = source + first * rowLength * (type.isHalf ? 4 : type.byteCount)
    var place = given
    var half: Buffer<UInt16>?
    if type.isHalf {
      let narrowed = Buffer<UInt16>(uninitialized: count)
      HalfPrecision.narrow(
        given.assumingMemoryBound(to: Float.self), type, into: narrowed.base, count: count)
      place = UnsafeRawPointer(narrowed.base)
      half = narrowed
    }
    defer { withExtendedLifetime(half) {} }
    try requireFinite(place, given: given, row: row + first, count: count)
    let bytes = count * type.byteCount
    let offset = (row + first) * rowLength * type.byteCount
    try output.write(place, count: bytes, at: region.lowerBound + offset)
    return RowChecksum.of(place, count: bytes)
  }

  private func requireFinite(
    _ stored: UnsafeRawPointer, given: UnsafeRawPointer, row: Int, count: Int
  ) throws(StorageError) {
    guard let index = FiniteCheck.firstNonFinite(stored, type, count: count) else { return }
    let value =
      type == .float64
      ? Float(given.load(fromByteOffset: 8 * index, as: Double.self))
      : given.load(fromByteOffset: 4 * index, as: Float.self)
    throw .notStorable(
      value: value, type: type.rawValue, dataset: name,
      row: shownFirstRow + row + index / rowLength, column: index % rowLength, file: shownFile)
  }
}

/// Finds values that are not finite by their exponent bits.
enum FiniteCheck {
  /// The index of the first infinite or NaN element; nil for integers and when there is none.
  static func firstNonFinite(
    _ source: UnsafeRawPointer, _ type: StorageType, count: Int
  ) -> Int? {
    switch type {
    case .float32:
      VectorMath.firstNonFinite(source.assumingMemoryBound(to: Float.self), count: count)
    case .float64: first(source, count, Int64.self, infinity: 0x7ff0_0000_0000_0000)
    case .float16: first(source, count, Int16.self, infinity: 0x7c00)
    case .bfloat16: first(source, count, Int16.self, infinity: 0x7f80)
    case .int32, .int64, .uint8: nil
    }
  }

  private static func first<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _: Bits.Type, infinity: Bits
  ) -> Int? {
    let bits = source.assumingMemoryBound(to: Bits.self)
    // With the sign bit cleared the bits order as signed integers, whose maximum is vectorised.
    var largest: Bits = 0
    for i in 0..<count { largest = max(largest, bits[i] & Bits.max) }
    if largest < infinity { return nil }
    return (0..<count).first { bits[$0] & Bits.max >= infinity }
  }
}

/// A pointer or object that the caller keeps alive, and that workers use on separate parts.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

private struct BlockJob: @unchecked Sendable {
  let source: UnsafeRawPointer
}
