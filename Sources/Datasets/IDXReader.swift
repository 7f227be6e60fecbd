import Tensors

/// Reads IDX files, the format of MNIST, plain or gzip.
///
/// Two zero bytes, the kind of number, the number of dimensions, each dimension as a big-endian
/// 32-bit integer, then the numbers, big-endian, the last index fastest.
/// Source: http://yann.lecun.com/exdb/mnist (the file format section).
struct IDXReader: Sendable {
  var file: String

  func read() throws(DatasetError) -> NumericArray {
    let source = try FileBytes(file)
    if source.bytes.starts(with: [0x1F, 0x8B]) { return try readCompressed(source.bytes) }
    let header = try Header(file: file, bytes: source.bytes)
    let available = source.bytes.count - header.length
    try header.check(available: available)
    guard available == header.byteCount else {
      throw .trailingBytes(
        file: file, place: .byte(header.length + header.byteCount),
        count: available - header.byteCount)
    }
    return header.array(source.bytes, offset: header.length)
  }

  private func readCompressed(_ bytes: [UInt8]) throws(DatasetError) -> NumericArray {
    let inflater = try Inflater(bytes[...], form: .gzip, file: file)
    var start = try inflater.read(4)
    if start.count == 4 { start += try inflater.read(4 * Int(start[3])) }
    let header = try Header(file: file, bytes: start)
    // A claim that no gzip of this size could keep costs no memory.
    try header.check(available: min(header.byteCount, inflater.outputLimit))
    try checkMemory(header.byteCount, for: file)
    let data = try inflater.read(header.byteCount)
    try header.check(available: data.count)
    guard try inflater.read(1).isEmpty else {
      throw .trailingBytes(
        file: file, place: .byte(header.length + header.byteCount), count: 1)
    }
    return header.array(data, offset: 0)
  }

  private struct Header {
    let file: String
    var format: ScalarFormat
    var shape: [Int] = []
    /// Bytes of the header.
    var length: Int
    /// Bytes of the numbers.
    var byteCount: Int

    init(file: String, bytes: [UInt8]) throws(DatasetError) {
      self.file = file
      guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0,
        let format = IDXReader.formats[bytes[2]]
      else {
        throw .wrongFormat(file: file, format: "IDX", found: Array(bytes.prefix(4)))
      }
      self.format = format
      let dimensions = Int(bytes[3])
      guard dimensions > 0, dimensions <= 8 else {
        throw .malformed(
          file: file, place: .byte(3), problem: "the header claims \(dimensions) dimensions")
      }
      length = 4 + 4 * dimensions
      guard bytes.count >= length else {
        throw .truncated(file: file, place: .byte(4), needed: length, found: bytes.count)
      }
      for d in 0..<dimensions {
        shape.append(bytes[(4 + 4 * d)..<(8 + 4 * d)].reduce(0) { $0 << 8 | Int($1) })
      }
      guard let count = checkedProduct(shape, limit: .max / 16) else {
        throw .malformed(file: file, place: .byte(4), problem: "the header claims shape \(shape)")
      }
      byteCount = count * format.size
    }

    func check(available: Int) throws(DatasetError) {
      guard available >= byteCount else {
        throw .truncated(
          file: file, place: .byte(length), needed: byteCount, found: max(0, available))
      }
    }

    func array(_ bytes: [UInt8], offset: Int) -> NumericArray {
      NumericArray(file: file, shape: shape, format: format, bytes: bytes, offset: offset)
    }
  }

  private static let formats: [UInt8: ScalarFormat] = [
    0x08: ScalarFormat(kind: .unsigned, size: 1, isBigEndian: true),
    0x09: ScalarFormat(kind: .signed, size: 1, isBigEndian: true),
    0x0B: ScalarFormat(kind: .signed, size: 2, isBigEndian: true),
    0x0C: ScalarFormat(kind: .signed, size: 4, isBigEndian: true),
    0x0D: ScalarFormat(kind: .float, size: 4, isBigEndian: true),
    0x0E: ScalarFormat(kind: .float, size: 8, isBigEndian: true),
  ]
}
