import CHDF5
import Foundation
import Tensors

/// An open dataset of an HDF5 file: a shape, a type, and rows of the first dimension.
///
/// A scalar dataset counts as one row.
package final class HDF5Dataset: Sendable {
  /// The slash-separated name in the file.
  package let name: String
  /// The size of each dimension; empty for a scalar.
  package let shape: [Int]
  /// How the elements are stored; nil for types that Ascribe does not write (HDF5 converts them).
  package let type: StorageType?
  /// True for text, of fixed or variable length.
  package let isText: Bool

  let file: HDF5File
  let handle: HDF5Handle
  private let fileType: HDF5Handle

  init(name: String, handle: HDF5Handle, file: HDF5File) throws(StorageError) {
    let path = file.path
    guard HDF5.locked({ H5Iget_type(handle.id) }) == H5I_DATASET else {
      throw .wrongType(name: name, expected: "a dataset", found: "a group", file: path)
    }
    (self.name, self.handle, self.file) = (name, handle, file)
    fileType = try HDF5.handle("read the type of", name, in: path) { H5Dget_type(handle.id) }
    let typeID = fileType.id
    isText = HDF5.locked { H5Tget_class(typeID) } == H5T_STRING
    type = try StorageType.matching(fileType, in: path)
    let space = try HDF5.handle("read the shape of", name, in: path) { H5Dget_space(handle.id) }
    let rank = Int(
      try HDF5.call("read the shape of", name, in: path) {
        H5Sget_simple_extent_ndims(space.id)
      })
    var sizes = [hsize_t](repeating: 0, count: max(1, rank))
    try HDF5.call("read the shape of", name, in: path) {
      H5Sget_simple_extent_dims(space.id, &sizes, nil)
    }
    var shape: [Int] = []
    for size in sizes.prefix(rank) {
      guard let size = Int(exactly: size) else {
        throw .tooLarge(name: name, shape: [], file: path)
      }
      shape.append(size)
    }
    self.shape = shape
  }

  /// The size of the first dimension, 1 for a scalar.
  package var rowCount: Int { shape.first ?? 1 }

  /// Elements in one row; the product of the other dimensions.
  ///
  /// - Throws: `StorageError.tooLarge` when the product overflows.
  package func rowLength() throws(StorageError) -> Int {
    try product(shape.dropFirst())
  }

  /// All elements in row-major order.
  ///
  /// - Throws: `StorageError.wrongType` for text or when integers are asked of fractions,
  ///   `.tooLarge` for a shape that the file or the memory cannot hold, `.hdf5`.
  package func read<Scalar: HDF5Scalar>(_: Scalar.Type = Scalar.self) throws(StorageError)
    -> [Scalar]
  {
    let buffer = Buffer<Scalar>(uninitialized: try checkedCount(0..<rowCount, Scalar.self))
    try read(rows: 0..<rowCount, into: buffer.base)
    return Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
  }

  /// A range of rows in row-major order.
  package func read<Scalar: HDF5Scalar>(
    rows: Range<Int>, _: Scalar.Type = Scalar.self
  ) throws(StorageError) -> [Scalar] {
    let buffer = Buffer<Scalar>(uninitialized: try checkedCount(rows, Scalar.self))
    try read(rows: rows, into: buffer.base)
    return Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
  }

  /// Reads a range of rows into memory that has room for them.
  package func read<Scalar: HDF5Scalar>(
    rows: Range<Int>, into target: UnsafeMutablePointer<Scalar>
  ) throws(StorageError) {
    let count = try checkedCount(rows, Scalar.self)
    guard count > 0 else { return }
    if Scalar.self == Float.self, let type, type.isHalf {
      let half = Buffer<UInt16>(uninitialized: count)
      try transfer(rows: rows) { memory, space in
        H5Dread(handle.id, fileType.id, memory, space, 0, half.base)
      }
      UnsafeMutableRawPointer(target).withMemoryRebound(to: Float.self, capacity: count) {
        HalfPrecision.widen(half.base, type, into: $0, count: count)
      }
      return
    }
    let native = Scalar.nativeType
    try transfer(rows: rows) { memory, space in
      H5Dread(handle.id, native, memory, space, 0, target)
    }
  }

  /// Writes a range of rows.
  ///
  /// - Precondition: `values` holds exactly these rows.
  package func write<Scalar: HDF5Scalar>(
    rows: Range<Int>, _ values: [Scalar]
  ) throws(StorageError) {
    let count = try checkedCount(rows, Scalar.self)
    precondition(count == values.count, "\(values.count) values for \(count)")
    guard !values.isEmpty else { return }
    let native = Scalar.nativeType
    try transfer(rows: rows) { memory, space in
      H5Dwrite(handle.id, native, memory, space, 0, values)
    }
  }

  /// All texts of a dataset of strings.
  package func readStrings() throws(StorageError) -> [String] {
    guard isText else {
      throw .wrongType(name: name, expected: "text", found: typeDescription, file: file.path)
    }
    let count = try product(shape[...])
    let size = HDF5.locked { H5Tis_variable_str(fileType.id) } > 0 ? 8 : elementSize
    try requireRoom(count, elementSize: size)
    return try HDF5Text.read(fileType, count: count, name: name, file: file.path) { memory in
      H5Dread(handle.id, fileType.id, ascribe_h5_all(), ascribe_h5_all(), 0, memory)
    }
  }

  /// The byte of the file where contiguous data begins, nil when it has no place of its own.
  package func fileOffset() -> Int? {
    let offset = HDF5.locked { H5Dget_offset(handle.id) }
    return offset == UInt64.max ? nil : Int(exactly: offset)
  }

  /// The type in words.
  package var typeDescription: String {
    if let type { return type.rawValue }
    if isText { return "text" }
    let bits = elementSize * 8
    return switch HDF5.locked({ H5Tget_class(fileType.id) }) {
    case H5T_INTEGER: "\(bits)-bit integers"
    case H5T_FLOAT: "\(bits)-bit floating point"
    case H5T_ENUM: "an enumeration of \(bits) bits"
    case H5T_COMPOUND: "records"
    default: "another type"
    }
  }

  private var elementSize: Int { HDF5.locked { H5Tget_size(fileType.id) } }

  // MARK: Checks

  private func product(_ sizes: ArraySlice<Int>) throws(StorageError) -> Int {
    var product = 1
    for size in sizes {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else { throw .tooLarge(name: name, shape: shape, file: file.path) }
      product = next
    }
    return product
  }

  /// The number of scalars in some rows, after every check that allocation and reading need.
  private func checkedCount<Scalar: HDF5Scalar>(
    _ rows: Range<Int>, _: Scalar.Type
  ) throws(StorageError) -> Int {
    guard rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw .rowsOutOfRange(rows: rows, available: rowCount, file: "\(file.path):\(name)")
    }
    try requireConvertible(to: Scalar.storageType)
    try requireContiguousRoom()
    let count = try product([rows.count] + shape.dropFirst())
    try requireRoom(count, elementSize: MemoryLayout<Scalar>.stride)
    return count
  }

  private func requireConvertible(to target: StorageType) throws(StorageError) {
    if type == target { return }
    let kind = HDF5.locked { H5Tget_class(fileType.id) }
    let wantsInteger = [StorageType.int32, .int64, .uint8].contains(target)
    let isInteger = kind == H5T_INTEGER || kind == H5T_ENUM
    if kind == H5T_FLOAT && !wantsInteger { return }
    if isInteger && !wantsInteger { return }
    // Narrower or equally wide integers with sign fit; HDF5 would clip the others silently.
    let signed = HDF5.locked { H5Tget_sign(fileType.id) } == H5T_SGN_2
    let size = elementSize + (signed || kind == H5T_ENUM || target == .uint8 ? 0 : 1)
    if isInteger && size <= target.byteCount && (target != .uint8 || !signed) { return }
    throw .wrongType(
      name: name, expected: target.rawValue, found: typeDescription, file: file.path)
  }

  /// Contiguous data must really be in the file.
  private func requireContiguousRoom() throws(StorageError) {
    guard !file.isWritable, let offset = fileOffset() else { return }
    let bytes = try product(shape[...]).multipliedReportingOverflow(by: elementSize)
    let (end, overflow) = bytes.partialValue.addingReportingOverflow(offset)
    let length = try OpenFile(reading: file.path).length()
    guard !bytes.overflow, !overflow, end <= length else {
      throw .tooLarge(name: name, shape: shape, file: file.path)
    }
  }

  private func requireRoom(_ count: Int, elementSize: Int) throws(StorageError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: max(1, elementSize))
    guard !overflow, bytes <= Memory.available else {
      throw .tooLarge(name: name, shape: shape, file: file.path)
    }
  }

  /// Calls `body` with a memory space and the file's rows selected.
  private func transfer(
    rows: Range<Int>, _ body: (_ memory: hid_t, _ space: hid_t) -> herr_t
  ) throws(StorageError) {
    let path = file.path
    if shape.isEmpty || rows == 0..<rowCount {
      try HDF5.call("transfer", name, in: path) { body(ascribe_h5_all(), ascribe_h5_all()) }
      return
    }
    let space = try HDF5.handle("select rows of", name, in: path) { H5Dget_space(handle.id) }
    var start = [hsize_t](repeating: 0, count: shape.count)
    var count = shape.map { hsize_t($0) }
    start[0] = hsize_t(rows.lowerBound)
    count[0] = hsize_t(rows.count)
    try HDF5.call("select rows of", name, in: path) {
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &count, nil)
    }
    let memory = try HDF5.handle("select rows of", name, in: path) {
      H5Screate_simple(Int32(count.count), &count, nil)
    }
    try HDF5.call("transfer", name, in: path) { body(memory.id, space.id) }
  }
}
