// Letters: m queries, M subsets.

/// How many units of f one unit of a score is worth, query by query.
///
///     slope_x = ρ_x · sd(y_x)/sd(p_x),   ρ_x = ρ̄ + λ (r_x − ρ̄),   λ = t²/(t² + (1 − ρ̄²)/(M − 2))
///
/// p = Σ_{i∈S} τ and y = f over the subsets, r_x their correlation, ρ̄ the mean of r over the queries
/// and t² its variance beyond what M subsets make of chance. A query alone says little about its
/// correlation; its spreads are known well.
///
/// - Source: James–Stein shrinkage toward the mean; here.
public struct SharedSlope: Sendable, Codable, Equatable {
  /// ρ̄.
  public let meanCorrelation: Double
  /// λ, from 0 (all queries alike) to 1 (each for itself).
  public let ownShare: Double

  /// Fits the shares of queries.
  ///
  /// - Parameters:
  ///   - predicted: M values of Σ_{i∈S} τ for each query.
  ///   - observed: M values of f for each query.
  init(predicted: [[Double]], observed: [[Double]]) {
    let r = zip(predicted, observed).map { correlation($0, $1) }
    let center = mean(r)
    meanCorrelation = center
    let chance = (1 - center * center) / Double(max(1, (observed.first?.count ?? 0) - 2))
    let total = mean(r.map { ($0 - center) * ($0 - center) })
    let own = max(0, total - chance)
    ownShare = own > 0 ? own / (own + chance) : 0
  }

  /// The slope of one query; 0 when its predictions are all alike.
  func slope(predicted: [Double], observed: [Double]) -> Double {
    let (p, y) = (spread(predicted), spread(observed))
    guard p > 0 else { return 0 }
    let r = correlation(predicted, observed)
    return (meanCorrelation + ownShare * (r - meanCorrelation)) * y / p
  }
}

/// Standard deviation, 0 of nothing.
func spread(_ values: [Double]) -> Double {
  let center = mean(values)
  return mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
}
