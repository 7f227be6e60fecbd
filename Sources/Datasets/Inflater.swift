import CZlib

/// Decompresses a gzip file or a raw deflate stream piece by piece (zlib).
///
/// The caller says how much it wants, so a small file that expands to terabytes costs nothing
/// but the error that data follow.
final class Inflater {
  /// The form of a compressed stream.
  enum Form: Int32 {
    /// Gzip, possibly several members one after the other.
    case gzip = 31
    /// Deflate without a header, as in zip.
    case deflate = -15
  }

  /// Deflate cannot shrink data by more than this.
  static let greatestRatio = 1032

  private let bytes: ArraySlice<UInt8>
  private let form: Form
  private let file: String
  private var stream = z_stream()
  private var consumed = 0
  private var isFinished = false

  init(_ bytes: ArraySlice<UInt8>, form: Form, file: String) throws(DatasetError) {
    (self.bytes, self.form, self.file) = (bytes, form, file)
    guard ascribe_inflate_init(&stream, form.rawValue) == Z_OK else {
      throw .unreadableFile(file, reason: "zlib does not start")
    }
  }

  deinit { inflateEnd(&stream) }

  /// The most bytes that can come out.
  var outputLimit: Int { (bytes.count + 16).multipliedReportingOverflow(by: Self.greatestRatio).0 }

  /// At most the next `count` bytes; fewer at the end of the stream.
  func read(_ count: Int) throws(DatasetError) -> [UInt8] {
    var failure: DatasetError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DatasetError) {
        filled = try fill(buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }

  private func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count, !isFinished {
      let room = min(buffer.count - filled, 1 << 30)
      let input = min(bytes.count - consumed, 1 << 30)
      let status = bytes.withUnsafeBufferPointer { source in
        stream.next_in = source.baseAddress.map { UnsafeMutablePointer(mutating: $0 + consumed) }
        stream.avail_in = UInt32(input)
        stream.next_out = buffer.baseAddress.map { $0 + filled }
        stream.avail_out = UInt32(room)
        return inflate(&stream, Z_NO_FLUSH)
      }
      consumed += input - Int(stream.avail_in)
      filled += room - Int(stream.avail_out)
      try check(status, input: input)
    }
    return filled
  }

  private func check(_ status: Int32, input: Int) throws(DatasetError) {
    switch status {
    case Z_OK: return
    case Z_STREAM_END:
      let rest = bytes.dropFirst(consumed)
      if form == .gzip, rest.starts(with: [0x1F, 0x8B]) {
        inflateReset(&stream)
      } else if form == .gzip, let stray = rest.firstIndex(where: { $0 != 0 }) {
        throw .malformed(
          file: file, place: .byte(stray), problem: "bytes follow the compressed data")
      } else {
        isFinished = true
      }
    case Z_BUF_ERROR where input == 0:
      throw .malformed(
        file: file, place: .byte(bytes.endIndex), problem: "the compressed data end early")
    default:
      let reason = stream.msg.map { String(cString: $0) } ?? "zlib error \(status)"
      throw .malformed(
        file: file, place: .byte(bytes.startIndex + consumed),
        problem: "decompression failed (\(reason))")
    }
  }
}

/// The CRC-32 of some bytes, as in zip.
func checksum(_ bytes: [UInt8]) -> UInt32 {
  bytes.withUnsafeBufferPointer { buffer in
    UInt32(truncatingIfNeeded: crc32_z(0, buffer.baseAddress, buffer.count))
  }
}
