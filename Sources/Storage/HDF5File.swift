import CHDF5

/// An HDF5 file: groups, typed datasets and attributes under slash-separated names.
///
/// Files made here carry no times, so that the same contents give the same bytes, and a user block
/// of 512 bytes for the seal (`SealedFileWriter`). Reading any other HDF5 file works too.
/// The root group is "/" or "".
package final class HDF5File: Sendable {
  /// Where the file is, or will be.
  package let path: String
  let handle: HDF5Handle
  /// A file being written need not have its full length yet.
  let isWritable: Bool

  /// Makes an empty file, in place of what was there.
  ///
  /// - Parameter shown: what errors call it; nil: its path.
  package init(creating file: String, shownAs shown: String? = nil) throws(StorageError) {
    let path = shown ?? file
    self.path = path
    isWritable = true
    let creation = try HDF5.handle("prepare", in: path) {
      H5Pcreate(ascribe_h5_file_create_class())
    }
    try HDF5.call("prepare", in: path) { H5Pset_userblock(creation.id, UInt64(Seal.byteCount)) }
    try HDF5.call("prepare", in: path) { H5Pset_obj_track_times(creation.id, false) }
    let access = try HDF5File.access(path)
    try HDF5.call("prepare", in: path) {
      H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110)
    }
    handle = try HDF5.handle("create the file", in: path) {
      H5Fcreate(file, ascribe_h5_truncate(), creation.id, access.id)
    }
  }

  /// Opens an existing file for reading.
  ///
  /// - Throws: `StorageError.system` when it cannot be read, `.hdf5` when it is not HDF5.
  package init(reading path: String) throws(StorageError) {
    self.path = path
    isWritable = false
    _ = try OpenFile(reading: path).length()
    let access = try HDF5File.access(path)
    handle = try HDF5.handle("open the file", in: path) {
      H5Fopen(path, ascribe_h5_read_only(), access.id)
    }
  }

  private static func access(_ path: String) throws(StorageError) -> HDF5Handle {
    let access = try HDF5.handle("prepare", in: path) {
      H5Pcreate(ascribe_h5_file_access_class())
    }
    try HDF5.call("prepare", in: path) { H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG) }
    try HDF5.call("prepare", in: path) { ascribe_h5_no_locking(access.id) }
    return access
  }

  /// Hands everything to the operating system and closes the file with all that is open in it.
  package func close() throws(StorageError) {
    try HDF5.call("flush", in: path) { H5Fflush(handle.id, H5F_SCOPE_GLOBAL) }
    handle.close()
  }

  // MARK: Groups

  /// Makes a group and those above it; existing ones stay.
  package func makeGroup(_ name: String) throws(StorageError) {
    var sofar = ""
    for part in try HDF5File.parts(name) {
      sofar += (sofar.isEmpty ? "" : "/") + part
      if HDF5.locked({ H5Lexists(handle.id, sofar, 0) }) > 0 { continue }
      let creation = try HDF5.handle("prepare", sofar, in: path) {
        H5Pcreate(ascribe_h5_group_create_class())
      }
      try HDF5.call("prepare", sofar, in: path) { H5Pset_obj_track_times(creation.id, false) }
      try HDF5.call("prepare", sofar, in: path) {
        H5Pset_attr_creation_order(creation.id, ascribe_h5_creation_order())
      }
      _ = try HDF5.handle("make the group", sofar, in: path) {
        H5Gcreate2(handle.id, sofar, 0, creation.id, 0)
      }
    }
  }

  /// True when a group or dataset of this name is there.
  package func contains(_ name: String) -> Bool {
    guard let parts = try? HDF5File.parts(name) else { return false }
    var sofar = ""
    for part in parts {
      sofar += (sofar.isEmpty ? "" : "/") + part
      if HDF5.locked({ H5Lexists(handle.id, sofar, 0) }) <= 0 { return false }
    }
    return true
  }

  /// True when the name is a dataset.
  package func isDataset(_ name: String) -> Bool {
    guard contains(name), let object = try? object(name) else { return false }
    return HDF5.locked { H5Iget_type(object.id) } == H5I_DATASET
  }

  /// Whether the library can open what stands under a name.
  package func isReadable(_ name: String) -> Bool { (try? object(name)) != nil }

  /// The names directly below a group, in alphabetical order.
  package func children(of group: String) throws(StorageError) -> [String] {
    let object = try object(group)
    var info = H5G_info_t()
    try HDF5.call("list", group, in: path) { H5Gget_info(object.id, &info) }
    var names: [String] = []
    for index in 0..<info.nlinks {
      let length = try HDF5.call("list", group, in: path) {
        H5Lget_name_by_idx(object.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, 0)
      }
      var text = [CChar](repeating: 0, count: length + 1)
      try HDF5.call("list", group, in: path) {
        H5Lget_name_by_idx(
          object.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, &text, text.count, 0)
      }
      names.append(HDF5File.string(text))
    }
    return names
  }

  /// The names of all datasets of the file, slash-separated, in alphabetical order per group.
  ///
  /// Groups nested deeper than 64 levels are not entered (a damaged file may contain itself).
  package func datasetNames() throws(StorageError) -> [String] {
    var found: [String] = []
    var pending: [(name: String, depth: Int)] = [("", 0)]
    while let (group, depth) = pending.popLast() {
      for child in try children(of: group).reversed() {
        let name = group.isEmpty ? child : "\(group)/\(child)"
        guard let object = try? object(name) else { continue }
        let kind = HDF5.locked { H5Iget_type(object.id) }
        if kind == H5I_DATASET { found.append(name) }
        if kind == H5I_GROUP && depth < 64 { pending.append((name, depth + 1)) }
      }
    }
    return found.sorted()
  }

  // MARK: Names

  /// An open group or dataset.
  func object(_ name: String) throws(StorageError) -> HDF5Handle {
    let parts = try HDF5File.parts(name)
    guard parts.isEmpty || contains(name) else { throw .missingObject(name: name, file: path) }
    return try HDF5.handle("open", name, in: path) {
      H5Oopen(handle.id, parts.isEmpty ? "/" : parts.joined(separator: "/"), 0)
    }
  }

  /// Makes the group that a name lies in.
  func makeParent(of name: String) throws(StorageError) {
    try makeGroup(try HDF5File.parts(name).dropLast().joined(separator: "/"))
  }

  /// The components of a name.
  ///
  /// - Throws: `StorageError.invalidName` for a component that is ".", or holds a NUL.
  static func parts(_ name: String) throws(StorageError) -> [String] {
    let parts = name.split(separator: "/").map(String.init)
    for part in parts where part == "." || part == ".." {
      throw .invalidName(name: name, problem: "\"\(part)\" is not a name")
    }
    try requireText(name)
    return parts
  }

  /// Texts end at their first NUL in HDF5, so none may hold one.
  static func requireText(_ text: String) throws(StorageError) {
    if text.utf8.contains(0) {
      throw .invalidName(name: text, problem: "it holds a NUL character")
    }
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
