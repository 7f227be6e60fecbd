import Factors
import Foundation
import Networks
import Tensors

/// A network in plain fp64 loops, walked over the engine's own tree of layers: each rule as its
/// formula says.
///
/// Draws of dropout, masks of ablation and the order of pixels are asked of the engine's layers.
/// Kinks (ReLU, the largest of a window) stay on the side where the first evaluation found them, so
/// that differences are those of the piece that the engine differentiates.
final class PlainNetwork {
  let network: Network
  let inputs: Tensor
  let draws: DropoutDraws?
  let ablation: [Int: AblationMask]
  /// What the last evaluation made of the running statistics, by offset.
  private(set) var statistics: [Int: [Double]] = [:]
  var theta: [Double] = []
  private(set) var lengths: [Int]?
  /// A kink's choices in the order of the layers.
  private var choices: [[Int]] = []
  private var kink = 0
  /// Windows of convolutions and pools once they are listed.
  var knownWindows: [WindowGeometry: [[(element: Int, pixel: Int)]]] = [:]

  var batch: Int { inputs.shape[0] }

  init(
    _ network: Network, _ inputs: Tensor, draws: DropoutDraws? = nil,
    ablation: [Int: AblationMask] = [:]
  ) {
    (self.network, self.inputs, self.draws, self.ablation) = (network, inputs, draws, ablation)
  }

  /// z at the given parameters.
  func outputs(_ theta: [Double]) -> [Double] {
    outputs(theta, inputs.elements.map { Double($0) })
  }

  /// z at the given parameters and inputs.
  func outputs(_ theta: [Double], _ x: [Double]) -> [Double] {
    (self.theta, kink, statistics) = (theta, 0, [:])
    var z = apply(network.root, PlainValue(x, inputs.shape)).x
    // What a sequence's padding predicts is 0.
    guard let lengths, network.outputShape.count == 2 else { return z }
    let (places, width) = (network.outputShape[0], network.outputShape[1])
    for i in z.indices where i / width % places >= lengths[i / width / places] { z[i] = 0 }
    return z
  }

  /// The engine's own layer on a tensor, as the pass draws.
  func engine(_ layer: any Layer, _ x: Tensor) -> [Double] {
    let pass = network.pass(
      Tensor(repeating: 1, shape: [network.parameterCount]), batch: batch, for: .outputs,
      dropout: draws, ablation: ablation)
    pass.lengths = lengths
    return layer.forward(x, pass).elements.map { Double($0) }
  }

  /// The choices of the next kink: those of the first evaluation.
  func chosen(_ make: () -> [Int]) -> [Int] {
    defer { kink += 1 }
    if kink == choices.count { choices.append(make()) }
    return choices[kink]
  }

  func flat(_ parameter: Parameter) -> [Double] { Array(theta[parameter.range]) }

  func apply(_ layer: any Layer, _ v: PlainValue) -> PlainValue {
    switch layer {
    case let layer as Sequential: layer.layers.reduce(v) { apply($1, $0) }
    case let layer as Block: apply(layer.body, v)
    case let layer as Residual:
      apply(layer.body, v).added(layer.shortcut.map { apply($0, v) } ?? v)
    case let layer as Concatenation: PlainValue(joining: layer.layers.map { apply($0, v) })
    case let layer as Linear: linear(layer, v)
    case let layer as LowRankLinear:
      linear(layer.base, v).added(
        linear(layer.up, linear(layer.down, v)).mapped { $0 * Double(layer.scale) })
    case let layer as Convolution2D: convolution(layer, v)
    case let layer as PatchEmbedding: patches(layer, v)
    case let layer as Embedding: embedding(layer, v)
    case let layer as BatchNorm2D: batchNorm(layer, v)
    case let layer as GroupNorm: groupNorm(layer, v)
    case let layer as LayerNorm: layerNorm(layer, v)
    case let layer as Activation: activation(layer, v)
    case let layer as GatedProduct: gated(layer, v)
    case let layer as Attention: attention(layer, v)
    case let layer as Rotary: rotary(layer, v)
    case let layer as MaxPool2D: largest(layer, v)
    case let layer as AveragePool2D: mean(layer, v)
    case let layer as MeanPool: meanPool(layer, v)
    case let layer as FirstPosition: firstPosition(layer, v)
    case let layer as Scale: v.mapped { $0 * Double(layer.factor) }
    case let layer as Dropout: v.times(engine(layer, Tensor(repeating: 1, shape: v.shape)))
    case is AblationPoint, is ColumnPoint:
      // y = mask ∘ x + shift.
      v.ablated(
        by: engine(layer, Tensor(repeating: 1, shape: v.shape)),
        shift: engine(layer, Tensor(repeating: 0, shape: v.shape)))
    case is ChannelsLast, is FlattenImage, is Flatten, is HeadOrder: reordered(layer, v)
    default: preconditionFailure("no plain rule for \(type(of: layer))")
    }
  }

  func remember(lengths: [Int]?) { self.lengths = lengths }

  func remember(_ statistic: Parameter, _ values: [Double]) {
    statistics[statistic.offset] = values
  }

  private func reordered(_ layer: any Layer, _ v: PlainValue) -> PlainValue {
    let places = Tensor((0..<v.x.count).map { Float($0) }, shape: v.shape)
    let pass = network.pass(
      Tensor(repeating: 0, shape: [network.parameterCount]), batch: batch, for: .outputs)
    let y = layer.forward(places, pass)
    return PlainValue(y.elements.map { v.x[Int($0)] }, y.shape)
  }
}

/// An activation in fp64.
struct PlainValue {
  var x: [Double]
  var shape: [Int]

  init(_ x: [Double], _ shape: [Int]) { (self.x, self.shape) = (x, shape) }

  /// Side by side along the last dimension.
  init(joining parts: [PlainValue]) {
    shape = parts[0].shape.dropLast() + [parts.reduce(0) { $0 + $1.width }]
    x = []
    for row in 0..<parts[0].rows {
      for part in parts { x += part.x[row * part.width..<(row + 1) * part.width] }
    }
  }

  var width: Int { shape.last ?? 1 }
  var rows: Int { width == 0 ? 0 : x.count / width }
  /// Positions of an example.
  var places: Int { shape.dropFirst().dropLast().reduce(1, *) }

  func mapped(_ f: (Double) -> Double) -> PlainValue { PlainValue(x.map(f), shape) }

  func added(_ other: PlainValue) -> PlainValue { PlainValue(zip(x, other.x).map(+), shape) }

  func times(_ factors: [Double]) -> PlainValue { PlainValue(zip(x, factors).map(*), shape) }

  /// (a − b) ∘ x + b, for what a mask makes of ones and of zeros.
  func ablated(by ones: [Double], shift: [Double]) -> PlainValue {
    PlainValue(x.indices.map { (ones[$0] - shift[$0]) * x[$0] + shift[$0] }, shape)
  }
}
