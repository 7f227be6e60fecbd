/// The entries of a zip file, stored or deflated, as numpy writes them in npz.
///
/// Source: PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14
/// and 4.3.16 (its end, with and without zip64). The directory is believed only as far as it agrees
/// with the file's size, and each entry's CRC-32 is checked.
struct ZipArchive {
  /// An entry of the directory.
  struct Entry {
    var name: String
    var method: Int
    var isEncrypted: Bool
    var checksum: UInt32
    var packedSize: Int
    var size: Int
    var headerOffset: Int
  }

  let file: String
  let bytes: [UInt8]
  private(set) var entries: [Entry] = []

  init(_ source: FileBytes) throws(DatasetError) {
    (file, bytes) = (source.file, source.bytes)
    guard bytes.starts(with: [0x50, 0x4B]) else {
      throw .wrongFormat(file: file, format: "npz", found: Array(bytes.prefix(4)))
    }
    var (position, count) = try directory()
    while count > 0 {
      position = try readEntry(at: position)
      count -= 1
    }
  }

  /// The contents of an entry.
  func contents(of entry: Entry) throws(DatasetError) -> [UInt8] {
    let header = entry.headerOffset
    guard try number(4, at: header) == 0x0403_4B50 else {
      throw damaged("entry \(entry.name) has no header", at: header)
    }
    let start = header + 30 + (try number(2, at: header + 26)) + (try number(2, at: header + 28))
    let (end, overflow) = start.addingReportingOverflow(entry.packedSize)
    guard !overflow, end <= bytes.count else {
      throw .truncated(
        file: file, place: .array(entry.name, .byte(start)), needed: entry.packedSize,
        found: max(0, bytes.count - start))
    }
    let contents = try unpack(entry, bytes[start..<end])
    guard checksum(contents) == entry.checksum else {
      throw .malformed(
        file: file, place: .array(entry.name, .byte(start)), problem: "its checksum is wrong")
    }
    return contents
  }

  private func unpack(
    _ entry: Entry, _ packed: ArraySlice<UInt8>
  ) throws(DatasetError) -> [UInt8] {
    if entry.isEncrypted || (entry.method != 0 && entry.method != 8) {
      throw .unsupported(
        file: file, place: .array(entry.name, .file),
        feature: entry.isEncrypted ? "encryption" : "zip method \(entry.method)",
        supported: "npz with numpy.savez or savez_compressed")
    }
    guard entry.method == 8 else {
      guard packed.count == entry.size else {
        throw damaged("entry \(entry.name) has two sizes", at: entry.headerOffset)
      }
      return Array(packed)
    }
    let inflater = try Inflater(packed, form: .deflate, file: file)
    guard entry.size <= inflater.outputLimit else {
      throw damaged("entry \(entry.name) claims \(entry.size) bytes", at: entry.headerOffset)
    }
    try checkMemory(entry.size, for: file)
    let contents = try inflater.read(entry.size)
    guard contents.count == entry.size, try inflater.read(1).isEmpty else {
      throw damaged("entry \(entry.name) is not \(entry.size) bytes long", at: entry.headerOffset)
    }
    return contents
  }

  /// The offset of the central directory and the number of its entries.
  private func directory() throws(DatasetError) -> (offset: Int, count: Int) {
    let signature: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
    var end = bytes.count - 22
    while end >= max(0, bytes.count - 22 - 65_535), !bytes[end...].starts(with: signature) {
      end -= 1
    }
    guard end >= 0, bytes[end...].starts(with: signature) else {
      throw damaged("the directory at its end is missing", at: bytes.count)
    }
    let (count, offset) = (try number(2, at: end + 10), try number(4, at: end + 16))
    guard count == 0xFFFF || offset == 0xFFFF_FFFF, end >= 20,
      try number(4, at: end - 20) == 0x0706_4B50
    else { return (offset, count) }
    let end64 = try number(8, at: end - 12)
    guard try number(4, at: end64) == 0x0606_4B50 else {
      throw damaged("the zip64 directory is missing", at: end - 12)
    }
    return (try number(8, at: end64 + 48), try number(8, at: end64 + 32))
  }

  private mutating func readEntry(at position: Int) throws(DatasetError) -> Int {
    guard try number(4, at: position) == 0x0201_4B50 else {
      throw damaged("a directory entry is missing", at: position)
    }
    let nameLength = try number(2, at: position + 28)
    let extraLength = try number(2, at: position + 30)
    let nameStart = position + 46
    let extraStart = nameStart + nameLength
    guard extraStart + extraLength <= bytes.count,
      let name = String(validating: bytes[nameStart..<extraStart], as: UTF8.self)
    else { throw damaged("a directory entry has no name", at: position) }
    var entry = Entry(
      name: name, method: try number(2, at: position + 10),
      isEncrypted: try number(2, at: position + 8) & 1 != 0,
      checksum: UInt32(truncatingIfNeeded: try number(4, at: position + 16)),
      packedSize: try number(4, at: position + 20), size: try number(4, at: position + 24),
      headerOffset: try number(4, at: position + 42))
    try readZip64(&entry, from: extraStart, to: extraStart + extraLength)
    entries.append(entry)
    return extraStart + extraLength + (try number(2, at: position + 32))
  }

  /// Sizes that do not fit 32 bits stand in extra field 1, in this order.
  private func readZip64(_ entry: inout Entry, from start: Int, to end: Int) throws(DatasetError) {
    var position = start
    while position + 4 <= end {
      let (id, length) = (try number(2, at: position), try number(2, at: position + 2))
      position += 4
      if id == 1 {
        for field in [\Entry.size, \Entry.packedSize, \Entry.headerOffset]
        where entry[keyPath: field] == 0xFFFF_FFFF {
          entry[keyPath: field] = try number(8, at: position)
          position += 8
        }
        return
      }
      position += length
    }
  }

  /// A little-endian number of some bytes, refused beyond the file or beyond `Int`.
  private func number(_ size: Int, at offset: Int) throws(DatasetError) -> Int {
    guard offset >= 0, offset <= bytes.count - size else {
      throw .truncated(
        file: file, place: .byte(offset), needed: size, found: max(0, bytes.count - offset))
    }
    let value = bytes[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else {
      throw damaged("a size is \(value)", at: offset)
    }
    return number
  }

  private func damaged(_ problem: String, at offset: Int) -> DatasetError {
    .malformed(file: file, place: .byte(offset), problem: problem)
  }
}
