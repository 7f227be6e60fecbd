// Letters: I inputs, O outputs, G groups of a convolution.
import Networks

/// A layer y = W x + b by its outputs and inputs: neurons, or channels of a convolution.
enum AffineLayer {
  case linear(Linear)
  case convolution(Convolution2D)
  case lowRank(LowRankLinear)

  /// Nil for a layer of another kind.
  init?(_ layer: any Layer) {
    switch layer {
    case let layer as Linear: self = .linear(layer)
    case let layer as Convolution2D: self = .convolution(layer)
    case let layer as LowRankLinear: self = .lowRank(layer)
    default: return nil
    }
  }

  /// O.
  var outputs: Int {
    switch self {
    case .linear(let layer): layer.weight.shape[layer.isTransposed ? 1 : 0]
    case .convolution(let layer): layer.weight.shape[0]
    case .lowRank(let layer): AffineLayer.linear(layer.base).outputs
    }
  }

  /// I.
  var inputs: Int {
    switch self {
    case .linear(let layer): layer.weight.shape[layer.isTransposed ? 0 : 1]
    case .convolution(let layer): layer.weight.shape[1] * layer.groups
    case .lowRank(let layer): AffineLayer.linear(layer.base).inputs
    }
  }

  /// What makes some outputs: weights and biases; of an adapted layer W, b and B.
  func making(_ range: Range<Int>) -> [ParameterPart] {
    switch self {
    case .linear(let layer):
      [
        layer.isTransposed
          ? ParameterPart(layer.weight, columns: range) : ParameterPart(layer.weight, rows: range)
      ] + (layer.bias.map { [ParameterPart($0, rows: range)] } ?? [])
    case .convolution(let layer):
      [ParameterPart(layer.weight, rows: range)]
        + (layer.bias.map { [ParameterPart($0, rows: range)] } ?? [])
    case .lowRank(let layer):
      AffineLayer.linear(layer.base).making(range) + AffineLayer.linear(layer.up).making(range)
    }
  }

  /// The weights that read some inputs; of an adapted layer those of W and A.
  func reading(_ range: Range<Int>) -> [ParameterPart] {
    switch self {
    case .linear(let layer):
      return [
        layer.isTransposed
          ? ParameterPart(layer.weight, rows: range) : ParameterPart(layer.weight, columns: range)
      ]
    case .convolution(let layer):
      let (inner, outer) = (layer.weight.shape[1], layer.weight.shape[0] / layer.groups)
      let area = layer.weight.shape.dropFirst(2).reduce(1, *)
      return range.map { channel in
        let (group, own) = channel.quotientAndRemainder(dividingBy: inner)
        return ParameterPart(
          layer.weight, rows: group * outer..<(group + 1) * outer,
          columns: own * area..<(own + 1) * area)
      }
    case .lowRank(let layer):
      return AffineLayer.linear(layer.base).reading(range)
        + AffineLayer.linear(layer.down).reading(range)
    }
  }

  /// All parameters, adapters included.
  var whole: [ParameterPart] {
    switch self {
    case .linear(let layer): layer.parameters.map { ParameterPart($0) }
    case .convolution(let layer): layer.parameters.map { ParameterPart($0) }
    case .lowRank(let layer): layer.parameters.map { ParameterPart($0) }
    }
  }
}
