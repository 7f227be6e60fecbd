import Configuration
import Networks
import Tensors

/// A family of networks: the settings of a kind of `model` in a run file, which examples it takes, and
/// its network.
public protocol ModelFamily: Sendable, Equatable {
  /// The settings written out, defaults included, but for the kind.
  var settings: [String: ConfigurationValue] { get }

  /// Whether its outputs can have this loss.
  func predicts(_ loss: Loss) -> Bool

  /// Why examples of a shape do not suit; nil when they do.
  ///
  /// - Parameter outputs: classes, numbers or tokens.
  func problem(inputShape: [Int], outputs: Int) -> ModelProblem?

  /// The network for examples of a shape; nil where `problem` is that they are no images.
  func network(inputShape: [Int], outputs: Int) -> Network?

  /// The transformer for examples of a shape; nil for other families, and for what are no images.
  func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture?

  /// What makes its network smaller.
  var smaller: String { get }

  /// The same family with other widths.
  ///
  /// - Parameter widths: of the filters and neurons that are ablation points, in the order of a
  ///   forward pass.
  /// - Returns: nil for a family that does not have them, and for widths that none of its networks has.
  func narrowed(to widths: [Int]) -> Self?
}

/// Why examples do not suit a model.
public enum ModelProblem: Sendable, Equatable {
  /// They are no images, or too small; `image` is what the run file calls them, `least` the pixels
  /// of a side.
  case images(image: ImageShape?, least: Int)
  /// Anything else, in words that follow "model kind `bert`".
  case shape(String)
}

extension ModelFamily {
  /// No settings.
  public var settings: [String: ConfigurationValue] { [:] }

  /// None.
  public func problem(inputShape: [Int], outputs: Int) -> ModelProblem? { nil }

  /// None.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? { nil }

  /// None.
  public func narrowed(to widths: [Int]) -> Self? { nil }

  /// Layers.
  public var smaller: String { "choose a model with fewer or narrower layers." }
}
