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

  @Test(arguments: [0, 1, 55, 56, 63, 64, 119, 120, 1_000])
  func blocksHashedTogetherHaveTheDigestsOfEach(length: Int) throws {
    let bytes = (0..<16 * 1_100).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
    for count in [1, 2, 15, 16] {
      bytes.withUnsafeBytes { memory in
        guard let base = memory.baseAddress else { return }
        let blocks = (0..<count).map { base + 1_003 * $0 }
        let each = blocks.map {
          SHA256.digest(of: UnsafeRawBufferPointer(start: $0, count: length))
        }
        #expect(SHA256.inLanes(blocks, count: length) == each, "\(count) blocks")
        #expect(SHA256.digests(of: blocks, count: length) == each, "\(count) blocks")
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
