/// Makes a zip file of entries that are stored, as numpy.savez does.
///
/// Source: PKWARE APPNOTE 6.3, as `ZipArchive` reads it. Times are those of the format's beginning,
/// so that the same contents give the same bytes; sizes are below 4 GiB.
enum ZipWriter {
  static func archive(_ entries: [(name: String, contents: [UInt8])]) -> [UInt8] {
    var (result, directory) = ([UInt8](), [UInt8]())
    for entry in entries {
      let offset = result.count
      let name = Array(entry.name.utf8)
      // Version, flags, method, time, date, CRC-32, packed and plain size, length of the name, extra.
      let shared =
        number(20, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
        + number(Int(checksum(entry.contents)), 4) + number(entry.contents.count, 4)
        + number(entry.contents.count, 4) + number(name.count, 2) + number(0, 2)
      result += number(0x0403_4B50, 4) + shared + name + entry.contents
      directory +=
        number(0x0201_4B50, 4) + number(20, 2) + shared + number(0, 2) + number(0, 2)
        + number(0, 2) + number(0, 4) + number(offset, 4) + name
    }
    let end =
      number(0x0605_4B50, 4) + number(0, 4) + number(entries.count, 2) + number(entries.count, 2)
      + number(directory.count, 4) + number(result.count, 4) + number(0, 2)
    return result + directory + end
  }

  /// Little-endian.
  private static func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
