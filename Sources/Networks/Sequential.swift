import Factors
import Tensors

/// Layers one after another: PyTorch's `nn.Sequential`.
public struct Sequential: Layer {
  /// The layers in forward order.
  public let layers: [any Layer]

  /// Layers in forward order.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// Its layers' parameters, each once.
  public var parameters: [Parameter] {
    var seen = Set<Int>()
    return layers.flatMap(\.parameters).filter { seen.insert($0.offset).inserted }
  }

  /// Its layers' components.
  public var components: [ComponentGroup] { layers.flatMap(\.components) }

  /// y of the last layer; what `backward` will not reach is not kept.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    guard pass.selection != nil && !pass.keepsAll else {
      return layers.reduce(x) { $1.forward($0, pass) }
    }
    let isNeeded = pass.needsInputGradient
    defer { pass.needsInputGradient = isNeeded }
    return layers.reduce(x) { x, layer in
      let kept = pass.keptSlots
      let y = layer.forward(x, pass)
      if pass.selects(layer.parameters) { pass.needsInputGradient = true }
      if !pass.needsInputGradient { pass.forget(allBut: kept) }
      return y
    }
  }

  /// From the last layer to the first, until nobody needs the gradient.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    var gradient = dy
    guard pass.selection != nil else {
      for layer in layers.reversed() {
        guard let dx = layer.backward(gradient, pass) else { return nil }
        gradient = dx
      }
      return gradient
    }
    let isNeeded = pass.needsInputGradient
    defer { pass.needsInputGradient = isNeeded }
    let selected = layers.map { pass.selects($0.parameters) }
    for (index, layer) in layers.enumerated().reversed() {
      pass.needsInputGradient = isNeeded || selected[..<index].contains(true)
      guard selected[index] || pass.needsInputGradient,
        let dx = layer.backward(gradient, pass)
      else { return nil }
      gradient = dx
    }
    return gradient
  }

  /// Tangents in forward order.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    layers.reduce(rx) { $1.forwardTangent($0, pass) }
  }

  /// Gradients and their tangents from the last layer to the first.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    var gradient = dy
    var tangent = rdy
    for layer in layers.reversed() {
      let (dx, rdx) = layer.backwardTangent(gradient, tangent, pass)
      guard let dx else { return (nil, nil) }
      gradient = dx
      tangent = rdx
    }
    return (gradient, tangent)
  }
}
