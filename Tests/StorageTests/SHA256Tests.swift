import Foundation
import Testing
import TestSupport

@testable import Storage

@Suite struct SHA256Tests {
  @Test func theStandardsExamplesHaveTheirDigests() {
    #expect(
      SHA256.digest(of: "abc").description
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.digest(of: "").description
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  /// Values of `xxhsum -H2` (xxHash 0.8.1).
  @Test func rowChecksumsAreXXH3OfTheBytes() {
    func text(_ words: String) -> String {
      let bytes = Array(words.utf8)
      return bytes.withUnsafeBytes { memory in
        guard let base = memory.baseAddress else { return "" }
        return RowChecksum.of(base, count: memory.count).map {
          String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }.joined()
      }
    }
    #expect(text("abc") == "06b05ab6733a618578af5f94892f3950")
    #expect(text("abd") != text("abc"))
  }

  @Test func rowChecksumsAreTheSameOnEveryProcessor() {
    let bytes = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) }
    bytes.withUnsafeBytes { memory in
      guard let base = memory.baseAddress else { return }
      for count in [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1_024, 1_025, 4_999] {
        // From odd places, too.
        let library = RowChecksum.of(base + 1, count: count, level: 0)
        #expect(RowChecksum.of(base + 1, count: count) == library, "\(count) bytes")
        #expect(RowChecksum.of(base, count: count) == RowChecksum.of(base, count: count, level: 0))
      }
    }
  }

  @Test func aFileHasTheDigestOfItsBytes() throws {
    let folder = try ScratchFolder()
    let bytes = (0..<(1 << 20) + 7).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try AtomicFile.write(bytes, to: folder / "x")
    #expect(try SHA256.digest(ofFile: folder / "x") == SHA256.digest(of: bytes))
    #expect(throws: StorageError.self) { try SHA256.digest(ofFile: folder / "y") }
  }

  @Test func digestsTravelAsHexadecimalText() throws {
    let digest = SHA256.digest(of: "abc")
    #expect(Digest(hexadecimal: digest.description) == digest)
    #expect(Digest(hexadecimal: "zz") == nil)
    #expect(Digest(bytes: [1, 2]) == nil)
    let json = try JSONEncoder().encode([digest])
    #expect(try JSONDecoder().decode([Digest].self, from: json) == [digest])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Digest].self, from: Data("[\"x\"]".utf8))
    }
  }
}
