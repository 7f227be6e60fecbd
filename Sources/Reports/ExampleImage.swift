import Foundation
import Images
import Tensors

/// The input of an example as a small picture that stands in a page as a data URI.
public struct ExampleImage: Sendable, Equatable {
  /// What an input of one dimension is.
  public enum FlatInput: Sendable {
    /// Not a picture.
    case isNoImage
    /// The rows of a square gray picture, if its length is a square number.
    case isSquareImage
  }

  /// Which end of the value range is bright, for gray pictures.
  public enum Brightness: Sendable {
    /// Low values are black: photographs, and pixels as they are.
    case highIsBright
    /// Low values are white: ink on paper.
    case highIsDark
  }

  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The picture as `data:image/png;base64,…`.
  public let dataURI: String

  /// A picture that is already in memory.
  ///
  /// - Throws: `ImageError` when libpng refuses it.
  public init(_ image: PixelImage) throws(ImageError) {
    width = image.width
    height = image.height
    dataURI = "data:image/png;base64," + Data(try PNG.encode(image)).base64EncodedString()
  }

  /// The picture of one example, or nil when its shape is not that of a picture.
  ///
  /// - Parameters:
  ///   - row: The example, from 0.
  ///   - inputs: n × shape; a shape of H × W, 1 × H × W or 3 × H × W is a picture.
  ///   - range: The values shown as black and white; what is outside is clipped, NaN is the lower.
  ///   - flat: What an input of one dimension is.
  ///   - brightness: Which end of the range is bright; for colour always the upper.
  /// - Throws: `ImageError` for a picture without pixels, or one that libpng refuses.
  public init?(
    row: Int, of inputs: Tensor, range: ClosedRange<Float>, flat: FlatInput = .isNoImage,
    brightness: Brightness = .highIsBright
  ) throws(ImageError) {
    precondition(inputs.shape.count >= 2, "inputs of shape \(inputs.shape)")
    let shape = Array(inputs.shape.dropFirst())
    let example = inputs.prefixSlice(row..<row + 1).reshaped(shape)
    try self.init(example, range: range, flat: flat, brightness: brightness)
  }

  /// The picture of one input, or nil when its shape is not that of a picture.
  ///
  /// - Parameters:
  ///   - input: H × W, 1 × H × W, 3 × H × W, or H·H if `flat` says so.
  ///   - range: The values shown as black and white; what is outside is clipped, NaN is the lower.
  ///   - flat: What an input of one dimension is.
  ///   - brightness: Which end of the range is bright; for colour always the upper.
  /// - Throws: `ImageError` for a picture without pixels, or one that libpng refuses.
  public init?(
    _ input: Tensor, range: ClosedRange<Float>, flat: FlatInput = .isNoImage,
    brightness: Brightness = .highIsBright
  ) throws(ImageError) {
    guard let (channels, height, width) = ExampleImage.size(input.shape, flat) else { return nil }
    let area = height * width
    let inverted = channels == 1 && brightness == .highIsDark
    var pixels = [UInt8](repeating: 0, count: input.count)
    // Tensors have one plane after the other, pictures the channels of a pixel together.
    for channel in 0..<channels {
      for i in 0..<area {
        let level = ExampleImage.level(input[channel * area + i], in: range)
        pixels[i * channels + channel] = inverted ? 255 - level : level
      }
    }
    try self.init(PixelImage(pixels: pixels, width: width, height: height, channels: channels))
  }

  private static func size(
    _ shape: [Int], _ flat: FlatInput
  ) -> (channels: Int, height: Int, width: Int)? {
    switch shape.count {
    case 3 where shape[0] == 1 || shape[0] == 3: return (shape[0], shape[1], shape[2])
    case 2: return (1, shape[0], shape[1])
    case 1 where flat == .isSquareImage:
      let side = Int(Double(shape[0]).squareRoot().rounded())
      return side * side == shape[0] ? (1, side, side) : nil
    default: return nil
    }
  }

  private static func level(_ value: Float, in range: ClosedRange<Float>) -> UInt8 {
    let width = range.upperBound - range.lowerBound
    guard width > 0, value > range.lowerBound else { return 0 }
    return UInt8(255 * min(1, (value - range.lowerBound) / width) + 0.5)
  }
}
