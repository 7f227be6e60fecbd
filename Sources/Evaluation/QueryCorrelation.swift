// Letters: m queries, M items (subsets, or left-out examples), S seeds.
import LinearAlgebra
import Randomness
import Tensors

/// How well predictions agree with a truth that has noise: a correlation within each query, its mean,
/// what resampling makes of it, and what the noise of the truth allows.
public struct QueryCorrelation: Sendable, Codable, Equatable {
  /// What is correlated within a query.
  public enum Statistic: String, Sendable, Codable {
    /// The values.
    case pearson
    /// Their ranks, tied values sharing the mean rank.
    case spearman
  }

  /// Mean over the queries.
  public let mean: Double
  /// Half the width of the 95 % bootstrap interval, from resampling queries and items.
  public let error: Double
  /// Correlation that a perfect prediction of the expected truth could reach: √ of the reliability
  /// of the mean over seeds; nil with one seed.
  public let ceiling: Double?
  /// The correlation of every query; 0 where a side is constant.
  public let perQuery: [Double]

  /// The agreement of predictions with a truth.
  ///
  /// - Parameters:
  ///   - predictions: M values for each of m queries.
  ///   - truths: the same for each of S seeds; their mean is what is predicted.
  ///   - resamples: bootstrap resamples.
  /// - Complexity: O(m M (log M + S² + resamples)).
  public init(
    _ statistic: Statistic, predictions: [[Double]], truths: [[[Double]]], resamples: Int = 200,
    seed: UInt64 = 0
  ) {
    precondition(!truths.isEmpty, "no truth")
    let means = QueryCorrelation.mean(over: truths)
    let pairs = zip(predictions, means).map { CorrelationPairs(statistic, $0, $1) }
    perQuery = pairs.map { $0.correlation() }
    mean = Evaluation.mean(perQuery)
    error = QueryCorrelation.error(pairs, resamples: resamples, seed: seed)
    ceiling = QueryCorrelation.ceiling(statistic, truths)
  }

  /// The mean over seeds, m × M.
  private static func mean(over truths: [[[Double]]]) -> [[Double]] {
    truths[0].indices.map { query in
      truths[0][query].indices.map { item in
        truths.reduce(0.0) { $0 + $1[query][item] } / Double(truths.count)
      }
    }
  }

  /// 1.96 standard deviations of the mean under resampling of queries and of items.
  private static func error(_ pairs: [CorrelationPairs], resamples: Int, seed: UInt64) -> Double {
    guard let items = pairs.first?.count, items > 1, resamples > 1 else { return 0 }
    let found = Buffer<Double>(uninitialized: resamples)
    Workers.run(slices: resamples) { resample in
      let stream = RandomStream(seed: seed, purpose: .bootstrap, index: UInt64(resample))
      var counts = [Int](repeating: 0, count: items)
      for i in 0..<items { counts[stream.integer(below: items, at: UInt64(i))] += 1 }
      var weights = [Int](repeating: 0, count: pairs.count)
      for i in pairs.indices {
        weights[stream.integer(below: pairs.count, at: UInt64(items + i))] += 1
      }
      var sum = 0.0
      for (query, weight) in weights.enumerated() where weight > 0 {
        sum += Double(weight) * pairs[query].correlation(counts: counts)
      }
      found.base[resample] = sum / Double(pairs.count)
    }
    let values = Array(UnsafeBufferPointer(start: found.base, count: resamples))
    let center = Evaluation.mean(values)
    return 1.96 * Evaluation.mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
  }

  /// √(S r/(1 + (S − 1) r)), r the mean correlation of one seed's truth with another's.
  ///
  /// Every split of one seed against another; Spearman–Brown grows one seed's reliability to that
  /// of the mean of all. One reliability for all queries: a query's own is too noisy to take a
  /// root of.
  private static func ceiling(_ statistic: Statistic, _ truths: [[[Double]]]) -> Double? {
    let seeds = truths.count
    guard seeds > 1, let queries = truths.first?.count else { return nil }
    let values = statistic == .pearson ? truths : truths.map { $0.map { ranks(of: $0) } }
    var found: [Double] = []
    for a in 0..<seeds {
      for b in a + 1..<seeds {
        found += (0..<queries).map { LinearAlgebra.correlation(values[a][$0], values[b][$0]) }
      }
    }
    let r = Evaluation.mean(found)
    return max(0, Double(seeds) * r / (1 + Double(seeds - 1) * r)).squareRoot()
  }
}

/// The predictions and truths of one query, sorted once so that a resample costs no sorting.
private struct CorrelationPairs: Sendable {
  private let a: [Double]
  private let b: [Double]
  /// Place of each value among the different values, ascending; empty without ranks.
  private let placesA: [Int]
  private let placesB: [Int]

  var count: Int { a.count }

  init(_ statistic: QueryCorrelation.Statistic, _ a: [Double], _ b: [Double]) {
    precondition(a.count == b.count, "\(a.count) values against \(b.count)")
    (self.a, self.b) = (a, b)
    placesA = statistic == .spearman ? CorrelationPairs.places(of: a) : []
    placesB = statistic == .spearman ? CorrelationPairs.places(of: b) : []
  }

  func correlation() -> Double { correlation(counts: [Int](repeating: 1, count: a.count)) }

  /// The correlation of the sample that has item i `counts[i]` times.
  func correlation(counts: [Int]) -> Double {
    guard !placesA.isEmpty else { return weightedCorrelation(a, b, counts) }
    return weightedCorrelation(
      CorrelationPairs.ranks(placesA, counts), CorrelationPairs.ranks(placesB, counts), counts)
  }

  private static func places(of values: [Double]) -> [Int] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var places = [Int](repeating: 0, count: values.count)
    var place = 0
    for (position, index) in order.enumerated() {
      if position > 0 && values[index] != values[order[position - 1]] { place += 1 }
      places[index] = place
    }
    return places
  }

  /// Mean ranks in the resample; of items it lacks, anything.
  private static func ranks(_ places: [Int], _ counts: [Int]) -> [Double] {
    var sizes = [Int](repeating: 0, count: places.count)
    for (item, place) in places.enumerated() { sizes[place] += counts[item] }
    var before = 0
    let rankOf = sizes.map { size -> Double in
      defer { before += size }
      return Double(before) + Double(size + 1) / 2
    }
    return places.map { rankOf[$0] }
  }
}

/// Pearson's correlation with every pair taken `counts` times; 0 when either side is constant.
private func weightedCorrelation(_ a: [Double], _ b: [Double], _ counts: [Int]) -> Double {
  var (n, sumA, sumB) = (0.0, 0.0, 0.0)
  for i in a.indices {
    let w = Double(counts[i])
    n += w
    sumA += w * a[i]
    sumB += w * b[i]
  }
  let (meanA, meanB) = (sumA / max(1, n), sumB / max(1, n))
  var (ab, aa, bb) = (0.0, 0.0, 0.0)
  for i in a.indices {
    let (w, x, y) = (Double(counts[i]), a[i] - meanA, b[i] - meanB)
    ab += w * x * y
    aa += w * x * x
    bb += w * y * y
  }
  return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
}
