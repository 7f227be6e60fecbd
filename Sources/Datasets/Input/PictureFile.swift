import Images
import Tensors

/// The pictures of one file from outside: a PNG or JPEG, or an IDX file of gray ones.
struct PictureFile {
  let start: FileStart

  init(_ start: FileStart) { self.start = start }

  /// The pictures as the examples of a run: n × `shape`, 0 to 255.
  ///
  /// - Parameters:
  ///   - shape: channels × height × width, or height × width of gray ones.
  ///   - resizes: whether the run brings its own pictures to that size.
  /// - Throws: `DatasetError.inputImageSize`, `.wrongShape` for a run whose examples are no pictures.
  func read(_ shape: [Int], resizes: Bool) throws -> RawInput {
    let sizes = shape.count == 2 ? [1] + shape : shape
    guard sizes.count == 3, sizes[0] == 1 || sizes[0] == 3 else {
      throw DatasetError.unsupported(
        file: start.file, place: .file, feature: "a picture for examples of shape \(shape)",
        supported: "IDX of that shape")
    }
    let pictures = try pictures()
    let (channels, height, width) = (sizes[0], sizes[1], sizes[2])
    if !resizes {
      for picture in pictures where (picture.height, picture.width) != (height, width) {
        throw DatasetError.inputImageSize(
          file: start.file, found: [picture.height, picture.width], expected: [height, width])
      }
    }
    let bytes = checkedProduct([pictures.count, channels, height, width, 4], limit: .max / 2)
    try checkMemory(bytes ?? .max, for: start.file)
    let inputs = Tensor(uninitialized: [pictures.count] + shape)
    let target = inputs.storage
    for (row, picture) in pictures.enumerated() {
      picture.planes(
        channels: channels, height: height, width: width,
        into: target.base + row * channels * height * width)
    }
    return RawInput(
      examples: RawExamples(
        file: start.file, labelFile: start.file, inputs: inputs, labels: .unlabelled),
      remarks: remarks(pictures[0], channels, height, width))
  }

  /// What was done to the pictures of the file, which are alike.
  private func remarks(
    _ picture: PixelImage, _ channels: Int, _ height: Int, _ width: Int
  ) -> [String] {
    var remarks: [String] = []
    if picture.channels > channels { remarks.append("converted from colour to gray") }
    if picture.channels < channels { remarks.append("gray repeated as red, green and blue") }
    if picture.traits.contains(.transparency) { remarks.append("transparency dropped") }
    if picture.traits.contains(.inks) { remarks.append("inks became red, green and blue") }
    if picture.traits.contains(.turned) { remarks.append("taken as stored, not as it was turned") }
    if (picture.height, picture.width) != (height, width) {
      remarks.append(
        "resized from \(picture.height) rows of \(picture.width) pixels to \(height) of \(width)")
    }
    return remarks
  }

  /// At least one, all of one size.
  private func pictures() throws -> [PixelImage] {
    switch start.kind {
    case .png, .jpeg: return [try PixelImage(reading: start.file)]
    case .idx: return try IDXReader(file: start.file).read().pictures()
    default: throw start.isNot("PNG, JPEG or IDX")
    }
  }
}

extension PixelImage {
  /// Reads a PNG or JPEG file, by contents, not by name: a JPEG called .png is no reason to stop.
  init(reading path: String) throws {
    let bytes = try FileBytes(path).bytes
    self =
      bytes.starts(with: [0xFF, 0xD8])
      ? try JPEG.decode(bytes, name: path) : try PNG.decode(bytes, name: path)
  }
}

extension NumericArray {
  /// Gray pictures: n × height × width bytes, or height × width.
  fileprivate func pictures() throws -> [PixelImage] {
    guard format == ScalarFormat(kind: .unsigned, size: 1, isBigEndian: format.isBigEndian) else {
      throw DatasetError.unsupported(
        file: file, place: .file, feature: "an array that is not of unsigned bytes",
        supported: "pictures of unsigned bytes")
    }
    let sizes = shape.count == 2 ? [1] + shape : shape
    guard sizes.count == 3 else {
      throw DatasetError.wrongShape(
        file: file, place: .file, shape: shape,
        expected: "n × height × width, or height × width")
    }
    guard !sizes.contains(0) else { throw DatasetError.noExamples(file: file) }
    let area = sizes[1] * sizes[2]
    return try (0..<sizes[0]).map { row in
      let first = offset + row * area
      return try PixelImage(
        pixels: Array(bytes[first..<first + area]), width: sizes[2], height: sizes[1], channels: 1)
    }
  }
}
