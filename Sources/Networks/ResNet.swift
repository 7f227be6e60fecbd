import Tensors

extension Network {
  /// The residual networks of the CIFAR experiments: three stages of `blocks` pairs of 3 × 3
  /// convolutions, w, 2w and 4w channels wide; 6·blocks + 2 layers deep (blocks 3: ResNet-20).
  ///
  /// Parameters are named as in torchvision (`conv1.weight`, `bn1.…`, `layer1.0.conv1.weight`,
  /// `layer2.0.downsample.0.weight`, …, `fc.weight`).
  ///
  /// Channels behind every ReLU, all of them together and residual branches are ablation points; those
  /// behind a block, under the block's path, have what goes around it in them.
  ///
  /// - Source: He et al. 2015 section 4.2, width 16; where the size changes, a 1 × 1 convolution
  ///   with batch norm stands around the block (their option B).
  ///
  /// - Parameters:
  ///   - stages: channels of each of the three stages; nil: w, 2w and 4w.
  ///   - inner: channels of each block between its convolutions, 3 · blocks; nil: as its stage.
  /// - Returns: nil when the image has no pixel.
  public static func resnet(
    image: ImageShape, inputShape: [Int]? = nil, blocks: Int = 3, width: Int = 16,
    stages: [Int]? = nil, inner: [Int]? = nil, outputs: Int
  ) -> Network? {
    precondition(blocks > 0 && width > 0, "\(blocks) blocks of width \(width)")
    let stages = stages ?? [width, 2 * width, 4 * width]
    let inner = inner ?? stages.flatMap { Array(repeating: $0, count: blocks) }
    precondition(stages.count == 3 && inner.count == 3 * blocks, "\(stages), \(inner)")
    var stack = ImageStack(NetworkBuilder(), image)
    stack.layers.append(ChannelsLast(shape: image))
    guard stack.convolve("conv1", to: stages[0], kernel: 3, padding: 1, bias: false) else {
      return nil
    }
    stack.batchNorm("bn1")
    stack.activate("conv1")
    for stage in 0..<3 {
      for block in 0..<blocks {
        let name = "layer\(stage + 1).\(block)"
        guard
          stack.basicBlock(
            name, inner: inner[stage * blocks + block], to: stages[stage],
            changesShape: stage > 0 && block == 0)
        else { return nil }
      }
    }
    return stack.classified(image: image, inputShape: inputShape, outputs: outputs)
  }

  /// The residual networks of ImageNet: a 7 × 7 convolution and pooling, then four stages of 64, 128,
  /// 256 and 512 channels, four times as many behind each block of the deep ones.
  ///
  /// Parameters have the names and shapes of torchvision's `resnet18`, `resnet34` and `resnet50`,
  /// which are timm's. Ablation points are as those of the networks for CIFAR.
  ///
  /// - Parameters:
  ///   - depth: which of them.
  ///   - stem: what comes before the stages.
  /// - Source: He et al. 2015 (arXiv:1512.03385), table 1; of the bottlenecks the 3 × 3 convolution has
  ///   the stride, as in torchvision.
  /// - Returns: nil when the image has no pixel.
  public static func resnet(
    _ depth: ResNetDepth, stem: ResNetStem = .imagenet, image: ImageShape,
    inputShape: [Int]? = nil, outputs: Int
  ) -> Network? {
    var stack = ImageStack(NetworkBuilder(), image)
    stack.layers.append(ChannelsLast(shape: image))
    guard
      stack.convolve(
        "conv1", to: 64, kernel: stem.kernel, stride: stem == .cifar ? 1 : 2,
        padding: stem.kernel / 2, bias: false)
    else { return nil }
    stack.batchNorm("bn1")
    stack.activate("conv1")
    if stem == .imagenet {
      guard let pool = stack.builder.maxPool(input: stack.shape, kernel: 3, stride: 2, padding: 1)
      else { return nil }
      stack.layers.append(pool)
      stack.shape = pool.output
    }
    for (stage, blocks) in depth.blocks.enumerated() {
      for block in 0..<blocks {
        let (name, width) = ("layer\(stage + 1).\(block)", 64 << stage)
        let stride = stage > 0 && block == 0 ? 2 : 1
        let isThere =
          depth.hasBottlenecks
          ? stack.bottleneck(name, width: width, stride: stride, changesShape: block == 0)
          : stack.basicBlock(name, inner: width, to: width, changesShape: stride == 2)
        guard isThere else { return nil }
      }
    }
    return stack.classified(image: image, inputShape: inputShape, outputs: outputs)
  }
}

