import CHDF5

extension HDF5File {
  /// Opens a dataset.
  ///
  /// - Throws: `StorageError.missingObject`, `.wrongType` when the name is a group.
  package func dataset(_ name: String) throws(StorageError) -> HDF5Dataset {
    try HDF5Dataset(name: name, handle: try object(name), file: self)
  }

  /// Makes a contiguous dataset whose place in the file is fixed at once.
  ///
  /// Its contents are undefined until written. Groups above it are made as needed.
  @discardableResult
  package func makeDataset(
    _ name: String, shape: [Int], type: StorageType
  ) throws(StorageError) -> HDF5Dataset {
    let typeHandle = try type.makeHandle(for: path)
    let space = try makeSpace(shape, name)
    let creation = try creationList(name)
    try HDF5.call("prepare", name, in: path) { H5Pset_layout(creation.id, H5D_CONTIGUOUS) }
    try HDF5.call("prepare", name, in: path) {
      H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_EARLY)
    }
    try HDF5.call("prepare", name, in: path) {
      H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER)
    }
    return try make(name, typeHandle, space, creation)
  }

  /// Makes a dataset and writes all its elements.
  ///
  /// - Precondition: the product of `shape` is the number of values.
  @discardableResult
  package func write<Scalar: HDF5Scalar>(
    _ values: [Scalar], shape: [Int], to name: String
  ) throws(StorageError) -> HDF5Dataset {
    let dataset = try makeDataset(name, shape: shape, type: Scalar.storageType)
    try dataset.write(rows: 0..<dataset.rowCount, values)
    return dataset
  }

  /// Makes a one-dimensional dataset of UTF-8 texts.
  package func write(_ texts: [String], to name: String) throws(StorageError) {
    let type = try HDF5.handle("make the type", "text", in: path) { ascribe_h5_text() }
    let dataset = try make(name, type, try makeSpace([texts.count], name), try creationList(name))
    try HDF5Text.withCStrings(texts) { (memory) throws(StorageError) in
      guard !texts.isEmpty else { return }
      try HDF5.call("write", name, in: path) {
        H5Dwrite(dataset.handle.id, type.id, ascribe_h5_all(), ascribe_h5_all(), 0, memory)
      }
    }
  }

  /// One run of rows of a virtual dataset, kept in another file.
  package struct VirtualRows: Sendable {
    /// The file that has them, relative to the folder of the virtual dataset's file.
    package let file: String
    /// The dataset's name in that file; all its rows are taken.
    package let dataset: String
    /// The rows that it provides.
    package let rows: Range<Int>

    /// Rows `rows` come from a dataset of exactly as many rows.
    package init(file: String, dataset: String, rows: Range<Int>) {
      (self.file, self.dataset, self.rows) = (file, dataset, rows)
    }
  }

  /// Makes a dataset without data of its own, whose rows lie in other files.
  package func makeVirtualDataset(
    _ name: String, shape: [Int], type: StorageType, parts: [VirtualRows]
  ) throws(StorageError) {
    let typeHandle = try type.makeHandle(for: path)
    let creation = try creationList(name)
    for part in parts {
      let space = try makeSpace(shape, name)
      var start = [hsize_t](repeating: 0, count: shape.count)
      var count = shape.map { hsize_t($0) }
      start[0] = hsize_t(part.rows.lowerBound)
      count[0] = hsize_t(part.rows.count)
      try HDF5.call("map rows of", name, in: path) {
        H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &count, nil)
      }
      let source = try makeSpace([part.rows.count] + shape.dropFirst(), name)
      // A lone % would be read as a format.
      let file = part.file.split(separator: "%", omittingEmptySubsequences: false)
        .joined(separator: "%%")
      try HDF5.call("map rows of", name, in: path) {
        H5Pset_virtual(creation.id, space.id, file, part.dataset, source.id)
      }
    }
    try make(name, typeHandle, try makeSpace(shape, name), creation)
  }

  // MARK: Parts

  @discardableResult
  private func make(
    _ name: String, _ type: HDF5Handle, _ space: HDF5Handle, _ creation: HDF5Handle
  ) throws(StorageError) -> HDF5Dataset {
    try makeParent(of: name)
    let handle = try HDF5.handle("make the dataset", name, in: path) {
      H5Dcreate2(self.handle.id, name, type.id, space.id, 0, creation.id, 0)
    }
    return try HDF5Dataset(name: name, handle: handle, file: self)
  }

  private func creationList(_ name: String) throws(StorageError) -> HDF5Handle {
    let creation = try HDF5.handle("prepare", name, in: path) {
      H5Pcreate(ascribe_h5_dataset_create_class())
    }
    try HDF5.call("prepare", name, in: path) { H5Pset_obj_track_times(creation.id, false) }
    return creation
  }

  private func makeSpace(_ shape: [Int], _ name: String) throws(StorageError) -> HDF5Handle {
    precondition(shape.allSatisfy { $0 >= 0 }, "shape \(shape)")
    var sizes = shape.map { hsize_t($0) }
    return try HDF5.handle("make the shape of", name, in: path) {
      shape.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(sizes.count), &sizes, nil)
    }
  }
}
