import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Folders of PNG and JPEG files against the pixels that tools/reference/images.py wrote.
@Suite struct ImageFolderTests {
  struct Pixels: Decodable {
    let pixels: [String: [Double]]
    let resized: [String: [Double]]
  }

  let folder: DataFolder
  let known: Pixels

  init() throws {
    folder = try DataFolder()
    for name in ["colour", "gray", "sizes"] {
      try FileManager.default.copyItem(
        atPath: fixture("Images/\(name)"), toPath: folder.path + "/" + name)
    }
    known = try Fixture.load("Images/pixels.json")
  }

  func yaml(_ source: String, _ more: String = "") -> String {
    "train: {format: images, \(source)}\ntest: {format: images, \(source)}\n\(more)"
  }

  @Test("a folder of colour images is n × 3 × H × W in [0, 1], classes and ids by path")
  func colour() throws {
    let data = try folder.load(yaml("path: colour")).train
    #expect(data.ids.map(\.description) == ["cat/a.png", "cat/b.png", "dog/a.png", "dog/z.jpg"])
    #expect(data.classNames == ["cat", "dog"] && data.classes == [0, 0, 1, 1])
    #expect(data.inputs.shape == [4, 3, 6, 8])
    for (row, id) in data.ids.enumerated() {
      let wanted = try #require(known.pixels["colour/\(id)"])
      let found = data.inputs.prefixSlice(row..<row + 1).elements
      // PNG exactly; JPEG keeps a smooth picture to a few of 255 steps.
      let tolerance = id.description.hasSuffix("jpg") ? 6.0 : 0.001
      #expect(
        zip(found, wanted).allSatisfy { abs(Double($0) * 255 - $1) <= tolerance }, "\(id)")
    }
  }

  @Test("gray images are n × 1 × H × W, or three equal channels when colour is asked for")
  func gray() throws {
    let gray = try folder.load(yaml("path: gray")).train
    #expect(gray.inputs.shape == [2, 1, 6, 8])
    let wanted = try #require(known.pixels["gray/cat/a.png"])
    #expect(gray.inputs.elements[..<48].elementsEqual(wanted.map { Float($0 / 255) }))
    let colour = try folder.load(yaml("path: gray, channels: 3")).train
    #expect(colour.inputs.shape == [2, 3, 6, 8])
    for channel in 0..<3 {
      #expect(
        colour.inputs.elements[channel * 48..<(channel + 1) * 48]
          .elementsEqual(gray.inputs.elements[..<48]))
    }
  }

  @Test("colour becomes gray by the weights of BT.601")
  func toGray() throws {
    let colour = try folder.load(yaml("path: colour")).train.inputs.elements
    let gray = try folder.load(yaml("path: colour, channels: 1")).train.inputs.elements
    for i in 0..<48 {
      var wanted: Float = 0.299 * colour[i]
      wanted += 0.587 * colour[48 + i]
      wanted += 0.114 * colour[96 + i]
      #expect(abs(gray[i] - wanted) < 1e-6)
    }
  }

  @Test(
    "images of several sizes are resized as PyTorch's interpolate does",
    arguments: [(6, 8), (10, 7), (2, 2)])
  func resized(height: Int, width: Int) throws {
    let data = try folder.load(yaml("path: sizes, size: [\(height), \(width)]")).train
    #expect(data.inputs.shape == [2, 3, height, width])
    for (row, id) in data.ids.enumerated() {
      let wanted = try #require(known.resized["\(height)x\(width) \(id)"])
      let found = data.inputs.prefixSlice(row..<row + 1).elements
      #expect(zip(found, wanted).allSatisfy { abs(Double($0) * 255 - $1) < 1e-3 }, "\(id)")
    }
  }

  @Test("channels are standardised each by its own mean and deviation")
  func channels() throws {
    let plain = try folder.load(yaml("path: colour")).train.inputs
    let data = try folder.load(yaml("path: colour", "standardise: channels\n"))
    #expect(data.normalisation.mean.count == 3)
    let scaled: [Float] = data.train.inputs.elements
    for channel in 0..<3 {
      var values: [Double] = []
      for row in 0..<4 {
        let start = (row * 3 + channel) * 48
        values += scaled[start..<start + 48].map { Double($0) }
      }
      let count = Double(values.count)
      let mean: Double = values.reduce(0, +) / count
      let square: Double = values.reduce(0) { $0 + $1 * $1 } / count
      #expect(abs(mean) < 1e-5)
      #expect(abs(square - mean * mean - 1) < 1e-4)
    }
    let back = data.normalisation.unstandardised(data.train.inputs).elements
    #expect(zip(back, plain.elements).allSatisfy { abs($0 - $1) < 1e-6 })
    let given = try folder.load(
      yaml("path: colour", "standardise: {mean: [0.1, 0.2, 0.3], std: [1, 2, 4]}\n"))
    let found: [Float] = given.train.inputs.elements
    let second: Float = (plain.elements[48] - 0.2) / 2
    let third: Float = (plain.elements[96] - 0.3) / 4
    #expect(abs(found[48] - second) < 1e-6)
    #expect(abs(found[96] - third) < 1e-6)
  }

  @Test("the same bits for any number of workers")
  func workers() throws {
    let before = Workers.count
    defer { Workers.count = before }
    let hashes = try [1, 2].map { count in
      Workers.count = count
      return try folder.load(yaml("path: sizes, size: [9, 9]")).train.contentHash
    }
    #expect(hashes[0] == hashes[1])
  }

  @Test("what cannot be a set of images is refused with what to do")
  func refused() throws {
    #expect(
      folder.failure(yaml("path: sizes"))
        == """
        error: the image has 6 rows of 8 pixels, the first (cat/a.png) 5 of 3.
          at:  F/sizes/dog/b.png
          fix: bring all to one size with `size: [height, width]`.
        """)
    #expect(
      folder.failure(yaml("path: nowhere"))?.contains("there is no file F/nowhere.") == true)
    #expect(
      folder.failure(yaml("path: gray/cat/a.png"))
        == """
        error: F/gray/cat/a.png is not a folder.
          at:  F/gray/cat/a.png
          fix: give the folder that has a sub-folder for each class.
        """)
    #expect(
      folder.failure(yaml("path: gray/cat"))
        == """
        error: F/gray/cat/a.png is not in a folder of its class.
          at:  F/gray/cat/a.png
          fix: move it into the folder of its class, or remove it.
        """)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/none/cat", withIntermediateDirectories: true)
    #expect(
      folder.failure(yaml("path: none"))
        == """
        error: F/none has no PNG or JPEG files in folders by class.
          at:  F/none
          fix: put the images of each class into a sub-folder of its name.
        """)
    #expect(folder.failure(yaml("path: colour, channels: 2"))?.contains("1 or 3") == true)
    #expect(
      folder.failure(yaml("path: colour", "task: regression"))?
        .contains("numbers: images are of classes") == true)
    try folder.write(Array("\u{89}PNG".utf8), to: "gray/cat/c.png")
    #expect(
      folder.failure(yaml("path: gray"))?.contains("F/gray/cat/c.png is not a PNG file") == true)
    var cut = try bytes(of: folder.path + "/gray/dog/b.JPEG")
    cut.removeLast(40)
    try FileManager.default.removeItem(atPath: folder.path + "/gray/cat/c.png")
    try folder.write(cut, to: "gray/dog/b.JPEG")
    #expect(
      folder.failure(yaml("path: gray"))?.contains("is a damaged JPEG file: ") == true)
  }
}