/// What comes before the stages of a residual network of ImageNet.
public enum ResNetStem: String, Sendable, CaseIterable {
  /// A 7 × 7 convolution of stride 2, and max pooling of stride 2.
  case imagenet
  /// A 3 × 3 convolution of stride 1 and no pooling, as such networks are taken for images of 32 × 32.
  case cifar

  /// The side of `conv1`'s windows.
  public var kernel: Int { self == .cifar ? 3 : 7 }
}

/// Which of the residual networks of ImageNet.
public enum ResNetDepth: Int, Sendable, CaseIterable {
  /// ResNet-18.
  case layers18 = 18
  /// ResNet-34.
  case layers34 = 34
  /// ResNet-50.
  case layers50 = 50

  /// Blocks of each stage.
  var blocks: [Int] { self == .layers18 ? [2, 2, 2, 2] : [3, 4, 6, 3] }
  /// Whether blocks are three convolutions, of which the outer are 1 × 1.
  var hasBottlenecks: Bool { self == .layers50 }
}

extension ImageStack {
  /// The mean of all pixels and a linear layer behind the stack, as a network.
  fileprivate mutating func classified(
    image: ImageShape, inputShape: [Int]?, outputs: Int
  ) -> Network? {
    guard let pool = builder.globalAveragePool(input: shape) else { return nil }
    layers.append(pool)
    layers.append(FlattenImage(shape: pool.output))
    layers.append(builder.linear("fc", inputs: shape.channels, outputs: outputs))
    return Network(
      Sequential(layers), builder: builder,
      inputShape: inputShape ?? [image.channels, image.height, image.width], outputCount: outputs)
  }

  /// A 1 × 1 convolution to the width, a 3 × 3 one, a 1 × 1 one to four times the width, each with
  /// batch norm; what goes around them added, then ReLU.
  fileprivate mutating func bottleneck(
    _ name: String, width: Int, stride: Int, changesShape: Bool
  ) -> Bool {
    func body(_ inner: inout ImageStack) -> Bool {
      guard inner.convolve(name + ".conv1", to: width, kernel: 1, bias: false) else { return false }
      inner.batchNorm(name + ".bn1")
      inner.activate(name + ".conv1")
      guard
        inner.convolve(
          name + ".conv2", to: width, kernel: 3, stride: stride, padding: 1, bias: false)
      else { return false }
      inner.batchNorm(name + ".bn2")
      inner.activate(name + ".conv2")
      guard inner.convolve(name + ".conv3", to: 4 * width, kernel: 1, bias: false) else {
        return false
      }
      inner.batchNorm(name + ".bn3")
      return true
    }
    let around = ImageStack.projection(name, to: 4 * width, stride: stride)
    guard residual(name, body, shortcut: changesShape ? around : nil) else { return false }
    activate(name)
    return true
  }

  /// A 1 × 1 convolution with batch norm around a block.
  private static func projection(
    _ name: String, to channels: Int, stride: Int
  ) -> (inout ImageStack) -> Bool {
    { inner in
      guard
        inner.convolve(
          name + ".downsample.0", to: channels, kernel: 1, stride: stride, bias: false)
      else { return false }
      inner.batchNorm(name + ".downsample.1")
      return true
    }
  }
}

extension ImageStack {
  /// Two 3 × 3 convolutions with batch norm, what goes around them added, then ReLU.
  fileprivate mutating func basicBlock(
    _ name: String, inner width: Int, to channels: Int, changesShape: Bool
  ) -> Bool {
    let stride = changesShape ? 2 : 1
    func body(_ inner: inout ImageStack) -> Bool {
      guard
        inner.convolve(
          name + ".conv1", to: width, kernel: 3, stride: stride, padding: 1, bias: false)
      else { return false }
      inner.batchNorm(name + ".bn1")
      inner.activate(name + ".conv1")
      guard inner.convolve(name + ".conv2", to: channels, kernel: 3, padding: 1, bias: false)
      else { return false }
      inner.batchNorm(name + ".bn2")
      return true
    }
    let around = ImageStack.projection(name, to: channels, stride: stride)
    guard residual(name, body, shortcut: changesShape ? around : nil) else { return false }
    activate(name)
    return true
  }
}
