// Letters: k kept.

/// How many examples of each group are kept.
enum ClassQuotas {
  /// As even as the groups' sizes allow: small groups whole, all others the same number, one more
  /// for the first ones where it does not come out.
  ///
  /// - Parameters:
  ///   - kept: k, at most the sum of the sizes.
  ///   - sizes: examples of each group.
  static func even(_ kept: Int, of sizes: [Int]) -> [Int] {
    precondition(kept <= sizes.reduce(0, +), "\(kept) of \(sizes)")
    var quotas = sizes
    var (left, open) = (kept, sizes.count)
    // The smallest first: what it cannot take is shared by those after it.
    for group in sizes.indices.sorted(by: { (sizes[$0], $0) < (sizes[$1], $1) }) {
      quotas[group] = min(sizes[group], left / open)
      (left, open) = (left - quotas[group], open - 1)
    }
    return quotas
  }

  /// In proportion to the sizes, by the largest remainders.
  static func proportional(_ kept: Int, of sizes: [Int]) -> [Int] {
    let all = sizes.reduce(0, +)
    precondition(kept <= all, "\(kept) of \(sizes)")
    guard all > 0 else { return sizes }
    var quotas = sizes.map { $0 * kept / all }
    let order = sizes.indices.sorted {
      let (a, b) = (sizes[$0] * kept % all, sizes[$1] * kept % all)
      return a > b || a == b && $0 < $1
    }
    for group in order.prefix(kept - quotas.reduce(0, +)) { quotas[group] += 1 }
    return quotas
  }

  /// In proportion to weights, as far as the sizes allow: what a group cannot take the others share likewise.
  ///
  /// - Parameter weights: above 0.
  static func weighted(_ kept: Int, of sizes: [Int], by weights: [Double]) -> [Int] {
    precondition(kept <= sizes.reduce(0, +), "\(kept) of \(sizes)")
    var quotas = [Int](repeating: 0, count: sizes.count)
    var open = sizes.indices.filter { sizes[$0] > 0 }
    var left = kept
    // Groups that get less than their share are filled first; each round fills one at the least.
    while !open.isEmpty {
      let sum = open.reduce(0.0) { $0 + weights[$1] }
      let full = open.filter { Double(left) * weights[$0] / sum >= Double(sizes[$0]) }
      guard !full.isEmpty else { break }
      for group in full { quotas[group] = sizes[group] }
      left = kept - quotas.reduce(0, +)
      open.removeAll { full.contains($0) }
    }
    let sum = open.reduce(0.0) { $0 + weights[$1] }
    let shares = open.map { Double(left) * weights[$0] / sum }
    for (group, share) in zip(open, shares) { quotas[group] = Int(share) }
    let order = open.indices.sorted {
      let (a, b) = (shares[$0] - shares[$0].rounded(.down), shares[$1] - shares[$1].rounded(.down))
      return a > b || a == b && $0 < $1
    }
    for place in order.prefix(kept - quotas.reduce(0, +)) { quotas[open[place]] += 1 }
    return quotas
  }
}
