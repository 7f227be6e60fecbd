import Configuration
import Networks

/// The settings of image networks in the `model` of a run file.
///
/// ```yaml
/// model: {kind: cnn, channels: [16, 32], hidden: [64], normalisation: batch}
/// model: {kind: resnet9, width: 64}
/// model: {kind: resnet, blocks: 3, width: 16}
/// model: {kind: cnn, channels: [8], image: [1, 8, 8]}      # examples that come as rows
/// ```
public struct ImageModelConfiguration: Sendable, Equatable {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Channels of the convolutions of a `cnn`.
  public var channels: [Int]
  /// What follows each convolution of a `cnn`.
  public var normalisation: ImageNormalisation
  /// Channels of the first layer of a `resnet9` or `resnet`; the others are multiples.
  public var width: Int
  /// Pairs of convolutions in each stage of a `resnet`.
  public var blocks: Int

  /// Settings by their values.
  public init(
    image: ImageShape? = nil, channels: [Int] = [], normalisation: ImageNormalisation = .none,
    width: Int = 64, blocks: Int = 3
  ) {
    (self.image, self.channels, self.normalisation) = (image, channels, normalisation)
    (self.width, self.blocks) = (width, blocks)
  }

  /// The keys of a kind beside `kind` and those of `mlp`.
  static func keys(of kind: ModelConfiguration.Kind) -> [String] {
    switch kind {
    case .cnn: ["channels", "normalisation", "image"]
    case .resnet9: ["width", "image"]
    case .resnet: ["blocks", "width", "image"]
    case .vit: ["image"]
    default: []
    }
  }

  /// Reads the settings of a kind.
  init(
    from map: ConfigurationMap, kind: ModelConfiguration.Kind
  ) throws(ConfigurationError) {
    self.init(width: kind == .resnet ? 16 : 64)
    if map.has("image") {
      let sizes = try map.ints("image", in: 1...65_536)
      guard sizes.count == 3 else {
        throw .outOfRange(
          map.place("image"), value: "\(sizes)", allowed: "three numbers: channels, height, width")
      }
      image = ImageShape(channels: sizes[0], height: sizes[1], width: sizes[2])
    }
    switch kind {
    case .cnn:
      channels = try map.ints("channels", in: 1...65_536)
      normalisation = try map.choice("normalisation", default: .none)
    case .resnet9: width = try map.int("width", in: 1...16_384, default: width)
    case .resnet:
      blocks = try map.int("blocks", in: 1...1_000, default: blocks)
      width = try map.int("width", in: 1...16_384, default: width)
    default: break
    }
  }

  /// The settings written out, defaults included.
  func values(of kind: ModelConfiguration.Kind) -> [String: ConfigurationValue] {
    let all: [String: ConfigurationValue?] = [
      "image": image.map { .list([.int($0.channels), .int($0.height), .int($0.width)]) },
      "channels": .list(channels.map { .int($0) }),
      "normalisation": .string(normalisation.rawValue), "width": .int(width),
      "blocks": .int(blocks),
    ]
    let keys = ImageModelConfiguration.keys(of: kind)
    return all.compactMapValues { $0 }.filter { keys.contains($0.key) }
  }
}

extension ModelConfiguration.Kind {
  /// Whether it reads images.
  public var readsImages: Bool { !ImageModelConfiguration.keys(of: self).isEmpty }
}

extension ModelConfiguration {
  /// The image network of the kind; nil when examples of this shape are not images, or too small.
  func imageNetwork(inputShape: [Int], outputs: Int) -> Network? {
    guard let shape = images.image ?? ImageShape(inputShape: inputShape),
      shape.count == inputShape.reduce(1, *)
    else { return nil }
    switch kind {
    case .cnn:
      return .convolutional(
        image: shape, inputShape: inputShape, channels: images.channels, hidden: hidden,
        outputs: outputs, activation: activation, normalisation: images.normalisation,
        dropout: Float(dropout))
    case .resnet9:
      return .resnet9(image: shape, inputShape: inputShape, width: images.width, outputs: outputs)
    case .resnet:
      return .resnet(
        image: shape, inputShape: inputShape, blocks: images.blocks, width: images.width,
        outputs: outputs)
    case .vit:
      return transformer?.architecture(
        kind, inputShape: inputShape, image: shape, outputs: outputs
      ).network(inputShape: inputShape)
    default: return nil
    }
  }

  /// Refuses examples that the model cannot read.
  ///
  /// - Throws: `ModelError.imageInputs` with the shape and what the model needs.
  public func requireInputs(_ inputShape: [Int], outputs: Int) throws(ModelError) {
    guard kind.readsImages, imageNetwork(inputShape: inputShape, outputs: outputs) == nil else {
      return
    }
    let least =
      switch kind {
      case .cnn: 1 << min(20, images.channels.count)
      case .resnet9: 11
      case .vit: transformer?.patch ?? 1
      default: 1
      }
    throw .imageInputs(
      kind: kind.rawValue, shape: inputShape,
      image: images.image.map { [$0.channels, $0.height, $0.width] }, least: least)
  }
}
