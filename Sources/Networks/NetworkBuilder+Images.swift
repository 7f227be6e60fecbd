import Factors

/// Layers over images. Each is made for the shape of its input; `output` says what it makes.
extension NetworkBuilder {
  /// Images as data has them, B × C × H × W, to B × H × W × C: the first layer of image networks.
  public func channelsLast(_ input: ImageShape) -> ChannelsLast { ChannelsLast(shape: input) }

  /// Images to rows in PyTorch's order, B × (C·H·W).
  public func flatten(_ input: ImageShape) -> FlattenImage { FlattenImage(shape: input) }

  /// A 2-D convolution with parameters of its own; nil when no window fits.
  ///
  /// - Parameters:
  ///   - name: the module's path; its parameters are `name.weight` and `name.bias`.
  ///   - groups: divides the channels in and out.
  ///   - initial: how the weight begins, with a bias at 0; nil: both as in PyTorch.
  public mutating func convolution(
    _ name: String, input: ImageShape, outputs: Int, kernel: Int, stride: Int = 1,
    padding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    initial: InitialValues? = nil
  ) -> Convolution2D? {
    guard
      let geometry = WindowGeometry(
        input: input, kernel: (kernel, kernel), stride: stride, padding: padding,
        dilation: dilation)
    else { return nil }
    precondition(
      groups > 0 && input.channels.isMultiple(of: groups) && outputs.isMultiple(of: groups),
      "\(groups) groups of \(input.channels) and \(outputs) channels")
    let inner = input.channels / groups
    let fanIn = inner * geometry.area
    let weight = parameter(
      name: name + ".weight", shape: [outputs, inner, kernel, kernel],
      initial: initial ?? .uniform(fanIn: fanIn))
    let offsets: InitialValues = initial == nil ? .uniform(fanIn: fanIn) : .constant(0)
    let offset = bias ? parameter(name: name + ".bias", shape: [outputs], initial: offsets) : nil
    return Convolution2D(
      weight: weight, bias: offset, geometry: geometry, groups: groups, slot: slot())
  }

  /// Max pooling, by default in windows side by side; nil when no window fits.
  public mutating func maxPool(
    input: ImageShape, kernel: Int, stride: Int? = nil, padding: Int = 0
  ) -> MaxPool2D? {
    precondition(2 * padding <= kernel, "padding \(padding) of kernel \(kernel)")
    return WindowGeometry(
      input: input, kernel: (kernel, kernel), stride: stride ?? kernel, padding: padding
    ).map { MaxPool2D(geometry: $0, slot: slot()) }
  }

  /// Average pooling, by default in windows side by side; nil when no window fits.
  public func averagePool(
    input: ImageShape, kernel: Int, stride: Int? = nil, padding: Int = 0
  ) -> AveragePool2D? {
    WindowGeometry(
      input: input, kernel: (kernel, kernel), stride: stride ?? kernel, padding: padding
    ).map { AveragePool2D(geometry: $0) }
  }

  /// The largest of all pixels, channel by channel: `nn.AdaptiveMaxPool2d(1)`.
  public mutating func globalMaxPool(input: ImageShape) -> MaxPool2D? {
    WindowGeometry(input: input, kernel: (input.height, input.width)).map {
      MaxPool2D(geometry: $0, slot: slot())
    }
  }

  /// The mean of all pixels, channel by channel: `nn.AdaptiveAvgPool2d(1)`.
  public func globalAveragePool(input: ImageShape) -> AveragePool2D? {
    WindowGeometry(input: input, kernel: (input.height, input.width)).map {
      AveragePool2D(geometry: $0)
    }
  }

  /// Batch normalisation; `name.weight`, `.bias`, `.running_mean` and `.running_var`.
  public mutating func batchNorm(
    _ name: String, channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1
  ) -> BatchNorm2D {
    return BatchNorm2D(
      weight: parameter(name: name + ".weight", shape: [channels], initial: .constant(1)),
      bias: parameter(name: name + ".bias", shape: [channels], initial: .constant(0)),
      runningMean: buffer(name: name + ".running_mean", size: channels, value: 0),
      runningVariance: buffer(
        name: name + ".running_var", size: channels, value: 1),
      epsilon: epsilon, momentum: momentum, slot: slot())
  }

  /// Group normalisation; `name.weight` and `.bias`.
  ///
  /// `groups` divides the channels.
  public mutating func groupNorm(
    _ name: String, groups: Int, channels: Int, epsilon: Float = 1e-5
  ) -> GroupNorm {
    precondition(groups > 0 && channels.isMultiple(of: groups), "\(groups) of \(channels)")
    return GroupNorm(
      weight: parameter(name: name + ".weight", shape: [channels], initial: .constant(1)),
      bias: parameter(name: name + ".bias", shape: [channels], initial: .constant(0)),
      groups: groups,
      epsilon: epsilon, slot: slot())
  }
}

extension MaxPool2D {
  /// The images it makes.
  public var output: ImageShape { geometry.output(channels: geometry.input.channels) }
}

extension AveragePool2D {
  /// The images it makes.
  public var output: ImageShape { geometry.output(channels: geometry.input.channels) }
}

extension WindowGeometry {
  /// One pixel a window.
  func output(channels: Int) -> ImageShape {
    ImageShape(channels: channels, height: outputHeight, width: outputWidth)
  }
}
