import Foundation
import TestSupport
import Testing

@testable import Images

/// Pictures as numbers: resizing, channels, files, and what is refused.
@Suite("Pixel images")
struct PixelImageTests {
  private func image(_ width: Int, _ height: Int, _ channels: Int, seed: Int) throws -> PixelImage {
    var draws = Draws(seed: seed)
    let pixels = (0..<width * height * channels).map { _ in UInt8(draws.integer(0...255)) }
    return try PixelImage(pixels: pixels, width: width, height: height, channels: channels)
  }

  private func planes(_ image: PixelImage, _ channels: Int, _ height: Int, _ width: Int) -> [Float]
  {
    var result = [Float](repeating: -1, count: channels * height * width)
    result.withUnsafeMutableBufferPointer { target in
      if let base = target.baseAddress {
        image.planes(channels: channels, height: height, width: width, into: base)
      }
    }
    return result
  }

  /// PyTorch's bilinear interpolation without aligned corners, in double.
  private func plain(_ image: PixelImage, _ wanted: Int, _ h: Int, _ w: Int) -> [Double] {
    func pixel(_ y: Int, _ x: Int, _ channel: Int) -> Double {
      func value(_ c: Int) -> Double {
        Double(image.pixels[(y * image.width + x) * image.channels + c])
      }
      if image.channels == wanted { return value(channel) }
      return image.channels == 1 ? value(0) : 0.299 * value(0) + 0.587 * value(1) + 0.114 * value(2)
    }
    func place(_ i: Int, _ count: Int, _ length: Int) -> (Int, Int, Double) {
      let at = max(0, (Double(i) + 0.5) * Double(length) / Double(count) - 0.5)
      let first = min(length - 1, Int(at))
      return (first, min(first + 1, length - 1), at - Double(first))
    }
    return (0..<wanted).flatMap { c in
      (0..<h).flatMap { i -> [Double] in
        let (y0, y1, a) = place(i, h, image.height)
        return (0..<w).map { j in
          let (x0, x1, b) = place(j, w, image.width)
          return (1 - a) * ((1 - b) * pixel(y0, x0, c) + b * pixel(y0, x1, c))
            + a * ((1 - b) * pixel(y1, x0, c) + b * pixel(y1, x1, c))
        }
      }
    }
  }

