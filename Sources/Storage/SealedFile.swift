/// A sealed HDF5 file, opened for reading after its seal was checked.
///
/// The check reads everything but the large datasets, before libhdf5 sees a byte of the file.
public final class SealedFile: Sendable {
  /// Where the file is.
  public let path: String
  /// The length in bytes.
  public let byteCount: Int
  /// The seal's digest, which stands for the whole contents.
  public let digest: Digest
  /// The HDF5 view of the file: names, attributes, small datasets.
  public let hdf5: HDF5File
  private let file: OpenFile
  private let seal: Seal

  /// Opens a file and checks its seal.
  ///
  /// - Throws: `StorageError.notSealed`, `.unsupportedVersion`, `.wrongLength`, `.sealBroken`,
  ///   `.system`.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    file = try OpenFile(reading: path)
    seal = try Seal.read(file)
    guard try seal.computedDigest(file) == seal.digest else { throw .sealBroken(file: path) }
    (byteCount, digest) = (seal.fileLength, seal.digest)
    hdf5 = try HDF5File(reading: path)
  }

  /// The rows of a dataset with checksums.
  public func rows(_ name: String) throws(StorageError) -> CheckedRows {
    try CheckedRows(try hdf5.dataset(name), of: hdf5, in: file)
  }

  /// The names of the datasets with row checksums.
  public func checkedNames() throws(StorageError) -> [String] {
    let names = try hdf5.datasetNames()
    let all = Set(names)
    return names.filter { all.contains($0 + CheckedRows.checksumSuffix) }
  }

  /// Reads every byte and checks it.
  ///
  /// - Returns: the number of row blocks checked.
  /// - Throws: `StorageError.rowsCorrupt`, `.sealBroken`, `.inconsistent`.
  @discardableResult
  public func verify() throws(StorageError) -> Int {
    guard try seal.computedDigest(file) == seal.digest else { throw .sealBroken(file: path) }
    var uncovered = seal.regions
    var blocks = 0
    for name in try checkedNames() {
      let rows = try rows(name)
      blocks += try rows.verify()
      uncovered.removeAll { $0 == rows.region }
    }
    guard uncovered.isEmpty else {
      throw .inconsistent(problem: "bytes \(uncovered[0]) have no checksums", file: path)
    }
    return blocks
  }
}
