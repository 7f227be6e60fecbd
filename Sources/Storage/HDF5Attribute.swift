import CHDF5

/// The value of an attribute: a small fact attached to a group or dataset.
package enum HDF5Attribute: Hashable, Sendable {
  /// A text.
  case text(String)
  /// A whole number.
  case integer(Int64)
  /// A number.
  case number(Double)
  /// A list of texts.
  case texts([String])
  /// A list of whole numbers.
  case integers([Int64])
  /// A list of numbers.
  case numbers([Double])
}

extension HDF5File {
  /// Attaches an attribute to a group or dataset ("" is the root), which must not have it yet.
  package func setAttribute(
    _ name: String, _ value: HDF5Attribute, on object: String = ""
  ) throws(StorageError) {
    try HDF5File.requireText(name)
    let owner = try self.object(object)
    let label = "\(object)@\(name)"
    switch value {
    case .text(let text): try write([text], single: true, name, owner, label)
    case .texts(let texts): try write(texts, single: false, name, owner, label)
    case .integer(let value): try write([value], single: true, name, owner, label)
    case .integers(let values): try write(values, single: false, name, owner, label)
    case .number(let value): try write([value], single: true, name, owner, label)
    case .numbers(let values): try write(values, single: false, name, owner, label)
    }
  }

  /// The names of an object's attributes, in the order in which they were attached where the
  /// object keeps that order (groups that Ascribe makes), else alphabetical.
  package func attributeNames(of object: String = "") throws(StorageError) -> [String] {
    let owner = try self.object(object)
    let count = try HDF5.call("list the attributes of", object, in: path) {
      ascribe_h5_attribute_count(owner.id)
    }
    if let inOrder = try names(owner, object, count, H5_INDEX_CRT_ORDER) { return inOrder }
    return try names(owner, object, count, H5_INDEX_NAME) ?? []
  }

  private func names(
    _ owner: HDF5Handle, _ object: String, _ count: Int, _ index: H5_index_t
  ) throws(StorageError) -> [String]? {
    var result: [String] = []
    for position in 0..<count {
      let id = HDF5.locked {
        H5Aopen_by_idx(owner.id, ".", index, H5_ITER_INC, hsize_t(position), 0, 0)
      }
      if id < 0 && index == H5_INDEX_CRT_ORDER { return nil }
      let attribute = try HDF5.handle("list the attributes of", object, in: path) { id }
      let length = try HDF5.call("list the attributes of", object, in: path) {
        H5Aget_name(attribute.id, 0, nil)
      }
      var text = [CChar](repeating: 0, count: length + 1)
      try HDF5.call("list the attributes of", object, in: path) {
        H5Aget_name(attribute.id, text.count, &text)
      }
      result.append(HDF5File.string(text))
    }
    return result
  }

  /// An attribute's value.
  ///
  /// - Throws: `StorageError.missingObject`, `.wrongType` for kinds that Ascribe does not use.
  package func attribute(_ name: String, of object: String = "") throws(StorageError)
    -> HDF5Attribute
  {
    let owner = try self.object(object)
    let label = "\(object)@\(name)"
    guard HDF5.locked({ H5Aexists(owner.id, name) }) > 0 else {
      throw .missingObject(name: label, file: path)
    }
    let attribute = try HDF5.handle("open", label, in: path) { H5Aopen(owner.id, name, 0) }
    let type = try HDF5.handle("read", label, in: path) { H5Aget_type(attribute.id) }
    let space = try HDF5.handle("read", label, in: path) { H5Aget_space(attribute.id) }
    let count = try HDF5.call("read", label, in: path) { H5Sget_simple_extent_npoints(space.id) }
    let rank = try HDF5.call("read", label, in: path) { H5Sget_simple_extent_ndims(space.id) }
    // Attributes are small: HDF5 keeps them in the object's header.
    guard let count = Int(exactly: count), count <= 1 << 24, rank > 0 || count == 1 else {
      throw .tooLarge(name: label, shape: [], file: path)
    }
    switch HDF5.locked({ H5Tget_class(type.id) }) {
    case H5T_STRING:
      let texts = try HDF5Text.read(type, count: count, name: label, file: path) { memory in
        H5Aread(attribute.id, type.id, memory)
      }
      return rank == 0 ? .text(texts[0]) : .texts(texts)
    case H5T_INTEGER:
      var values = [Int64](repeating: 0, count: count)
      let native = Int64.nativeType
      try HDF5.call("read", label, in: path) { H5Aread(attribute.id, native, &values) }
      return rank == 0 ? .integer(values[0]) : .integers(values)
    case H5T_FLOAT:
      var values = [Double](repeating: 0, count: count)
      let native = Double.nativeType
      try HDF5.call("read", label, in: path) { H5Aread(attribute.id, native, &values) }
      return rank == 0 ? .number(values[0]) : .numbers(values)
    default:
      throw .wrongType(
        name: label, expected: "text or a number", found: "another kind", file: path)
    }
  }

  // MARK: Writing

  private func write<Scalar: HDF5Scalar>(
    _ values: [Scalar], single: Bool, _ name: String, _ owner: HDF5Handle, _ label: String
  ) throws(StorageError) {
    let type = try Scalar.storageType.makeHandle(for: path)
    let attribute = try make(name, type, values.count, single, owner, label)
    let native = Scalar.nativeType
    guard !values.isEmpty else { return }
    try HDF5.call("write", label, in: path) { H5Awrite(attribute.id, native, values) }
  }

  private func write(
    _ texts: [String], single: Bool, _ name: String, _ owner: HDF5Handle, _ label: String
  ) throws(StorageError) {
    let type = try HDF5.handle("make the type", label, in: path) { ascribe_h5_text() }
    let attribute = try make(name, type, texts.count, single, owner, label)
    guard !texts.isEmpty else { return }
    try HDF5Text.withCStrings(texts) { (memory) throws(StorageError) in
      try HDF5.call("write", label, in: path) { H5Awrite(attribute.id, type.id, memory) }
    }
  }

  private func make(
    _ name: String, _ type: HDF5Handle, _ count: Int, _ single: Bool, _ owner: HDF5Handle,
    _ label: String
  ) throws(StorageError) -> HDF5Handle {
    var size = hsize_t(count)
    let space = try HDF5.handle("prepare", label, in: path) {
      single ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nil)
    }
    return try HDF5.handle("attach", label, in: path) {
      H5Acreate2(owner.id, name, type.id, space.id, 0, 0)
    }
  }
}
