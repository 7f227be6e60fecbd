/// The mean of differences between pairs, with a 95 % interval by Student's t.
public struct PairedMean: Sendable, Codable, Equatable {
  /// The mean.
  public let value: Double
  /// Half the width of the 95 % interval; nil of fewer than two differences.
  public let error: Double?

  /// The mean of independent differences; 0 of none.
  public init(_ differences: [Double]) {
    value = mean(differences)
    let n = differences.count
    guard n > 1 else {
      error = nil
      return
    }
    let center = value
    let squares = differences.reduce(0.0) { $0 + ($1 - center) * ($1 - center) }
    let quantile = StudentQuantile.both(.ninetyFive, degrees: n - 1)
    error = quantile * (squares / Double(n - 1) / Double(n)).squareRoot()
  }
}
