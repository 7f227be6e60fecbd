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
    guard let pool = stack.builder.globalAveragePool(input: stack.shape) else { return nil }
    stack.layers.append(pool)
    stack.layers.append(FlattenImage(shape: pool.output))
    stack.layers.append(stack.builder.linear("fc", inputs: stack.shape.channels, outputs: outputs))
    return Network(
      Sequential(stack.layers), builder: stack.builder,
      inputShape: inputShape ?? [image.channels, image.height, image.width], outputCount: outputs)
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
    func around(_ inner: inout ImageStack) -> Bool {
      guard
        inner.convolve(
          name + ".downsample.0", to: channels, kernel: 1, stride: stride, bias: false)
      else { return false }
      inner.batchNorm(name + ".downsample.1")
      return true
    }
    guard residual(name, body, shortcut: changesShape ? around : nil) else { return false }
    activate(name)
    return true
  }
}
