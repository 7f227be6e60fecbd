import Factors
import Tensors

/// Layers one after another: PyTorch's `nn.Sequential`.
public struct Sequential: Layer {
  /// The layers in forward order.
  public let layers: [any Layer]
  private let ownSlots: [Int?]

  /// Layers in forward order.
  public init(_ layers: [any Layer]) {
    self.layers = layers
    ownSlots = layers.map(\.ownSlot)
  }

  /// Its layers' parameters, each once.
  public var parameters: [Parameter] {
    var seen = Set<Int>()
    return layers.flatMap(\.parameters).filter { seen.insert($0.offset).inserted }
  }

  /// Its layers' components.
  public var components: [ComponentGroup] { layers.flatMap(\.components) }

  /// Plans the layers in forward order.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    layers.reduce(inputMatters) { $1.plan(&plan, inputMatters: $0) }
  }

  /// y of the last layer.
  public func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor {
    for layer in layers { x = layer.forward(consume x, pass) }
    return x
  }

  /// From the last layer to the first, until nobody needs the gradient.
  public func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    for (layer, slot) in zip(layers, ownSlots).reversed() {
      guard pass.reaches(slot), let dx = layer.backward(consume dy, pass) else { return nil }
      dy = dx
    }
    return dy
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
