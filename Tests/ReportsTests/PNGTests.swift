import Images
import Reports
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("PNG and pictures of examples")
struct PNGTests {
  @Test(
    "pixels decode to what was encoded, gray and colour",
    arguments: [(1, 1, 1), (8, 8, 1), (7, 3, 1), (5, 4, 3), (1, 300, 3)])
  func roundTrip(width: Int, height: Int, channels: Int) throws {
    let pixels = (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    let bytes =
      channels == 1
      ? try PNG.encode(gray: pixels, width: width, height: height)
      : try PNG.encode(rgb: pixels, width: width, height: height)
    let image = try PNG.decode(bytes)
    // Colour whose channels are all equal would still be colour: the header says which it is.
    #expect((image.width, image.height, image.channels) == (width, height, channels))
    #expect(image.pixels == pixels)
  }

  @Test("sizes that do not fit the pixels are errors with a remedy")
  func wrongSizes() {
    let wrong = diagnosed { _ = try PNG.encode(gray: [1, 2, 3], width: 2, height: 2) }
    #expect(
      wrong?.description == """
        error: 3 values do not make 2 × 2 pixels of 1 each.
          at:  image in memory
          fix: give width · height · channels values, row by row.
        """)
    let empty = diagnosed { _ = try PNG.encode(rgb: [], width: 0, height: 5) }
    #expect(empty?.what == "an image of 0 × 5 pixels has nothing to show.")
    let huge = diagnosed { _ = try PNG.encode(rgb: [1], width: .max, height: 3) }
    #expect(huge?.exitCode == 3)
    let wide = diagnosed {
      _ = try PNG.encode(gray: [UInt8](repeating: 0, count: 1_000_001), width: 1_000_001, height: 1)
    }
    #expect(wide?.what.contains("cannot be written as PNG: it is too large") == true)
  }

  @Test("text, and every file cut short, is an error and no picture")
  func damage() throws {
    let text = diagnosed { _ = try PNG.decode(Array("GIF89a".utf8), name: "a.png") }
    #expect(text?.what == "a.png is not a PNG file.")
    let bytes = try PNG.encode(gray: [1, 2, 3, 4], width: 2, height: 2)
    // The last chunk, IEND, has 12 bytes and no pixels; libpng does not miss it.
    for length in 8..<bytes.count - 12 {
      let error = diagnosed { _ = try PNG.decode(Array(bytes.prefix(length)), name: "cut.png") }
      #expect(error?.what.hasPrefix("cut.png is a damaged PNG file: ") == true, "\(length)")
    }
  }

  @Test("an input becomes levels of gray between the ends of its range")
  func levels() throws {
    let input = Tensor([0, 8, 16, -1, 99, .nan], shape: [1, 2, 3])
    let view = try #require(try ExampleImage(input, range: 0...16))
    #expect((view.width, view.height) == (3, 2))
    #expect(try pixels(view).pixels == [0, 128, 255, 0, 255, 0])
    let dark = try #require(try ExampleImage(input, range: 0...16, brightness: .highIsDark))
    #expect(try pixels(dark).pixels == [255, 127, 0, 255, 0, 255])
  }

  @Test("planes of red, green and blue become pixels of three")
  func colour() throws {
    let input = Tensor([1, 0, 0, 1, 0.5, 0.5], shape: [3, 1, 2])
    let view = try #require(try ExampleImage(input, range: 0...1))
    #expect(try pixels(view).pixels == [255, 0, 128, 0, 255, 128])
  }

  @Test("a flat input is a picture only when the caller says so and its length is a square")
  func shapes() throws {
    let flat = Tensor([1, 2, 3, 4], shape: [4])
    #expect(try ExampleImage(flat, range: 0...4) == nil)
    #expect(try ExampleImage(flat, range: 0...4, flat: .isSquareImage)?.height == 2)
    let five = Tensor([1, 2, 3, 4, 5], shape: [5])
    #expect(try ExampleImage(five, range: 0...4, flat: .isSquareImage) == nil)
    #expect(try ExampleImage(Tensor(shape: [2, 2, 2]), range: 0...1) == nil)
    let inputs = Tensor([9, 9, 9, 9, 0, 9, 0, 9], shape: [2, 4])
    let row = try #require(
      try ExampleImage(row: 1, of: inputs, range: 0...9, flat: .isSquareImage))
    #expect(try pixels(row).pixels == [0, 255, 0, 255])
  }

  private func pixels(_ view: ExampleImage) throws -> PixelImage {
    let base64 = String(view.dataURI.dropFirst("data:image/png;base64,".count))
    return try PNG.decode([UInt8](try #require(Data(base64Encoded: base64))))
  }
}
