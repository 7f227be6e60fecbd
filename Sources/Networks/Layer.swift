import Factors
import Tensors

/// A part of a network: a rule from activations to activations, with its derivatives.
///
/// A layer is a value without weights; `Pass` holds the flat parameter vector, what `forward` saved,
/// and where gradients go. Activations are B × W, or B × T × W with T positions an example.
/// The rules stand in one file a layer, `backward` directly under `forward`, tangents under both
/// (Pearlmutter's R-operator: `rx` is the derivative of `x` along the pass's tangent).
public protocol Layer: Sendable {
  /// The parameters it reads, in PyTorch's order. Two layers may share one (weight tying).
  var parameters: [Parameter] { get }
  /// What can be ablated in it.
  var components: [ComponentGroup] { get }
  /// Why no tangent goes through it; nil: they do.
  var tangentRefusal: String? { get }

  /// y from x. Keeps in the pass what the other rules need. Whoever holds x alone hands it over: it
  /// may become y.
  func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor
  /// dx from dy; hands parameter gradients and factors to the pass. Nil when nobody needs dx.
  func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor?
  /// ry from rx (nil: zero), after `forward`. Nil: zero.
  func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor?
  /// dx and rdx from dy and rdy, after `forwardTangent`; hands the tangents of the parameter
  /// gradients to the pass. Nil: zero, or nobody needs it.
  func backwardTangent(_ dy: Tensor, _ rdy: Tensor?, _ pass: Pass) -> (dx: Tensor?, rdx: Tensor?)
  /// Plans the slots of the layer and those in it.
  ///
  /// - Parameter inputMatters: whether x depends on something that a gradient is taken by.
  /// - Returns: whether y does.
  func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool
  /// The layer with those in it replaced; one without layers inside is replaced itself.
  func mapped(_ replace: (any Layer) -> any Layer) -> any Layer
}

extension Layer {
  /// None.
  public var parameters: [Parameter] { [] }
  /// None.
  public var components: [ComponentGroup] { [] }
  /// Tangents go through.
  public var tangentRefusal: String? { nil }
  /// A layer without layers inside: its slot, if it has one.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    guard let slot = ownSlot else { return inputMatters || plan.selects(parameters) }
    return plan.visit(slot, parameters, inputMatters: inputMatters)
  }
}
