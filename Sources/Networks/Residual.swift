import Factors
import Tensors

/// y = f(x) + s(x), with the identity as shortcut s unless it has layers of its own.
public struct Residual: Layer {
  /// f.
  public let body: Sequential
  /// s; nil: the identity.
  public let shortcut: Sequential?

  /// A way through a body and one around it.
  public init(_ body: [any Layer], shortcut: [any Layer]? = nil) {
    self.body = Sequential(body)
    self.shortcut = shortcut.map { Sequential($0) }
  }

  /// Those of the body, then those of the shortcut.
  public var parameters: [Parameter] {
    Sequential([body] + (shortcut.map { [$0] } ?? [])).parameters
  }

  /// Those of the body, then those of the shortcut.
  public var components: [ComponentGroup] { body.components + (shortcut?.components ?? []) }

  /// Plans both ways; their sum matters when one of them does.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    let through = body.plan(&plan, inputMatters: inputMatters)
    let around = shortcut?.plan(&plan, inputMatters: inputMatters) ?? inputMatters
    return through || around
  }

  /// y = f(x) + s(x).
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    body.forward(x, pass) + (shortcut?.forward(x, pass) ?? x)
  }

  /// dx = f′ᵀ dy + s′ᵀ dy; nil when nobody needs it.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let through = body.backward(dy, pass)
    let around = shortcut.map { $0.backward(dy, pass) } ?? dy
    guard var through, let around else { return nil }
    through.add(scaled: around, by: 1)
    return through
  }

  /// ry = R f(x) + R s(x).
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    sum(
      body.forwardTangent(rx, pass), shortcut.map { $0.forwardTangent(rx, pass) } ?? rx)
  }

  /// dx and rdx of both ways, added.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let through = body.backwardTangent(dy, rdy, pass)
    let around = shortcut.map { $0.backwardTangent(dy, rdy, pass) } ?? (dx: dy, rdx: rdy)
    guard through.dx != nil, around.dx != nil else { return (nil, nil) }
    return (sum(through.dx, around.dx), sum(through.rdx, around.rdx))
  }
}

/// a + b where nil is zero.
func sum(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
  guard let a, let b else { return a ?? b }
  return a + b
}
