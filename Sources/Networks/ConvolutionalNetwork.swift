import Tensors

/// Puts image layers one after another and keeps the shape of what they make.
///
/// Every adding function returns false when the image has become too small for it.
struct ImageStack {
  var builder: NetworkBuilder
  var shape: ImageShape
  var layers: [any Layer] = []

  /// A stack on top of images of a shape.
  init(_ builder: NetworkBuilder, _ shape: ImageShape) {
    (self.builder, self.shape) = (builder, shape)
  }

  /// Adds a convolution.
  mutating func convolve(
    _ name: String, to outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    bias: Bool = true
  ) -> Bool {
    guard
      let layer = builder.convolution(
        name, input: shape, outputs: outputs, kernel: kernel, stride: stride, padding: padding,
        bias: bias)
    else { return false }
    layers.append(layer)
    shape = layer.output
    return true
  }

  /// Adds batch norm over the channels there are.
  mutating func batchNorm(_ name: String) {
    layers.append(builder.batchNorm(name, channels: shape.channels))
  }

  /// Adds a non-linearity, whose channels can be ablated, one by one and all.
  ///
  /// - Parameter path: of the weights that make the channels.
  mutating func activate(_ path: String, _ kind: Activation.Kind = .relu) {
    layers.append(builder.activation(kind))
    layers.append(builder.ablationPoint(.filter, of: path, units: shape.channels))
    layers.append(builder.ablationPoint(.layer, of: path, width: shape.channels))
  }

  /// Adds max pooling in windows side by side.
  mutating func maxPool(_ kernel: Int) -> Bool {
    guard let layer = builder.maxPool(input: shape, kernel: kernel) else { return false }
    layers.append(layer)
    shape = layer.output
    return true
  }

  /// Adds the layers of `body`, which can be ablated as a whole, with a way around them.
  ///
  /// - Parameter path: of the weights of the body.
  mutating func residual(
    _ path: String, _ body: (inout ImageStack) -> Bool,
    shortcut: ((inout ImageStack) -> Bool)? = nil
  ) -> Bool {
    var inner = ImageStack(builder, shape)
    guard body(&inner) else { return false }
    inner.layers.append(
      inner.builder.ablationPoint(.block, of: path, width: inner.shape.channels))
    var around = ImageStack(inner.builder, shape)
    if let shortcut, !shortcut(&around) { return false }
    precondition(inner.shape == around.shape, "\(inner.shape) and \(around.shape) side by side")
    layers.append(Residual(inner.layers, shortcut: shortcut == nil ? nil : around.layers))
    (builder, shape) = (around.builder, inner.shape)
    return true
  }
}

/// What stands between a convolution and its non-linearity.
public enum ImageNormalisation: String, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// `nn.BatchNorm2d`.
  case batch
  /// `nn.GroupNorm` with groups of 8 channels, or one group when 8 does not divide them.
  case group
}

extension Network {
  /// 3 × 3 convolutions (padding 1) with normalisation, activation and 2 × 2 max pooling each,
  /// then linear layers: named by their places in `nn.Sequential`.
  ///
  ///     (Conv2d, [BatchNorm2d | GroupNorm], activation, MaxPool2d(2)) × channels, Flatten,
  ///     (Linear, activation, [Dropout]) × hidden, Linear
  ///
  /// Channels of every convolution, hidden neurons and whole hidden layers are ablation points.
  ///
  /// - Parameters:
  ///   - image: shape of one example; its values may come in any shape of that count.
  ///   - channels: of the convolutions, in order.
  ///   - hidden: widths of the linear layers before the last.
  /// - Returns: nil when the image is too small: below 2^(number of convolutions) either way.
  public static func convolutional(
    image: ImageShape, inputShape: [Int]? = nil, channels: [Int], hidden: [Int] = [],
    outputs: Int, activation: Activation.Kind = .relu,
    normalisation: ImageNormalisation = .none, dropout: Float = 0
  ) -> Network? {
    var stack = ImageStack(NetworkBuilder(), image)
    stack.layers.append(ChannelsLast(shape: image))
    var index = 0
    func next() -> String {
      defer { index += 1 }
      return "\(index)"
    }
    for size in channels {
      let name = next()
      guard
        stack.convolve(
          name, to: size, kernel: 3, padding: 1, bias: normalisation == .none)
      else { return nil }
      switch normalisation {
      case .none: break
      case .batch: stack.batchNorm(next())
      case .group:
        stack.layers.append(
          stack.builder.groupNorm(
            next(), groups: size.isMultiple(of: 8) ? size / 8 : 1, channels: size))
      }
      stack.activate(name, activation)
      guard stack.maxPool(2) else { return nil }
      // The non-linearity and the pooling.
      index += 2
    }
    stack.layers.append(FlattenImage(shape: stack.shape))
    index += 1
    var width = stack.shape.count
    for size in hidden {
      let name = next()
      stack.layers.append(stack.builder.linear(name, inputs: width, outputs: size))
      stack.layers.append(stack.builder.activation(activation))
      stack.layers.append(stack.builder.ablationPoint(.neuron, of: name, units: size))
      stack.layers.append(stack.builder.ablationPoint(.layer, of: name, width: size))
      index += 1
      if dropout > 0 {
        stack.layers.append(stack.builder.dropout(dropout))
        index += 1
      }
      width = size
    }
    stack.layers.append(stack.builder.linear(next(), inputs: width, outputs: outputs))
    return Network(
      Sequential(stack.layers), builder: stack.builder,
      inputShape: inputShape ?? [image.channels, image.height, image.width], outputCount: outputs)
  }
}
