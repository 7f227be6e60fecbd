/// A sealed HDF5 file, opened for reading after its seal was checked.
///
/// The check reads everything but the large datasets, before libhdf5 sees a byte of the file.
package final class SealedFile: Sendable {
  /// Where the file is.
  package let path: String
  /// The length in bytes.
  package let byteCount: Int
  /// The seal's digest, which stands for the whole contents.
  package let digest: Digest
  /// The HDF5 view of the file: names, attributes, small datasets.
  package let hdf5: HDF5File
  private let file: OpenFile
  private let seal: Seal

  /// Opens a file and checks its seal.
  ///
  /// - Throws: `StorageError.notSealed`, `.unsupportedVersion`, `.wrongLength`, `.sealBroken`,
  ///   `.system`.
  package init(_ path: String) throws(StorageError) {
    self.path = path
    file = try OpenFile(reading: path)
    seal = try Seal.read(file)
    guard try seal.computedDigest(file) == seal.digest else { throw .sealBroken(file: path) }
    (byteCount, digest) = (seal.fileLength, seal.digest)
    hdf5 = try HDF5File(reading: path)
  }

  /// The rows of a dataset with checksums.
  package func rows(_ name: String) throws(StorageError) -> CheckedRows {
    try CheckedRows(try hdf5.dataset(name), of: hdf5, in: file)
  }

  /// The names of the datasets with row checksums.
  package func checkedNames() throws(StorageError) -> [String] {
    let names = try hdf5.datasetNames()
    let all = Set(names)
    return names.filter { all.contains($0 + CheckedRows.checksumSuffix) }
  }

  /// Reads every byte and checks it.
  ///
  /// - Returns: the number of row blocks checked.
  /// - Throws: `StorageError.rowsCorrupt`, `.sealBroken`, `.inconsistent`.
  @discardableResult
  package func verify() throws(StorageError) -> Int {
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
