import Tensors

/// The seal of a file: 512 bytes at its start, the HDF5 user block.
///
///     0   magic "ASCRIBE\0"
///     8   format version, u32            12  number of row regions r, u32
///     16  length of the file, u64
///     24  SHA-256 of this block with these 32 bytes zero, then of all bytes outside the regions
///     56  zero, u64
///     64  r × (offset u64, length u64), ascending; zeros to the end of the block
///
/// All integers little-endian. A region is the data of one contiguous dataset that has row
/// checksums of its own; they lie outside the regions, so the seal covers them too.
struct Seal: Equatable {
  static let byteCount = 512
  static let version = 1
  static let magic: [UInt8] = Array("ASCRIBE\0".utf8)
  static let maximumRegions = (byteCount - 64) / 16

  var fileLength: Int
  var regions: [Range<Int>]
  var digest: Digest

  /// The block with `digest` in its place, or zeros.
  func encoded(withDigest: Bool = true) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Seal.byteCount)
    block.replaceSubrange(0..<8, with: Seal.magic)
    Seal.put(UInt64(Seal.version) | UInt64(regions.count) << 32, at: 8, in: &block)
    Seal.put(UInt64(fileLength), at: 16, in: &block)
    if withDigest { block.replaceSubrange(24..<56, with: digest.bytes) }
    for (i, region) in regions.enumerated() {
      Seal.put(UInt64(region.lowerBound), at: 64 + 16 * i, in: &block)
      Seal.put(UInt64(region.count), at: 72 + 16 * i, in: &block)
    }
    return block
  }

  /// Reads the block at the start of a file and checks it in itself and against the file's length.
  static func read(_ file: OpenFile) throws(StorageError) -> Seal {
    let length = try file.length()
    let block = Buffer<UInt8>(uninitialized: byteCount)
    let available = min(length, byteCount)
    try file.read(into: block.base, count: available, at: 0)
    let bytes = Array(UnsafeBufferPointer(start: block.base, count: available))
    guard available >= 8, Array(bytes[0..<8]) == magic else { throw .notSealed(file: file.path) }
    guard available == byteCount else {
      throw .wrongLength(expected: byteCount, found: length, file: file.path)
    }
    let head = get(8, bytes)
    guard head & 0xffff_ffff == UInt64(version) else {
      throw .unsupportedVersion(
        found: Int(head & 0xffff_ffff), newest: version, file: file.path)
    }
    guard let recorded = Int(exactly: get(16, bytes)), recorded == length else {
      throw .wrongLength(
        expected: Int(clamping: get(16, bytes)), found: length, file: file.path)
    }
    guard let digest = Digest(bytes: bytes[24..<56]),
      let regions = regions(Int(head >> 32), bytes, length)
    else { throw .sealBroken(file: file.path) }
    let seal = Seal(fileLength: length, regions: regions, digest: digest)
    guard seal.encoded() == bytes else { throw .sealBroken(file: file.path) }
    return seal
  }

  private static func regions(_ count: Int, _ bytes: [UInt8], _ length: Int) -> [Range<Int>]? {
    guard count <= maximumRegions else { return nil }
    var regions: [Range<Int>] = []
    for i in 0..<count {
      guard let start = Int(exactly: get(64 + 16 * i, bytes)),
        let size = Int(exactly: get(72 + 16 * i, bytes)), size > 0,
        start >= regions.last?.upperBound ?? byteCount, start <= length, size <= length - start
      else { return nil }
      regions.append(start..<start + size)
    }
    return regions
  }

  /// The digest that a file with these regions should carry; reads everything but the regions.
  func computedDigest(_ file: OpenFile) throws(StorageError) -> Digest {
    let hasher = SHA256()
    hasher.update(encoded(withDigest: false))
    var position = Seal.byteCount
    for region in regions {
      try file.hash(position..<region.lowerBound, into: hasher)
      position = region.upperBound
    }
    try file.hash(position..<fileLength, into: hasher)
    return hasher.finish()
  }

  private static func put(_ value: UInt64, at offset: Int, in block: inout [UInt8]) {
    for byte in 0..<8 { block[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }

  private static func get(_ offset: Int, _ block: [UInt8]) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(block[offset + $1]) << (8 * UInt64($1)) }
  }
}
