// Letters: n training examples, m queries, k top examples.
import LinearAlgebra
import Randomness
import Tensors

/// How far two score matrices of the same queries and training examples say the same.
public struct ScoreAgreement: Sendable, Codable, Equatable {
  /// Spearman's correlation within a query over all training examples, the mean over queries.
  public let spearman: Double
  /// Share of the k most helpful examples of one that are among those of the other, mean over queries.
  public let topOverlap: Double
  /// Share of the k most helpful and k most harmful examples of the first whose sign is another in the
  /// second, mean over queries.
  public let signFlips: Double
  /// k.
  public let top: Int
  /// Spearman's correlation of every query.
  public let perQuery: [Double]

  /// The agreement of two score matrices.
  ///
  /// - Parameters:
  ///   - first: m × n, positive = helped.
  ///   - second: the same of something else.
  ///   - top: k, fewer where there are fewer examples.
  /// - Complexity: O(m n log n).
  public init(_ first: Matrix<Float>, _ second: Matrix<Float>, top: Int = 10) {
    precondition(
      first.rows == second.rows && first.columns == second.columns, "scores of other examples")
    let k = min(top, first.columns)
    let found = Workers.map(slices: first.rows) { query -> [Double] in
      let (a, b) = (first.doubles(query), second.doubles(query))
      let (orderA, orderB) = (ScoreAgreement.order(a), ScoreAgreement.order(b))
      let shared = Set(orderA.prefix(k)).intersection(orderB.prefix(k)).count
      let ends = Set(orderA.prefix(k)).union(orderA.suffix(k))
      let flips = ends.count { a[$0] * b[$0] < 0 }
      return [
        rankCorrelation(a, b), Double(shared) / Double(max(1, k)),
        Double(flips) / Double(max(1, ends.count)),
      ]
    }
    self.top = k
    perQuery = found.map { $0[0] }
    spearman = mean(perQuery)
    topOverlap = mean(found.map { $0[1] })
    signFlips = mean(found.map { $0[2] })
  }

  /// Spearman's correlation within a query between every two of several score matrices, the mean over
  /// queries: each row is ranked once.
  ///
  /// - Parameter all: M matrices of m × n.
  /// - Returns: M × M, symmetric; 1 on the diagonal unless all scores of a method are equal.
  /// - Complexity: O(m (M n log n + M² n)); M n numbers for each worker.
  public static func spearman(between all: [Matrix<Float>]) -> [[Double]] {
    let queries = all.first?.rows ?? 0
    precondition(
      all.allSatisfy { $0.rows == queries && $0.columns == all[0].columns },
      "scores of other examples")
    let found = Workers.map(slices: queries) { query -> [Double] in
      let ranked = all.map { ranks(of: $0.doubles(query)) }
      var values: [Double] = []
      for i in ranked.indices {
        for j in 0...i { values.append(correlation(ranked[i], ranked[j])) }
      }
      return values
    }
    return all.indices.map { i in
      all.indices.map { j in
        let (row, column) = (max(i, j), min(i, j))
        let place = row * (row + 1) / 2 + column
        return mean(found.map { $0[place] })
      }
    }
  }

  /// Rows by falling score; equal ones in their order.
  static func order(_ values: [Double]) -> [Int] {
    values.indices.sorted { (values[$1], $0) < (values[$0], $1) }
  }

  /// Models that must be averaged for two such averages to correlate by `wanted`.
  ///
  /// Each model of the two as these agree, by Spearman–Brown; nil where they do not agree at all.
  public func models(for wanted: Double = 0.9) -> Int? {
    guard spearman > 0.001 else { return nil }
    if spearman >= 1 { return 1 }
    let exact = wanted * (1 - spearman) / (spearman * (1 - wanted))
    return max(1, Int(exact.rounded(.up)))
  }
}

/// Pairs of query and training example whose scores two independent runs agree on beyond chance.
///
///     s = min(|a|, |b|) where a and b have one sign, else 0,   a, b in standard deviations of the query
///
/// against the same statistic with the second run's training examples in random order, at a false
/// discovery rate by Benjamini and Hochberg. Of two runs that know nothing of each other it finds
/// something in as many of 100 cases as the rate is in per cent, at the most.
public struct AgreedExamples: Sendable, Codable, Equatable {
  /// A pair that both runs agree on.
  public struct Pair: Sendable, Codable, Equatable {
    /// Row of the query.
    public let query: Int
    /// Row of the training example.
    public let example: Int
    /// The smaller of the two scores in standard deviations, with their sign.
    public let strength: Double
  }

  /// The false discovery rate.
  public let rate: Double
  /// The pairs, strongest first.
  public let pairs: [Pair]

  /// Permutations of each query's training examples.
  private static let permutations = 40

  /// The pairs of two score matrices, m × n each.
  ///
  /// - Complexity: O(40 m n) and a sort of it.
  public init(
    _ first: Matrix<Float>, _ second: Matrix<Float>, rate: Double = 0.05, seed: UInt64 = 0
  ) {
    precondition(
      first.rows == second.rows && first.columns == second.columns, "scores of other examples")
    self.rate = rate
    let n = first.columns
    // What chance gives, of all queries together, as the strongest of many.
    let made = Workers.map(slices: first.rows) { query -> (own: [Double], chance: [Float]) in
      let (a, b) = (first.standardised(query), second.standardised(query))
      let own = zip(a, b).map { AgreedExamples.strength($0, $1) }
      var chance: [Float] = []
      for permutation in 0..<AgreedExamples.permutations {
        let order = RandomStream(
          seed: seed, purpose: .bootstrap,
          index: 3 << 32 | UInt64(query * AgreedExamples.permutations + permutation)
        ).permutation(of: n)
        for i in 0..<n {
          let value = abs(AgreedExamples.strength(a[i], b[order[i]]))
          if value > 1 { chance.append(Float(value)) }
        }
      }
      return (own, chance)
    }
    let chance = made.flatMap(\.chance).sorted(by: >)
    let total = Double(first.rows * n)
    var candidates: [Pair] = []
    for (query, found) in made.enumerated() {
      for (example, value) in found.own.enumerated() where abs(value) > 1 {
        candidates.append(Pair(query: query, example: example, strength: value))
      }
    }
    candidates.sort {
      (abs($1.strength), $0.query, $0.example) < (abs($0.strength), $1.query, $1.example)
    }
    // p of the i-th strongest by what chance gave above it; the last one within the rate.
    var (above, kept) = (0, 0)
    for (place, pair) in candidates.enumerated() {
      while above < chance.count, Double(chance[above]) >= abs(pair.strength) { above += 1 }
      let p = Double(above + 1) / (Double(AgreedExamples.permutations) * total + 1)
      if p <= rate * Double(place + 1) / total { kept = place + 1 }
    }
    pairs = Array(candidates.prefix(kept))
  }

  private static func strength(_ a: Double, _ b: Double) -> Double {
    a * b > 0 ? (a > 0 ? min(a, b) : max(a, b)) : 0
  }
}

extension Matrix where Scalar == Float {
  fileprivate func doubles(_ row: Int) -> [Double] { self.row(row).map { Double($0) } }

  /// A row less its mean, in standard deviations; 0 of a constant.
  fileprivate func standardised(_ row: Int) -> [Double] {
    let values = doubles(row)
    let center = mean(values)
    let spread =
      (values.reduce(0.0) { $0 + ($1 - center) * ($1 - center) } / Double(max(1, values.count)))
      .squareRoot()
    return values.map { spread > 0 ? ($0 - center) / spread : 0 }
  }
}
