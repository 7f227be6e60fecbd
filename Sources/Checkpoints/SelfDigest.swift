import Storage

/// The SHA-256 of a file inside that same file: 64 hexadecimal digits in quotes, taken as zeros
/// while hashing.
///
/// A changed byte anywhere, in the digits too, is noticed.
enum SelfDigest {
  /// What stands in the digits' place while hashing.
  static let placeholder = String(repeating: "0", count: 64)

  /// Puts the digest in place of the first quoted placeholder within `header`.
  ///
  /// - Precondition: there is one.
  static func seal(_ bytes: inout [UInt8], header: Range<Int>) {
    guard let range = find(placeholder, in: bytes, header) else {
      preconditionFailure("no place for the digest")
    }
    bytes.replaceSubrange(range, with: Array(SHA256.digest(of: bytes).description.utf8))
  }

  /// Whether `digits`, as they stand in quotes within `header`, are the digest of the bytes.
  static func isIntact(_ bytes: [UInt8], digits: String, header: Range<Int>) -> Bool {
    guard digits.utf8.count == 64, let range = find(digits, in: bytes, header) else { return false }
    let hasher = SHA256()
    bytes.withUnsafeBytes { raw in
      hasher.update(UnsafeRawBufferPointer(rebasing: raw[..<range.lowerBound]))
      hasher.update(Array(placeholder.utf8))
      hasher.update(UnsafeRawBufferPointer(rebasing: raw[range.upperBound...]))
    }
    return hasher.finish().description == digits
  }

  private static func find(_ digits: String, in bytes: [UInt8], _ header: Range<Int>) -> Range<Int>?
  {
    let wanted = Array("\"\(digits)\"".utf8)
    guard header.count >= wanted.count else { return nil }
    return bytes.withUnsafeBufferPointer { buffer in
      for start in header.lowerBound...(header.upperBound - wanted.count)
      where buffer[start] == wanted[0] && buffer[start + 1] == wanted[1] {
        if buffer[start..<start + wanted.count].elementsEqual(wanted) {
          return start + 1..<start + wanted.count - 1
        }
      }
      return nil
    }
  }
}
