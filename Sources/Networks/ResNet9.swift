import Tensors

extension Network {
  /// The nine-layer residual network that is trained on CIFAR-10 in the ffcv and TRAK examples,
  /// with 64 as `width`: 2.3 million parameters.
  ///
  ///     conv(w, 3) · conv(2w, 5, stride 2) · residual(conv(2w, 3), conv(2w, 3)) · conv(4w, 3)
  ///     max pool 2 · residual(conv(4w, 3), conv(4w, 3)) · conv(2w, 3, no padding)
  ///     global max pool · linear without bias · × 0.2
  ///
  /// with conv = convolution without bias, batch norm, ReLU. Parameters are named as in that
  /// `nn.Sequential` (`0.0.weight`, `0.1.running_mean`, …, `2.module.0.0.weight`, …, `9.weight`).
  ///
  /// Channels of every convolution, all of them together and residual branches are ablation points.
  ///
  /// - Parameter channels: of the convolutions and inside the residual pairs, in order, six; nil: w,
  ///   2w, 2w, 4w, 4w, 2w.
  /// - Returns: nil when the image is smaller than 11 × 11.
  public static func resnet9(
    image: ImageShape, inputShape: [Int]? = nil, width: Int = 64, channels: [Int]? = nil,
    outputs: Int
  ) -> Network? {
    let c = channels ?? [1, 2, 2, 4, 4, 2].map { $0 * width }
    precondition(c.count == 6, "\(c)")
    var stack = ImageStack(NetworkBuilder(), image)
    stack.layers.append(ChannelsLast(shape: image))
    guard stack.convolveNormalised("0", to: c[0], kernel: 3, padding: 1),
      stack.convolveNormalised("1", to: c[1], kernel: 5, stride: 2, padding: 2),
      stack.residualPair("2.module", inner: c[2]),
      stack.convolveNormalised("3", to: c[3], kernel: 3, padding: 1),
      stack.maxPool(2),
      stack.residualPair("5.module", inner: c[4]),
      stack.convolveNormalised("6", to: c[5], kernel: 3),
      let pool = stack.builder.globalMaxPool(input: stack.shape)
    else { return nil }
    stack.layers.append(pool)
    stack.layers.append(FlattenImage(shape: pool.output))
    stack.layers.append(
      stack.builder.linear("9", inputs: c[5], outputs: outputs, bias: false))
    stack.layers.append(Scale(0.2))
    return Network(
      Sequential(stack.layers), builder: stack.builder,
      inputShape: inputShape ?? [image.channels, image.height, image.width], outputCount: outputs)
  }
}

extension ImageStack {
  /// Convolution without bias, batch norm, ReLU: `nn.Sequential` of those three.
  fileprivate mutating func convolveNormalised(
    _ name: String, to outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0
  ) -> Bool {
    guard
      convolve(
        name + ".0", to: outputs, kernel: kernel, stride: stride, padding: padding, bias: false)
    else { return false }
    batchNorm(name + ".1")
    activate(name + ".0")
    return true
  }

  /// Two 3 × 3 convolutions that keep the shape, with the identity around them.
  fileprivate mutating func residualPair(_ name: String, inner width: Int) -> Bool {
    let channels = shape.channels
    return residual(name) { inner in
      inner.convolveNormalised(name + ".0", to: width, kernel: 3, padding: 1)
        && inner.convolveNormalised(name + ".1", to: channels, kernel: 3, padding: 1)
    }
  }
}
