/// The first bytes of a file, and what they say it is: by contents, not by name.
struct FileStart {
  /// The formats that can be told apart.
  enum Kind { case png, jpeg, idx, npy, zip, hdf5, other }

  let file: String
  let bytes: [UInt8]

  init(_ file: String) throws(DatasetError) {
    self.file = file
    bytes = try FileBytes(file, atMost: 4096).bytes
  }

  var kind: Kind {
    // HDF5 may begin behind a block of the user's, as our own files do.
    let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    if [0, 512, 1024, 2048].contains(where: { bytes.dropFirst($0).starts(with: hdf5) }) {
      return .hdf5
    }
    let marks: [([UInt8], Kind)] = [
      ([0x89, 0x50, 0x4E, 0x47], .png), ([0xFF, 0xD8], .jpeg), ([0, 0], .idx),
      // IDX is the only format here that is read compressed.
      ([0x1F, 0x8B], .idx), (NPYReader.magic, .npy), ([0x50, 0x4B], .zip),
    ]
    return marks.first { bytes.starts(with: $0.0) }?.1 ?? .other
  }

  /// The error for a file that is not of the kinds that fit.
  func isNot(_ wanted: String) -> DatasetError {
    .wrongFormat(file: file, format: wanted, found: Array(bytes.prefix(4)))
  }
}