  @Test(
    "planes are the bilinear means of a plain loop, of any size and number of channels",
    arguments: [(5, 4), (1, 1), (3, 9), (8, 2)], [(5, 4), (7, 7), (2, 3), (1, 1), (10, 8)])
  func resized(size: (Int, Int), target: (Int, Int)) throws {
    for channels in [1, 3] {
      let image = try image(size.0, size.1, channels, seed: channels * 31 + size.0)
      for wanted in [1, 3] {
        let found = planes(image, wanted, target.1, target.0)
        let expected = plain(image, wanted, target.1, target.0)
        for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 1e-3) }
      }
    }
  }

  @Test("of the same size nothing is mixed: planes are the pixels, channel by channel")
  func same() throws {
    let image = try image(4, 3, 3, seed: 8)
    let found = planes(image, 3, 3, 4)
    for c in 0..<3 {
      for place in 0..<12 { #expect(found[c * 12 + place] == Float(image.pixels[3 * place + c])) }
    }
    let gray = try self.image(4, 3, 1, seed: 9)
    let colour = planes(gray, 3, 3, 4)
    #expect(Array(colour[..<12]) == gray.pixels.map { Float($0) })
    #expect(colour[..<12] == colour[12..<24] && colour[..<12] == colour[24...])
  }

  @Test("an image of one level stays at that level, resized or not")
  func flat() throws {
    let image = try PixelImage(
      pixels: [UInt8](repeating: 77, count: 30), width: 5, height: 6, channels: 1)
    #expect(planes(image, 1, 11, 3).allSatisfy { $0 == 77 })
    let white = try PixelImage(
      pixels: [UInt8](repeating: 255, count: 12), width: 2, height: 2, channels: 3)
    #expect(planes(white, 1, 3, 3).allSatisfy { abs($0 - 255) < 1e-3 })
  }

  @Test("PNG keeps every pixel", arguments: 0..<12)
  func png(seed: Int) throws {
    let original = try image(1 + seed * 3 % 7, 1 + seed * 5 % 9, seed % 2 == 0 ? 1 : 3, seed: seed)
    let read = try PNG.decode(try PNG.encode(original), name: "a.png")
    // Gray pixels in three channels may be kept as gray.
    if read.channels == original.channels { #expect(read == original, "seed \(seed)") }
    #expect((read.width, read.height) == (original.width, original.height))
    #expect(
      planes(read, 3, read.height, read.width)
        == planes(original, 3, original.height, original.width))
  }

  @Test("a JPEG is near the picture that it was made of, and refused when it is cut")
  func jpeg() throws {
    let folder = fixture("Images/colour/dog")
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/z.jpg")))
    let image = try JPEG.decode(bytes, name: "z.jpg")
    #expect(image.channels == 3 && image.pixels.count == 3 * image.width * image.height)
    for length in [4, bytes.count / 2, bytes.count - 20] {
      let error = diagnosed { _ = try JPEG.decode(Array(bytes.prefix(length)), name: "z.jpg") }
      #expect(error?.what.hasPrefix("z.jpg is a damaged JPEG file: ") == true, "\(length)")
      #expect(error?.remedy == "copy the file again from where it came from, or remove it.")
    }
    let none = diagnosed { _ = try JPEG.decode([0xFF, 0xD8], name: "z.jpg") }
    #expect(
      none?.description == """
        error: z.jpg is not a JPEG file.
          at:  z.jpg
          fix: convert the file to JPEG or PNG, or remove it from the folder.
        """)
  }

  @Test("a PNG that claims more pixels than are read is refused before they are made")
  func claims() throws {
    var bytes = try PNG.encode(gray: [1, 2], width: 2, height: 1)
    // IHDR: width at byte 16, height at 20, both big-endian; its checksum follows.
    for (place, byte) in [
      (16, 0), (17, 0), (18, 0x80), (19, 0), (20, 0), (21, 0), (22, 0x80), (23, 0),
    ] {
      bytes[place] = UInt8(byte)
    }
    let sum = crc(Array(bytes[12..<29]))
    for i in 0..<4 { bytes[29 + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(i))) }
    let error = diagnosed { _ = try PNG.decode(bytes, name: "big.png") }
    #expect(
      error?.description == """
        error: big.png has 32768 × 32768 pixels, more than 67108864.
          at:  big.png
          fix: shrink the image first.
        """)
  }

  @Test("the values are those of Pillow, whatever the depth, palette, alpha, gamma and inks")
  func pillow() throws {
    let folder = fixture("Images/pillow")
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/values.json"))
    let cases = try JSONDecoder().decode([PillowCase].self, from: data)
    #expect(cases.count >= 16)
    for expected in cases {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + expected.file)))
      let isPNG = expected.file.hasSuffix(".png")
      let image =
        isPNG
        ? try PNG.decode(bytes, name: expected.file)
        : try JPEG.decode(bytes, name: expected.file)
      let found = planes(image, 3, image.height, image.width)
      #expect([image.height, image.width] == expected.size, "\(expected.file)")
      let error = zip(found, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      // Two versions of the JPEG library may round their transform otherwise.
      #expect(error <= (isPNG ? 1e-4 : 2), "\(expected.file): \(error)")
      #expect(image.traits.rawValue == expected.traits, "\(expected.file)")
    }
  }

  private struct PillowCase: Decodable {
    let file: String
    let size: [Int]
    let values: [Float]
    let traits: Int
  }

  /// CRC-32 of PNG.
  private func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let half = sum >> 1
        sum = sum & 1 == 1 ? half ^ 0xEDB8_8320 : half
      }
    }
    return ~sum
  }

  static let words: [ErrorWords] = [
    ErrorWords(
      ImageError.emptyImage(width: 0, height: 2),
      """
      error: an image of 0 × 2 pixels has nothing to show.
        at:  image in memory
        fix: give an image at least one pixel wide and high.
      """),
    ErrorWords(
      ImageError.cannotEncode(width: 2_000_000, height: 1, reason: "it is too large"),
      """
      error: an image of 2000000 × 1 pixels cannot be written as PNG: it is too large.
        at:  image in memory
        fix: make the image smaller, at most 1,000,000 pixels wide and high.
      """),
    ErrorWords(
      ImageError.notPNG(name: "a.png"),
      """
      error: a.png is not a PNG file.
        at:  a.png
        fix: convert the file to PNG, or remove it from the folder.
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
