import Checkpoints
import Configuration
import Storage

/// What a Hugging Face `preprocessor_config.json` does with the pixels of images: x/255, less a mean
/// over a deviation, one of each for every channel.
public struct ImageProcessor: Sendable, Equatable {
  /// What is subtracted and divided by after bytes became 0 to 1.
  public let mean, std: [Double]
  /// The file.
  public let file: String

  /// The processor beside weights; nil without one, and for one that leaves the pixels as they are.
  ///
  /// - Parameter source: a folder of checkpoints, or a file.
  /// - Throws: `ModelError.unsupportedSetting` for another scale than 1/255; `ConfigurationError`.
  public static func beside(_ source: String) throws -> ImageProcessor? {
    for folder in [source] + (try ForeignCheckpoint.find(source).map(\.folder)) {
      let file = "\(folder)/preprocessor_config.json"
      if fileExists(file) { return try ImageProcessor(reading: file) }
    }
    return nil
  }

  /// Reads a file.
  init?(reading file: String) throws {
    let map = try ConfigurationMap(contentsOf: file)
    let rescales = try map.bool("do_rescale", default: true)
    guard rescales else { throw ModelError.unsupported(map, "do_rescale") }
    let factor = try map.double("rescale_factor", in: .positive, default: 1 / 255)
    guard abs(factor * 255 - 1) < 1e-6 else { throw ModelError.unsupported(map, "rescale_factor") }
    guard try map.bool("do_normalize", default: map.has("image_mean")) else { return nil }
    let bounds = NumberBounds.positive
    guard let mean = try map.doubles(ifPresent: "image_mean"),
      let std = try map.doubles(ifPresent: "image_std", in: bounds), mean.count == std.count,
      !mean.isEmpty
    else { throw ModelError.unsupported(map, "image_mean") }
    (self.mean, self.std, self.file) = (mean, std, file)
  }

  /// The `standardise` of a run file that does the same.
  package var value: ConfigurationValue {
    .map(["mean": .list(mean.map { .double($0) }), "std": .list(std.map { .double($0) })])
  }

  /// What was taken over, in a line.
  package var note: String {
    "pixels are standardised as \(file) says: mean \(mean), std \(std)"
  }
}
