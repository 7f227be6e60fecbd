import Foundation
import Tensors

/// The bytes of a whole file, for the readers.
///
/// Read, not mapped: a mapped file that is shortened meanwhile would kill the process.
package struct FileBytes {
  /// Where it is.
  let file: String
  /// What is in it.
  let bytes: [UInt8]

  /// - Parameter limit: bytes that are read at the most.
  package init(_ file: String, atMost limit: Int = .max) throws(DatasetError) {
    self.file = file
    let size = min(try checkFile(file), limit)
    try checkMemory(size, for: file)
    let descriptor = open(file, O_RDONLY)
    guard descriptor >= 0 else {
      throw .unreadableFile(file, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var failure: Int32 = 0
    bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if got < 0 { failure = errno }
        if got <= 0 { return }
        count += got
      }
    }
    if failure != 0 { throw .unreadableFile(file, reason: String(cString: strerror(failure))) }
  }

  /// What a file has in it, or what it is the gzip of.
  package init(plain file: String) throws(DatasetError) {
    let source = try FileBytes(file)
    guard source.bytes.starts(with: [0x1F, 0x8B]) else {
      self = source
      return
    }
    let inflater = try Inflater(source.bytes[...], form: .gzip, file: file)
    var bytes: [UInt8] = []
    while true {
      let piece = try inflater.read(1 << 20)
      if piece.isEmpty { break }
      bytes += piece
      try checkMemory(bytes.count, for: file)
    }
    self.init(file: file, bytes: bytes)
  }

  init(file: String, bytes: [UInt8]) {
    (self.file, self.bytes) = (file, bytes)
  }

  /// All of it as UTF-8 text.
  package func text() throws(DatasetError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(file: file, place: .file, problem: "it is not UTF-8 text")
    }
    return text
  }
}

/// Refuses what is not a file with contents, and returns its size in bytes.
func checkFile(_ file: String) throws(DatasetError) -> Int {
  var status = stat()
  guard stat(file, &status) == 0 else {
    if errno == ENOENT || errno == ENOTDIR { throw .missingFile(file) }
    throw .unreadableFile(file, reason: String(cString: strerror(errno)))
  }
  guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(file) }
  guard status.st_size > 0 else { throw .emptyFile(file) }
  return Int(status.st_size)
}

/// Refuses an allocation that the memory there is cannot hold.
func checkMemory(_ bytes: Int, for file: String) throws(DatasetError) {
  let limit = Memory.available
  if bytes > limit { throw .tooLarge(file: file, bytes: bytes, limit: limit) }
}

/// The product of sizes that a header claims, or nil when one is negative or the product, zeros
/// aside, is beyond `limit`: what passes cannot overflow later.
func checkedProduct(_ sizes: [Int], limit: Int) -> Int? {
  var product = 1
  for size in sizes where size != 0 {
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    if size < 0 || overflow || next > limit { return nil }
    product = next
  }
  return sizes.contains(0) ? 0 : product
}
