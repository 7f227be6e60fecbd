import CHDF5
import Glibc
import Tensors

/// Texts between Swift and HDF5: read from fixed or variable length, written as UTF-8 of variable
/// length.
enum HDF5Text {
  /// Reads `count` texts of type `type` by a call that fills memory.
  static func read(
    _ type: HDF5Handle, count: Int, name: String, file: String,
    _ body: (UnsafeMutableRawPointer) -> herr_t
  ) throws(StorageError) -> [String] {
    guard count > 0 else { return [] }
    return HDF5.locked { H5Tis_variable_str(type.id) } > 0
      ? try readVariable(type, count: count, name: name, file: file, body)
      : try readFixed(type, count: count, name: name, file: file, body)
  }

  private static func readVariable(
    _ type: HDF5Handle, count: Int, name: String, file: String,
    _ body: (UnsafeMutableRawPointer) -> herr_t
  ) throws(StorageError) -> [String] {
    let texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: count)
    texts.initialize(repeating: nil, count: count)
    defer { texts.deallocate() }
    try HDF5.call("read the texts of", name, in: file) { body(texts) }
    let strings = (0..<count).map { index in
      texts[index].map {
        String(
          decoding: UnsafeRawBufferPointer(start: $0, count: strlen($0)),
          as: UTF8.self)
      } ?? ""
    }
    var size = hsize_t(count)
    let space = try HDF5.handle("read", name, in: file) { H5Screate_simple(1, &size, nil) }
    try HDF5.call("free the texts of", name, in: file) {
      ascribe_h5_reclaim(type.id, space.id, texts)
    }
    return strings
  }

  private static func readFixed(
    _ type: HDF5Handle, count: Int, name: String, file: String,
    _ body: (UnsafeMutableRawPointer) -> herr_t
  ) throws(StorageError) -> [String] {
    let size = HDF5.locked { H5Tget_size(type.id) }
    let spaces = HDF5.locked { H5Tget_strpad(type.id) } == H5T_STR_SPACEPAD
    let (bytes, overflow) = size.multipliedReportingOverflow(by: count)
    guard size > 0, !overflow else { throw .tooLarge(name: name, shape: [count], file: file) }
    let buffer = Buffer<UInt8>(uninitialized: bytes)
    try HDF5.call("read the texts of", name, in: file) { body(buffer.base) }
    let memory = UnsafeBufferPointer(start: buffer.base, count: bytes)
    return (0..<count).map { index in
      var text = memory[index * size..<(index + 1) * size].prefix { $0 != 0 }
      while spaces && text.last == 32 { text.removeLast() }
      return String(decoding: text, as: UTF8.self)
    }
  }

  /// Calls `body` with the texts as C strings.
  static func withCStrings(
    _ texts: [String], _ body: (UnsafeRawPointer) throws(StorageError) -> Void
  ) throws(StorageError) {
    for text in texts { try HDF5File.requireText(text) }
    let copies = Buffer<UnsafeMutablePointer<CChar>?>(uninitialized: texts.count)
    for (index, text) in texts.enumerated() { copies.base[index] = strdup(text) }
    defer { for index in texts.indices { free(copies.base[index]) } }
    try body(copies.base)
  }
}
