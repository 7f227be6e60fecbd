// Letters: m queries, M subsets.
import LinearAlgebra

/// How many units of f one unit of a score is worth, query by query.
///
///     slope_x = ρ_x · sd(y_x)/sd(p_x),   ρ_x = ρ̄ + λ (r_x − ρ̄),   λ = t²/(t² + (1 − ρ̄²)²/(M − 1))
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
    let chance = SharedSlope.chance(center, count: observed.first?.count ?? 0)
    let total = mean(r.map { ($0 - center) * ($0 - center) })
    let own = max(0, total - chance)
    ownShare = own > 0 ? own / (own + chance) : 0
  }

  /// The slope of one query; 0 when its predictions are all alike.
  func slope(predicted: [Double], observed: [Double]) -> Double {
    estimate(predicted: predicted, observed: observed, commonError: 0).slope
  }

  /// The slope of one query with its standard error.
  ///
  ///     se² = (sd(y)/sd(p))² (λ (1 − ρ²)²/(M − 1) + ρ² (1 − ρ²)/(M − 1) + se(ρ̄)²)
  ///
  /// The first part is what is left to doubt of the correlation (its own chance times λ, or its
  /// distance from the mean), the second that of the spreads' ratio; with λ = 1 their sum is the
  /// error of ordinary least squares.
  func estimate(
    predicted: [Double], observed: [Double], commonError: Double
  ) -> (slope: Double, error: Double) {
    let (p, y) = (spread(predicted), spread(observed))
    guard p > 0 else { return (0, 0) }
    let r = correlation(predicted, observed)
    let rho = meanCorrelation + ownShare * (r - meanCorrelation)
    let count = observed.count
    let ratio = rho * rho * (1 - rho * rho) / Double(max(1, count - 1))
    let own = ownShare * SharedSlope.chance(rho, count: count)
    let doubt = (own + ratio + commonError * commonError).squareRoot()
    return (rho * y / p, doubt * y / p)
  }

  /// The variance of the correlation of M pairs about the true one.
  private static func chance(_ rho: Double, count: Int) -> Double {
    let rest = 1 - rho * rho
    return rest * rest / Double(max(1, count - 1))
  }
}

/// Standard deviation, 0 of nothing.
func spread(_ values: [Double]) -> Double {
  let center = mean(values)
  return mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
}
