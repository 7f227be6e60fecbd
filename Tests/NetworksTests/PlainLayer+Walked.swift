import Networks
import Tensors

/// Layers whose plain rule is that of `PlainNetwork`: those that draw, are masked, or are one line.
extension PlainLayer {
  static let walked: [PlainLayer] =
    [dropout, ablation(to: .zero), ablation(to: .constant(Tensor([1, -2, 0.5, 3], shape: [4])))]
    + [attention(isCausal: true), attention(isCausal: false), scale]
    + [Activation.Kind.gelu, .geluTanh, .silu, .tanh].map(activation)

  private static func walk(
    _ name: String, _ shape: [Int], trains: Bool = false, ablation: [Int: AblationMask] = [:],
    _ layer: (inout NetworkBuilder) -> any Layer
  ) -> PlainLayer {
    var builder = NetworkBuilder()
    let made = layer(&builder)
    let network = Network(made, builder: builder, inputShape: shape, outputCount: 1)
    let inputs = gaussian([2] + shape, seed: 11, index: 0)
    return PlainLayer(
      description: name, network: network, x: inputs, propagates: true, trains: trains,
      ablation: ablation
    ) { x, theta in
      PlainNetwork(network, inputs, draws: trains ? draws : nil, ablation: ablation)
        .outputs(theta, x)
    }
  }

  private static let dropout = walk("dropout in training", [3, 4], trains: true) {
    $0.dropout(0.4)
  }

  /// Two units of two values; one row loses a unit, the other half of one.
  private static func ablation(to value: AblationValue) -> PlainLayer {
    let mask = AblationMask(mask: Tensor([1, 0, 0.5, 1], shape: [2, 2]), value: value)
    var name = "ablation to zero"
    if case .constant = value { name = "ablation to values" }
    return walk(name, [3, 4], ablation: [0: mask]) {
      $0.ablationPoint(.neuron, of: "p", units: 2, unitWidth: 2)
    }
  }

  /// Two heads on one of keys and values, a quarter of the weights left out.
  private static func attention(isCausal: Bool) -> PlainLayer {
    walk("attention\(isCausal ? ", causal," : "") in training", [4, 12], trains: true) {
      $0.attention(heads: 2, keyHeads: 1, headWidth: 3, isCausal: isCausal, dropout: 0.25)
    }
  }

  private static let scale = walk("scale", [3, 4]) { _ in Scale(0.125) }

  private static func activation(_ kind: Activation.Kind) -> PlainLayer {
    walk("\(kind)", [3, 4]) { $0.activation(kind) }
  }
}
