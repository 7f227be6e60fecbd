// Letters: U units.
import Factors
import Networks
import Tensors

/// The constant that stands before the ReLU of every unit, and what makes it.
///
///     pre-activation = W (what comes in) + b        b of layers, of batch norms β − γμ/√(σ² + ε) + their
///                                                   layer's bias scaled; both ways of a residual sum
struct UnitBiases {
  /// b of each unit, by point; the points whose units are channels or neurons behind a ReLU.
  private(set) var values: [Int: [Double]] = [:]

  init(_ network: Network, _ parameters: Tensor) {
    visit([network.root], parameters)
  }

  private mutating func visit(_ layers: [any Layer], _ theta: Tensor) {
    for (index, layer) in layers.enumerated() {
      switch layer {
      case let sequence as Sequential: visit(sequence.layers, theta)
      case let residual as Residual:
        visit(residual.body.layers, theta)
        visit(residual.shortcut?.layers ?? [], theta)
      case let block as Block: visit(block.body.layers, theta)
      case let point as AblationPoint:
        for group in point.components where group.kind == .neuron || group.kind == .filter {
          values[group.point] = UnitBiases.behind(Array(layers[..<index]), group.units, theta)
        }
      default: break
      }
    }
  }

  /// b before the ReLU that ends some layers; nil where there is none, or what is before it is not affine.
  private static func behind(_ layers: [any Layer], _ units: Int, _ theta: Tensor) -> [Double]? {
    var rest = layers
    while rest.last is AblationPoint { rest.removeLast() }
    guard let activation = rest.popLast() as? Activation, activation.kind == .relu else {
      return nil
    }
    return constant(rest, units, theta)
  }

  /// What is constant in the outputs of some layers, up to what comes out of a ReLU or goes around.
  private static func constant(
    _ layers: [any Layer], _ units: Int, _ theta: Tensor
  ) -> [Double]? {
    var (slopes, total) = (
      [Double](repeating: 1, count: units), [Double](repeating: 0, count: units)
    )
    func add(_ values: [Double]) -> [Double] { zip(total, values).map { $0 + $1 } }
    for layer in layers.reversed() {
      switch layer {
      case is AblationPoint, is Dropout: continue
      case let norm as BatchNorm2D:
        func value(_ parameter: Parameter, _ c: Int) -> Double {
          Double(theta[parameter.offset + c])
        }
        for c in 0..<units {
          let slope =
            value(norm.weight, c)
            / (value(norm.runningVariance, c) + Double(norm.epsilon)).squareRoot()
          total[c] += slopes[c] * (value(norm.bias, c) - value(norm.runningMean, c) * slope)
          slopes[c] *= slope
        }
      case let linear as Linear:
        guard let bias = linear.bias else { return total }
        return add((0..<units).map { slopes[$0] * Double(theta[bias.offset + $0]) })
      case let convolution as Convolution2D:
        guard let bias = convolution.bias else { return total }
        return add((0..<units).map { slopes[$0] * Double(theta[bias.offset + $0]) })
      case let residual as Residual:
        // A body that ends behind a ReLU has said its biases there.
        let ways = [residual.body] + (residual.shortcut.map { [$0] } ?? [])
        for way in ways {
          if behind(way.layers, units, theta) != nil { continue }
          guard let own = constant(way.layers, units, theta) else { return nil }
          total = add(own.enumerated().map { slopes[$0] * $1 })
        }
        return total
      case is Activation: return total
      default: return nil
      }
    }
    return total
  }
}
