// Letters: M observations.
import LinearAlgebra

/// Spearman's rank correlation: Pearson's of the ranks, tied values sharing their mean rank.
///
/// - Parameters:
///   - a: M values without NaN.
///   - b: M values without NaN.
/// - Returns: −1…1; 0 when either side is constant, which says nothing about the other.
public func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "\(a.count) values against \(b.count)")
  return correlation(ranks(of: a), ranks(of: b))
}

/// Ranks from 1; tied values share their mean rank.
func ranks(of values: [Double]) -> [Double] {
  let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start
    while end < order.count && values[order[end]] == values[order[start]] { end += 1 }
    for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
    start = end
  }
  return ranks
}
