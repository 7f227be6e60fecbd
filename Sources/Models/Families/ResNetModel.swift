import Configuration
import Networks

/// The residual networks of the CIFAR experiments, and those of ImageNet by their depth; for classes or
/// numbers of images.
///
/// ```yaml
/// model: {kind: resnet, blocks: 3, width: 16}
/// model: {kind: resnet, depth: 18}                                                 # 18, 34, 50: torchvision's
/// model: {kind: resnet, depth: 18, stem: cifar}                                    # 3 × 3, no pooling
/// model: {kind: resnet, blocks: 1, stages: [30, 61, 120], inner: [28, 70, 97]}     # one that was cut
/// ```
public struct ResNetModel: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Which network of ImageNet; nil: one of CIFAR, which the other settings are of.
  public var depth: ResNetDepth?
  /// What comes before its stages; nil: ImageNet's, unless weights that are imported say otherwise.
  public var stem: ResNetStem?
  /// Pairs of convolutions in each stage.
  public var blocks: Int
  /// Channels of the first layer; the others are multiples.
  public var width: Int
  /// Channels between blocks in each of the three stages; nil: width, 2 × and 4 × width.
  public var stages: [Int]?
  /// Channels in each block between its two convolutions; nil: as its stage.
  public var inner: [Int]?

  /// A model by its parts.
  public init(
    blocks: Int = 3, width: Int = 16, image: ImageShape? = nil, stages: [Int]? = nil,
    inner: [Int]? = nil
  ) {
    (self.blocks, self.width, self.image) = (blocks, width, image)
    (self.stages, self.inner) = (stages, inner)
  }

  /// A network of ImageNet.
  public init(_ depth: ResNetDepth, stem: ResNetStem? = nil, image: ImageShape? = nil) {
    self.init(image: image)
    (self.depth, self.stem) = (depth, stem)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    image = try ImageShape(ifPresentIn: map)
    if let number = try map.int(ifPresent: "depth", in: 1...1_000) {
      guard let depth = ResNetDepth(rawValue: number) else {
        throw .outOfRange(map.place("depth"), value: "\(number)", allowed: "18, 34 or 50")
      }
      try map.checkKeys(known: ["kind", "depth", "stem", "image"])
      stem = try map.choice(ifPresent: "stem", of: ResNetStem.self)
      (self.depth, blocks, width) = (depth, 3, 16)
      return
    }
    blocks = try map.int("blocks", in: 1...1_000, default: 3)
    width = try map.int("width", in: 1...16_384, default: 16)
    stages = try map.ints(ifPresent: "stages", in: 1...65_536, count: 3)
    inner = try map.ints(ifPresent: "inner", in: 1...65_536, count: 3 * blocks)
    try map.checkKeys(known: ["kind", "depth", "blocks", "width", "stages", "inner", "image"])
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = imageSettings
    if let depth {
      values["depth"] = .int(depth.rawValue)
      // Runs from before there was a choice have no `stem`, and stay what they are.
      if stem == .cifar { values["stem"] = .string(ResNetStem.cifar.rawValue) }
      return values
    }
    (values["blocks"], values["width"]) = (.int(blocks), .int(width))
    values["stages"] = stages.map { .list($0.map { .int($0) }) }
    values["inner"] = inner.map { .list($0.map { .int($0) }) }
    return values
  }

  /// Other widths: of the first layer, then of each block inside and behind it; nil for a network of
  /// ImageNet.
  public func narrowed(to widths: [Int]) -> ResNetModel? {
    guard depth == nil, widths.count == 1 + 6 * blocks else { return nil }
    let behind = stride(from: 2, to: widths.count, by: 2).map { widths[$0] }
    // The first layer and the blocks of a stage share their channels.
    let stages = (0..<3).map { behind[$0 * blocks] }
    let isEven = behind.indices.allSatisfy { behind[$0] == stages[$0 / blocks] }
    guard isEven, widths[0] == stages[0] else { return nil }
    var copy = self
    copy.stages = stages
    copy.inner = stride(from: 1, to: widths.count, by: 2).map { widths[$0] }
    return copy
  }

  /// The same with the stem that weights have, where the run file leaves it open.
  ///
  /// - Parameter tensors: the shapes of the weights by their names, whatever stands before `conv1`.
  /// - Returns: nil where nothing changes.
  func fitted(to tensors: [String: [Int]]) -> ResNetModel? {
    let side = ResNetStem.cifar.kernel
    let stems = tensors.filter { name, shape in
      (name == "conv1.weight" || name.hasSuffix(".conv1.weight")) && !name.contains("layer")
        && shape.count == 4 && shape.suffix(2) == [side, side]
    }
    guard depth != nil, stem == nil, stems.count == 1 else { return nil }
    var copy = self
    copy.stem = .cifar
    return copy
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The least number of pixels of a side.
  public var leastSide: Int { 1 }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    if let depth {
      return .resnet(
        depth, stem: stem ?? .imagenet, image: image, inputShape: inputShape, outputs: outputs)
    }
    return .resnet(
      image: image, inputShape: inputShape, blocks: blocks, width: width, stages: stages,
      inner: inner, outputs: outputs)
  }
}
