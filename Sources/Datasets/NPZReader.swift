/// Reads named arrays of an npz file: npy files in a zip, stored or deflated.
struct NPZReader {
  private let archive: ZipArchive

  init(file: String) throws(DatasetError) {
    archive = try ZipArchive(FileBytes(file))
  }

  /// The names of the arrays.
  var names: [String] {
    archive.entries.map { $0.name.hasSuffix(".npy") ? String($0.name.dropLast(4)) : $0.name }
  }

  /// The array of a name.
  func array(_ name: String) throws(DatasetError) -> NumericArray {
    guard let index = names.firstIndex(of: name) else {
      throw .unknownArray(file: archive.file, name: name, arrays: names.sorted())
    }
    let contents = try archive.contents(of: archive.entries[index])
    return try NPYReader(file: archive.file, name: name).array(contents)
  }
}
