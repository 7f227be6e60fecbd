// Letters: T positions, O outputs, I inputs of a layer, k features, s entries of a coordinate.
import Factors

extension ProjectorKind {
  /// A layer as the cost of a projection sees it.
  public struct LayerSize: Sendable, Equatable {
    /// O.
    public let outputs: Int
    /// I, 1 more when there is a bias.
    public let inputs: Int
    /// T.
    public let positions: Int

    /// A layer of O × I coordinates that are sums over T positions.
    public init(outputs: Int, inputs: Int, positions: Int) {
      (self.outputs, self.inputs, self.positions) = (outputs, inputs, positions)
    }

    var shape: LayerShape { LayerShape(name: "", outputs: outputs, inputs: inputs) }
  }

  /// Flops of projecting one example's gradient, by the formulas of METHODS.md section 3.
  ///
  /// - Parameters:
  ///   - k: features.
  ///   - layers: the gradient, layer by layer.
  /// - Returns: nil for a k below the number of layers where each needs a feature of its own, and
  ///   for `landmarks`, whose cost is that of a kernel.
  public func flops(of k: Int, layers: [LayerSize]) -> Double? {
    let p = layers.reduce(0.0) { $0 + Double($1.outputs) * Double($1.inputs) }
    let written = layers.reduce(0.0) {
      $0 + 2 * Double($1.positions) * Double($1.outputs) * Double($1.inputs)
    }
    let positions = layers.map { Double($0.positions) }.max() ?? 1
    switch self {
    case .landmarks: return nil
    case .identity: return written
    case .rademacher, .gaussian: return written + 2 * p * Double(k)
    case .sjlt: return 2 * p * (4 + positions)
    case .mask: return 2 * positions * Double(k)
    case .kronecker, .factoredSJLT:
      guard k >= max(1, layers.count) else { return nil }
      let shares = LayerPlan.shares(of: k, layers: layers.map(\.shape))
      return zip(layers, shares).reduce(0) {
        $0 + (self == .kronecker ? $1.0.kronecker(share: $1.1) : $1.0.factored(share: $1.1))
      }
    }
  }
}

extension ProjectorKind.LayerSize {
  /// 2T(I·k_in + O·k_out + k_in·k_out); a side that is kept whole costs nothing.
  fileprivate func kronecker(share: Int) -> Double {
    let sides = LayerPlan.sides(share: share, layer: shape)
    let (left, right) = (Double(sides.outputs), Double(sides.inputs))
    return 2 * Double(positions)
      * ((sides.inputs < inputs ? Double(inputs) * right : 0)
        + (sides.outputs < outputs ? Double(outputs) * left : 0) + left * right)
  }

  /// 2(T(I·s + O·s) + k′(T + s)), k′ the product of the small sides.
  fileprivate func factored(share: Int) -> Double {
    let sides = LayerPlan.sides(share: FactoredSJLTProjector.blowUp * share, layer: shape)
    let entries = Double(FactoredSJLTProjector.defaultNonzeros)
    let (t, product) = (Double(positions), Double(sides.outputs * sides.inputs))
    return 2
      * (t * entries
        * ((sides.inputs < inputs ? Double(inputs) : 0)
          + (sides.outputs < outputs ? Double(outputs) : 0)) + product * (t + entries))
  }
}
