import COpenSSL

/// A SHA-256 digest: 32 bytes.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// Number of bytes in a digest.
  public static let byteCount = 32
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// A digest of exactly 32 given bytes, else nil.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Digest.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// A digest from 64 hexadecimal digits, else nil.
  public init?(hexadecimal text: String) {
    let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == 2 * Digest.byteCount else { return nil }
    var bytes: [UInt8] = []
    for i in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[i], let low = digits[i + 1] else { return nil }
      bytes.append(UInt8(high * 16 + low))
    }
    self.bytes = bytes
  }

  /// 64 hexadecimal digits in lower case.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension Digest: Codable {
  /// Reads 64 hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(hexadecimal: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text)\" is not a SHA-256 digest")
    }
    self = digest
  }

  /// Writes 64 hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// SHA-256 (FIPS 180-4) of bytes given piece by piece, by OpenSSL with the processor's own
/// instructions where it has them.
///
/// A class with state: use one from one thread at a time.
public final class SHA256 {
  private let context: OpaquePointer

  /// A hasher that has seen nothing.
  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    self.context = context
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "SHA-256 is not available")
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 failed")
  }

  /// Adds bytes.
  public func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest of all bytes so far; the hasher then begins anew.
  public func finish() -> Digest {
    var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
    precondition(EVP_DigestFinal_ex(context, &bytes, nil) == 1, "SHA-256 failed")
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "SHA-256 is not available")
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("SHA-256 length") }
    return digest
  }

  /// The digest of some bytes.
  public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    let hasher = SHA256()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// The digest of some bytes.
  public static func digest(of bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { digest(of: $0) }
  }

  /// The digest of a text's UTF-8 bytes.
  public static func digest(of text: String) -> Digest {
    digest(of: Array(text.utf8))
  }

  /// The digest of a file's bytes, read 1 MiB at a time.
  ///
  /// - Throws: `StorageError.system` when the file cannot be read.
  public static func digest(ofFile path: String) throws(StorageError) -> Digest {
    let file = try OpenFile(reading: path)
    let hasher = SHA256()
    try file.hash(0..<file.length(), into: hasher)
    return hasher.finish()
  }
}
