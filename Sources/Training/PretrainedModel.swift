import Checkpoints
import Configuration
import Foundation
import Networks

/// The network that a Hugging Face `config.json` describes, with the file's members.
public struct PretrainedModel: Sendable, Equatable {
  /// The family and the sizes.
  public let architecture: TransformerArchitecture
  /// All of `config.json`.
  public let values: [String: ConfigurationValue]

  /// The architectures by the names that `config.json` gives them.
  public static let architectures = TransformerArchitecture.classNames.values.sorted()

  /// The model of the `config.json` beside weights, if there is one.
  ///
  /// - Parameter source: a folder of checkpoints, or a file.
  /// - Throws: as `init(reading:)`; `CheckpointError` when there are no weights.
  public static func beside(_ source: String) throws -> PretrainedModel? {
    let first = try ForeignCheckpoint.find(source).first?.path ?? source
    let folder = (first as NSString).deletingLastPathComponent
    for candidate in [
      "\(source)/config.json", folder.isEmpty ? "config.json" : "\(folder)/config.json",
    ]
    where fileExists(candidate) {
      return try PretrainedModel(reading: candidate)
    }
    return nil
  }

  /// Reads `config.json`.
  ///
  /// - Throws: `TrainingError.unsupportedArchitecture`, `.unsupportedSetting` naming the key;
  ///   `ConfigurationError` for sizes that are missing or no numbers.
  public init(reading file: String) throws {
    try self.init(from: try ConfigurationMap(contentsOf: file))
  }

  /// Reads the members of a `config.json`.
  ///
  /// - Throws: as `init(reading:)`.
  public init(from map: ConfigurationMap) throws {
    values = map.values
    architecture = try TransformerArchitecture(reading: map)
  }

  /// The network for examples of a shape; for the longest sequences or the images when nil.
  public func network(inputShape: [Int]? = nil) -> Network {
    guard let network = architecture.network(inputShape: inputShape) else {
      preconditionFailure("a patch that was seen to fit")
    }
    return network
  }
}
