/// Requires the version that a file says it has in an attribute.
///
/// - Throws: `StorageError.unsupportedVersion` with the version found, `.wrongType` when it is not a
///   whole number, `.missingObject`.
package func requireVersion(
  _ version: Int, in name: String = "version", of file: HDF5File
) throws(StorageError) {
  guard case .integer(let found) = try file.attribute(name) else {
    throw .wrongType(
      name: name, expected: "a whole number", found: "another kind of value", file: file.path)
  }
  guard found == version else {
    throw .unsupportedVersion(found: Int(found), newest: version, file: file.path)
  }
}
