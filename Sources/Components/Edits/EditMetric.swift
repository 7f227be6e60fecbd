import Tensors

/// How well a model does on some examples: the share that is right, of classes; else the mean of f.
public struct EditMetric: Sendable {
  /// Whether f is a hard margin, above 0 where the example is right.
  public let isAccuracy: Bool

  /// - Parameter isAccuracy: whether f is a hard margin.
  public init(isAccuracy: Bool) { self.isAccuracy = isAccuracy }

  /// The metric of values of f; 0 of none.
  public func value(_ values: [Float]) -> Double {
    let n = Double(max(1, values.count))
    if isAccuracy { return Double(values.count { $0 > 0 }) / n }
    return values.reduce(0.0) { $0 + Double($1) } / n
  }

  /// The standard error of a change of accuracy of the same examples; 0 of other metrics.
  ///
  ///     √(b + c)/n                    b become wrong, c become right
  public func errorOfChange(from before: [Float], to after: [Float]) -> Double {
    guard isAccuracy, !before.isEmpty else { return 0 }
    let changed = zip(before, after).count { ($0 > 0) != ($1 > 0) }
    return Double(changed).squareRoot() / Double(before.count)
  }

  /// What people read: the accuracy, or the mean loss.
  public func shown(_ value: Double) -> Double { isAccuracy ? value : -value }
}
