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
}
