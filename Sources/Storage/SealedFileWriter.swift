/// Makes a sealed HDF5 file: under a temporary name, flushed to the disk, then renamed.
///
/// Small datasets and attributes go through `hdf5` and are covered by the seal; large ones through
/// `makeRows`, which gives every block of rows a checksum. Dropped without `finish()`, it leaves
/// nothing behind.
package final class SealedFileWriter {
  /// The name that the file gets at the end.
  package let path: String
  /// The file being made.
  package let hdf5: HDF5File
  private let target: String
  private let temporary: String
  private let output: OpenFile
  private var rows: [CheckedRowsWriter] = []
  private var isOpen = true

  /// Begins a file.
  package init(_ path: String) throws(StorageError) {
    self.path = path
    target = try AtomicFile.target(of: path)
    temporary = AtomicFile.temporaryName(for: target)
    // Made here first: errors of the file system are clearer than HDF5's.
    output = try OpenFile(writing: temporary, creating: true, shownAs: path)
    do throws(StorageError) {
      hdf5 = try HDF5File(creating: temporary, shownAs: path)
    } catch {
      try? AtomicFile.remove(temporary)
      throw error
    }
  }

  deinit {
    guard isOpen else { return }
    hdf5.handle.close()
    try? AtomicFile.remove(temporary)
  }

  /// Makes a dataset of large contents, to be written in order by the result.
  ///
  /// - Parameters:
  ///   - shape: the first dimension is the rows; the others are at least 1.
  ///   - shownFirstRow: what errors call row 0.
  package func makeRows(
    _ name: String, shape: [Int], type: StorageType, shownFirstRow: Int = 0
  ) throws(StorageError) -> CheckedRowsWriter {
    let writer = try CheckedRowsWriter(
      name: name, shape: shape, type: type, hdf5: hdf5, output: output, shownFile: path,
      shownFirstRow: shownFirstRow)
    rows.append(writer)
    return writer
  }

  /// Makes a dataset with row checksums from values at hand.
  package func writeRows<Scalar: HDF5Scalar>(
    _ values: [Scalar], shape: [Int], to name: String
  ) throws(StorageError) {
    let writer = try makeRows(name, shape: shape, type: Scalar.storageType)
    precondition(values.count == writer.rowCount * writer.rowLength, "\(values.count) values")
    try writer.append(values, rows: writer.rowCount)
  }

  /// What `finish` waits for.
  package enum Flushing: Sendable {
    /// The bytes are on the disk: the file outlives a power cut.
    case disk
    /// Nothing: for what can be made again. After a power cut its seal or checksums may be broken.
    case nothing
  }

  /// Completes the file and gives it its name.
  ///
  /// - Returns: the seal's digest, which stands for the whole contents.
  /// - Precondition: every dataset made by `makeRows` has all its rows.
  @discardableResult
  package func finish(flushing: Flushing = .disk) throws(StorageError) -> Digest {
    precondition(isOpen, "\(path) is finished")
    for writer in rows {
      precondition(writer.nextRow == writer.rowCount, "\(writer.name) has \(writer.nextRow) rows")
      try writer.flush()
      let name = writer.name + CheckedRows.checksumSuffix
      let blocks = writer.checksums.count / RowChecksum.byteCount
      try hdf5.write(writer.checksums, shape: [blocks, RowChecksum.byteCount], to: name)
      try hdf5.setAttribute("blockRows", .integer(Int64(writer.blockRows)), on: name)
    }
    try hdf5.close()
    // More regions than the block has room for: the smallest are covered by the seal itself.
    let regions = rows.map(\.region).filter { !$0.isEmpty }
      .sorted { ($0.count, $1.lowerBound) > ($1.count, $0.lowerBound) }
      .prefix(Seal.maximumRegions).sorted { $0.lowerBound < $1.lowerBound }
    let length = try output.length()
    let blank = SHA256.digest(of: [])
    var seal = Seal(fileLength: length, regions: regions, digest: blank)
    seal.digest = try seal.computedDigest(output)
    try output.write(seal.encoded(), count: Seal.byteCount, at: 0)
    if flushing == .disk { try output.synchronize() }
    try AtomicFile.commit(temporary, to: target)
    isOpen = false
    return seal.digest
  }
}
