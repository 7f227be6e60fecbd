/// Reductions in a fixed order: slices of `elementGrain` elements by absolute index, each reduced
/// as `VectorMath` says, then added in order. Same bits for any number of workers.
extension Tensor {
  /// Σ x, in double.
  public func sum() -> Double {
    let x = storage
    return reduced { range in
      VectorMath.doubleSum(x.base + range.lowerBound, count: range.count)
    }
  }

  /// Σ x y over two tensors of one shape, in double.
  public func dot(_ other: Tensor) -> Double {
    requireSameShape(other)
    let (x, y) = (storage, other.storage)
    return reduced { range in
      VectorMath.doubleDot(
        x.base + range.lowerBound, y.base + range.lowerBound, count: range.count)
    }
  }

  /// Σ x², in double.
  public func squaredNorm() -> Double { dot(self) }

  /// The flat position of the first infinite or NaN element, nil when all are finite.
  public var firstNonFinite: Int? { VectorMath.firstNonFinite(storage.base, count: count) }

  /// Whether any element is infinite or NaN.
  public var containsNonFinite: Bool { firstNonFinite != nil }

  private func reduced(_ part: @Sendable (Range<Int>) -> Double) -> Double {
    let grain = Tensor.elementGrain
    if count <= grain { return part(0..<count) }
    let parts = Buffer<Double>(uninitialized: (count + grain - 1) / grain)
    Workers.run(over: count, grain: grain) { range in
      parts.base[range.lowerBound / grain] = part(range)
    }
    return VectorMath.doubleSum(parts.base, count: parts.count)
  }
}
