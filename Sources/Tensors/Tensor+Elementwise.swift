/// Element-wise functions and arithmetic, over the workers in slices of `elementGrain` elements.
///
/// Same bits for any number of workers. Errors: `VectorMath`.
extension Tensor {
  /// Elements a slice; what is smaller runs on the caller's thread.
  static let elementGrain = 1 << 15

  /// eˣ of each element.
  public func exponential() -> Tensor { mapped(VectorMath.exp) }

  /// ln x of each element.
  public func logarithm() -> Tensor { mapped(VectorMath.log) }

  /// tanh x of each element.
  public func hyperbolicTangent() -> Tensor { mapped(VectorMath.tanh) }

  /// erf x of each element.
  public func errorFunction() -> Tensor { mapped(VectorMath.erf) }

  /// x Φ(x) of each element.
  public func gelu() -> Tensor { mapped(VectorMath.gelu) }

  /// max(x, 0) of each element.
  public func relu() -> Tensor { mapped(VectorMath.relu) }

  /// α x.
  public func scaled(by alpha: Float) -> Tensor {
    mapped { x, y, count in VectorMath.scale(alpha, x, into: y, count: count) }
  }

  /// Element-wise sum of two tensors of one shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.combined(b, VectorMath.add) }

  /// Element-wise difference of two tensors of one shape.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.combined(b, VectorMath.subtract) }

  /// Element-wise product of two tensors of one shape.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.combined(b, VectorMath.multiply) }

  /// self ← self + α x, for an x of the same shape.
  public mutating func add(scaled x: Tensor, by alpha: Float) {
    requireSameShape(x)
    let source = x.storage
    let target = writableStorage()
    Workers.run(over: count, grain: Tensor.elementGrain) { range in
      let start = range.lowerBound
      VectorMath.axpy(alpha, source.base + start, onto: target.base + start, count: range.count)
    }
  }

  private func mapped(
    _ function:
      @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let source = storage
    let target = result.storage
    Workers.run(over: count, grain: Tensor.elementGrain) { range in
      function(source.base + range.lowerBound, target.base + range.lowerBound, range.count)
    }
    return result
  }

  private func combined(
    _ other: Tensor,
    _ function:
      @Sendable (
        UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int
      ) -> Void
  ) -> Tensor {
    requireSameShape(other)
    let result = Tensor(uninitialized: shape)
    let (a, b, c) = (storage, other.storage, result.storage)
    Workers.run(over: count, grain: Tensor.elementGrain) { range in
      let i = range.lowerBound
      function(a.base + i, b.base + i, c.base + i, range.count)
    }
    return result
  }

  func requireSameShape(_ other: Tensor) {
    precondition(shape == other.shape, "shape \(shape) with shape \(other.shape)")
  }
}
