import Factors
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// One network of convolutions.json with what PyTorch says about it.
struct ConvolutionCase: Decodable, Sendable, CustomTestStringConvertible {
  struct NamedParameter: Decodable {
    let name: String
    let shape: [Int]
    let values: [Float]
  }
  private struct File: Decodable {
    let cases: [ConvolutionCase]
  }

  let name: String
  let parameters: [NamedParameter]
  let inputShape: [Int]
  let inputs: [Float]
  let classes: [Int32]
  let logits: [Double]
  let gradient: [Double]
  let exampleGradients: [Double]
  let direction: [Float]
  let tangent: [Double]
  let hessianVector: [Double]

  /// All networks of the file.
  static let all: [ConvolutionCase] =
    (try? Fixture.load("convolutions.json", as: File.self))?.cases ?? []

  var testDescription: String { name }
  var count: Int { inputShape[0] }
  var x: Tensor { Tensor(inputs, shape: inputShape) }
  var theta: Tensor { Tensor(parameters.flatMap(\.values), shape: [direction.count]) }
  var v: Tensor { Tensor(direction, shape: [direction.count]) }
  var targets: TargetValues { .classes(classes) }

  /// The engine's network of the same layers.
  func network() throws -> Network { try ImageNetworks.make(name, inputShape) }
}

/// The networks of tools/reference/convolutions.py, by name.
enum ImageNetworks {
  static func make(_ name: String, _ inputShape: [Int]) throws -> Network {
    let image = try #require(ImageShape(inputShape: Array(inputShape.dropFirst())))
    let made: Network? =
      switch name {
      case "cnn":
        .convolutional(image: image, channels: [3, 4], hidden: [5], outputs: 3)
      case "cnn batch":
        .convolutional(image: image, channels: [3, 4], outputs: 3, normalisation: .batch)
      case "cnn group":
        .convolutional(
          image: image, channels: [16, 3], hidden: [4], outputs: 3, normalisation: .group)
      case "resnet9": .resnet9(image: image, width: 2, outputs: 4)
      case "resnet": .resnet(image: image, blocks: 1, width: 2, outputs: 3)
      default: try layers(name, image)
      }
    return try #require(made)
  }

  /// A convolution, the layer that is looked at, a linear layer on all values.
  private static func layers(_ name: String, _ image: ImageShape) throws -> Network {
    var builder = NetworkBuilder()
    let width = name.contains("norm") || name.contains("groups") || name.contains("depth") ? 4 : 3
    let first = try made(
      builder.convolution("0", input: image, outputs: width, kernel: 3, padding: 1))
    var layers: [any Layer] = [
      builder.channelsLast(image), first,
      builder.activation(name.hasSuffix("equal values") ? .relu : .tanh),
    ]
    let input = first.output
    var output = input
    switch name {
    case "max pool": try add(builder.maxPool(input: input, kernel: 3, stride: 2, padding: 1))
    case "max pool over equal values": try add(builder.maxPool(input: input, kernel: 2))
    case "global max pool": try add(builder.globalMaxPool(input: input))
    case "average pool":
      try add(builder.averagePool(input: input, kernel: 3, stride: 2, padding: 1))
    case "global average pool": try add(builder.globalAveragePool(input: input))
    case "batch norm": layers.append(builder.batchNorm("2", channels: 4))
    case "group norm": layers.append(builder.groupNorm("2", groups: 2, channels: 4))
    case "residual":
      let inner = try made(
        builder.convolution("2.module.0", input: input, outputs: 3, kernel: 3, padding: 1))
      let activation = builder.activation(.tanh)
      let outer = try made(builder.convolution("2.module.2", input: input, outputs: 3, kernel: 1))
      layers.append(Residual([inner, activation, outer]))
    case "residual with a shortcut":
      let inner = try made(
        builder.convolution(
          "2.module.0", input: input, outputs: 4, kernel: 3, stride: 2, padding: 1))
      let activation = builder.activation(.tanh)
      let around = try made(
        builder.convolution("2.shortcut", input: input, outputs: 4, kernel: 1, stride: 2))
      layers.append(Residual([inner, activation], shortcut: [around]))
      output = inner.output
    default:
      let c = try #require(convolutions[String(name.dropFirst(5))])
      let layer = try made(
        builder.convolution(
          "2", input: input, outputs: c.outputs, kernel: c.kernel, stride: c.stride,
          padding: c.padding, dilation: c.dilation, groups: c.groups, bias: c.bias))
      layers.append(layer)
      output = layer.output
    }
    layers += [
      builder.activation(.tanh), builder.flatten(output),
      builder.linear("5", inputs: output.count, outputs: 3),
    ]
    return Network(
      Sequential(layers), builder: builder,
      inputShape: [image.channels, image.height, image.width],
      outputCount: 3)

    func made<Part>(_ part: Part?) throws -> Part { try #require(part) }
    func add(_ pool: (any PoolingLayer)?) throws {
      let pool = try #require(pool)
      layers.append(pool)
      output = pool.output
    }
  }

  /// The middle convolutions by name.
  static let convolutions:
    [String: (
      kernel: Int, stride: Int, padding: Int, dilation: Int, groups: Int, bias: Bool, outputs: Int
    )] = [
      "3x3": (3, 1, 1, 1, 1, true, 3),
      "3x3 without padding": (3, 1, 0, 1, 1, false, 3),
      "3x3 stride 2": (3, 2, 1, 1, 1, true, 3),
      "5x5 stride 2": (5, 2, 2, 1, 1, false, 3),
      "3x3 dilation 2": (3, 1, 2, 2, 1, true, 3),
      "3x3 dilation 2 stride 2": (3, 2, 1, 2, 1, true, 3),
      "3x3 padding 3": (3, 1, 3, 1, 1, true, 2),
      "2x2 stride 2": (2, 2, 0, 1, 1, true, 3),
      "2x2 stride 3 padding 1": (2, 3, 1, 1, 1, true, 3),
      "1x1": (1, 1, 0, 1, 1, true, 3),
      "1x1 stride 2": (1, 2, 0, 1, 1, false, 3),
      "1x1 groups 2": (1, 1, 0, 1, 2, true, 4),
      "3x3 groups 2": (3, 1, 1, 1, 2, true, 6),
      "3x3 depthwise": (3, 2, 1, 1, 4, false, 4),
    ]
}

/// What makes smaller images of images.
protocol PoolingLayer: Layer {
  var output: ImageShape { get }
}

extension MaxPool2D: PoolingLayer {}
extension AveragePool2D: PoolingLayer {}
