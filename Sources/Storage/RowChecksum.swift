import CChecksums
import CXXHash
import Tensors

/// The checksum of a block of rows: XXH3 of 128 bits, in its canonical byte order.
///
/// Against damage, not against forgery; the seal over all checksums is a SHA-256. Hashing at the
/// speed of memory keeps checked reads near that of plain ones: SHA-256 allows 1.4 GB/s a core.
enum RowChecksum {
  /// Bytes of a checksum.
  static let byteCount = 16

  /// The checksum of `count` bytes.
  static func of(_ bytes: UnsafeRawPointer, count: Int) -> [UInt8] {
    of(bytes, count: count, level: Processor.level)
  }

  /// The checksum by what a processor of `level` has; the same for all.
  static func of(_ bytes: UnsafeRawPointer, count: Int, level: Int) -> [UInt8] {
    var words: [UInt64] = [0, 0]
    if ascribe_xxh3_128(bytes, count, Int32(level), &words) == 0 {
      let hash = XXH3_128bits(bytes, count)
      words = [hash.high64, hash.low64]
    }
    return words.flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
  }
}
