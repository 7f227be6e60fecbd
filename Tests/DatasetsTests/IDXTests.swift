import Datasets
import TestSupport
import Testing

private func yaml(_ images: String, _ labels: String = "labels.idx", _ rest: String = "") -> String
{
  let source = "{format: idx, images: \(images), labels: \(labels)}"
  return "train: \(source)\ntest: \(source)\n\(rest)"
}

private func header(_ code: UInt8, _ sizes: [UInt32]) -> [UInt8] {
  [0, 0, code, UInt8(sizes.count)]
    + sizes.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
}

/// Files by tools/reference/make_arrays.py: value 8·p at position p, or p / 2 − 3 when signed.
@Suite struct IDXTests {
  @Test func imagesOfBytesAreScaledToOneByDefault() throws {
    let data = try loadData(yaml("images-08.idx"), in: fixtures)
    #expect(data.train.inputs.shape == [5, 2, 3])
    let expected: [Float] = (0..<30).map { (p: Int) in Float(Double(p * 8) / 255) }
    #expect(data.train.inputs.elements == expected)
    #expect(data.train.classNames == ["0", "1", "3"])
    #expect(data.train.classes == [2, 1, 2, 0, 1])
    #expect(data.normalisation == Normalisation(scale: [0, 255]))
  }

  @Test func theScaleIsChosenOrTurnedOff() throws {
    let raw = try loadData(yaml("images-08.idx", "labels.idx", "scale: false"), in: fixtures)
    #expect(raw.train.inputs.elements == (0..<30).map { (p: Int) in Float(p * 8) })
    #expect(raw.normalisation == .none)
    let standard = try loadData(
      yaml("images-08.idx", "labels.idx", "standardise: {mean: 0.5, std: 0.25}"), in: fixtures)
    let last = Float((232.0 / 255 - 0.5) / 0.25)
    #expect(standard.train.inputs[29] == last)
    let global = try loadData(
      yaml("images-08.idx", "labels.idx", "standardise: true"), in: fixtures)
    #expect(global.normalisation.mean.count == 1)
    #expect(abs(global.normalisation.mean[0] - 116.0 / 255) < 1e-15)
  }

  @Test(arguments: ["09", "0b", "0c", "0d", "0e"])
  func everyKindOfNumberIsRead(code: String) throws {
    let data = try loadData(yaml("images-\(code).idx"), in: fixtures)
    #expect(data.train.inputs.elements == (0..<30).map { (p: Int) in Float(p / 2 - 3) })
    #expect(data.normalisation == .none)
  }

  @Test(arguments: ["images.idx.gz", "images-two-members.idx.gz"])
  func gzipGivesTheSame(file: String) throws {
    let plain = try loadData(yaml("images-08.idx"), in: fixtures)
    let packed = try loadData(yaml(file, "labels.idx.gz"), in: fixtures)
    #expect(packed.train.inputs == plain.train.inputs)
    #expect(packed.train.contentHash == plain.train.contentHash)
  }

  struct Failure: Sendable {
    var images: [UInt8]
    var text: String
  }

  static let failures: [Failure] = [
    Failure(
      images: Array("hello".utf8),
      text: """
        error: F/a is not IDX: it begins with 68 65 6c 6c.
          at:  F/a
          fix: set `format` to what the file is.
        """),
    Failure(
      images: header(8, [5, 2, 3]).dropLast(2),
      text: """
        error: the data ends early: 16 bytes needed, 14 there.
          at:  F/a, byte 4
          fix: get the file again; the copy is not whole.
        """),
    Failure(
      images: header(8, [5, 2, 3]) + [1, 2, 3],
      text: """
        error: the data ends early: 30 bytes needed, 3 there.
          at:  F/a, byte 16
          fix: get the file again; the copy is not whole.
        """),
    Failure(
      images: header(8, [1, 1, 1]) + [1, 2],
      text: """
        error: 1 byte follows the data.
          at:  F/a, byte 17
          fix: get the file again, or write it anew; its header and data disagree.
        """),
    Failure(
      images: header(8, [.max, .max, .max]),
      text: """
        error: the file is damaged: the header claims shape [4294967295, 4294967295, 4294967295].
          at:  F/a, byte 4
          fix: get the file again, or write it anew.
        """),
    Failure(
      images: header(14, [1 << 30, 1 << 20]),
      text: """
        error: the data ends early: 9007199254740992 bytes needed, 0 there.
          at:  F/a, byte 12
          fix: get the file again; the copy is not whole.
        """),
    Failure(
      images: [0, 0, 8, 0],
      text: """
        error: the file is damaged: the header claims 0 dimensions.
          at:  F/a, byte 3
          fix: get the file again, or write it anew.
        """),
    Failure(
      images: header(8, [5]) + [1, 2, 3, 4, 5],
      text: """
        error: the shape is [5], expected examples × features.
          at:  F/a
          fix: reshape it to examples × features.
        """),
    Failure(
      images: header(8, [0, 2]),
      text: """
        error: F/a has no examples.
          at:  F/a
          fix: add examples.
        """),
    Failure(
      images: header(8, [4, 1]) + [1, 2, 3, 4],
      text: """
        error: there are 5 labels for 4 inputs.
          at:  F/labels.idx
          fix: give files that belong together.
        """),
    Failure(
      images: header(13, [5, 1]) + (0..<5).flatMap { _ in [0x7F, 0xC0, 0, 0] as [UInt8] },
      text: """
        error: nan is not a finite Float32.
          at:  F/a, [0, 0]
          fix: correct the value or remove the example.
        """),
    Failure(
      images: [0x1F, 0x8B, 8, 0, 0, 0],
      text: """
        error: the file is damaged: the compressed data end early.
          at:  F/a, byte 6
          fix: get the file again, or write it anew.
        """),
    Failure(
      images: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF],
      text: """
        error: the file is damaged: decompression failed (invalid block type).
          at:  F/a, byte 11
          fix: get the file again, or write it anew.
        """),
  ]

  @Test(arguments: failures.indices)
  func eachFailureSaysWhatWhereAndWhatToDo(index: Int) throws {
    let folder = try DataFolder()
    try folder.write(try bytes(of: fixtures + "/labels.idx"), to: "labels.idx")
    try folder.write(Self.failures[index].images, to: "a")
    #expect(folder.failure(yaml("a")) == Self.failures[index].text)
  }

  @Test func aBombIsRefusedWithoutUnpackingIt() {
    let error = diagnosed { _ = try loadData(yaml("bomb.idx.gz"), in: fixtures) }
    #expect(error?.what == "1 byte follows the data.")
  }

  @Test func aGzipWhoseHeaderClaimsTooMuchIsRefusedBeforeAllocating() throws {
    // The stored block of a gzip file: a header that claims 2^50 bytes.
    let claim = header(8, [1 << 25, 1 << 25])
    let stored = [1, UInt8(claim.count), 0, ~UInt8(claim.count), 0xFF] + claim
    let folder = try DataFolder()
    try folder.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + stored, to: "a")
    #expect(
      folder.failure(yaml("a"))?.hasPrefix(
        "error: the data ends early: 1125899906842624 bytes needed, 44376 there.") == true)
  }
}
