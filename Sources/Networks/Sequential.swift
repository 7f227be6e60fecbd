import Factors
import Tensors

/// Layers one after another: PyTorch's `nn.Sequential`.
package struct Sequential: Layer {
  /// The layers in forward order.
  package let layers: [any Layer]
  private let ownSlots: [Int?]
  /// Layers that a pass for outputs takes together, by the first.
  private let pooled: [Int: PooledConvolution]

  /// Layers in forward order.
  package init(_ layers: [any Layer]) {
    self.layers = layers
    ownSlots = layers.map(\.ownSlot)
    pooled = Dictionary(
      uniqueKeysWithValues: layers.indices.compactMap { index in
        PooledConvolution(layers[index...]).map { (index, $0) }
      })
  }

  /// Its layers' parameters, each once.
  package var parameters: [Parameter] {
    var seen = Set<Int>()
    return layers.flatMap(\.parameters).filter { seen.insert($0.offset).inserted }
  }

  /// Its layers' components.
  package var components: [ComponentGroup] { layers.flatMap(\.components) }

  /// Plans the layers in forward order.
  package func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    layers.reduce(inputMatters) { $1.plan(&plan, inputMatters: $0) }
  }

  /// y of the last layer.
  package func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor {
    var next = 0
    while next < layers.count {
      if let together = pooled[next], let y = together.forward(x, pass) {
        x = y
        next += together.layers
      } else {
        x = layers[next].forward(consume x, pass)
        next += 1
      }
    }
    return x
  }

  /// From the last layer to the first, until nobody needs the gradient.
  package func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    for (layer, slot) in zip(layers, ownSlots).reversed() {
      guard pass.reaches(slot), let dx = layer.backward(consume dy, pass) else { return nil }
      dy = dx
    }
    return dy
  }

  /// Tangents in forward order.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    layers.reduce(rx) { $1.forwardTangent($0, pass) }
  }

  /// Gradients and their tangents from the last layer to the first.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    var gradient = dy
    var tangent = rdy
    for (layer, slot) in zip(layers, ownSlots).reversed() {
      guard pass.reaches(slot) else { return (nil, nil) }
      let (dx, rdx) = layer.backwardTangent(gradient, tangent, pass)
      guard let dx else { return (nil, nil) }
      gradient = dx
      tangent = rdx
    }
    return (gradient, tangent)
  }
}
