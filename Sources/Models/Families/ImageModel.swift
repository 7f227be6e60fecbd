import Configuration
import Networks

/// What families of images have in common: examples that are images, or rows that a run file calls so.
///
/// ```yaml
/// model: {kind: cnn, channels: [8], image: [1, 8, 8]}      # examples that come as rows
/// ```
public protocol ImageModel: ModelFamily {
  /// Channels × height × width of an example; nil: the data's own shape.
  var image: ImageShape? { get }
  /// The least number of pixels of a side.
  var leastSide: Int { get }
  /// The network; nil for images that are too small.
  func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network?
}

extension ImageModel {
  /// The image network; nil when examples of this shape are not images, or too small.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    guard let shape = image ?? ImageShape(inputShape: inputShape),
      shape.count == inputShape.reduce(1, *)
    else { return nil }
    return network(image: shape, inputShape: inputShape, outputs: outputs)
  }

  /// What are no images, or too small.
  public func problem(inputShape: [Int], outputs: Int) -> ModelProblem? {
    network(inputShape: inputShape, outputs: outputs) == nil
      ? .images(image: image, least: leastSide) : nil
  }

  /// The setting `image` written out.
  var imageSettings: [String: ConfigurationValue] {
    guard let image else { return [:] }
    return ["image": .list([.int(image.channels), .int(image.height), .int(image.width)])]
  }
}

extension ImageShape {
  /// Reads `image: [channels, height, width]`, if it is there.
  init?(ifPresentIn map: ConfigurationMap) throws(ConfigurationError) {
    guard map.has("image") else { return nil }
    let sizes = try map.ints("image", in: 1...65_536)
    guard sizes.count == 3 else {
      throw .outOfRange(
        map.place("image"), value: "\(sizes)", allowed: "three numbers: channels, height, width")
    }
    self.init(channels: sizes[0], height: sizes[1], width: sizes[2])
  }
}
