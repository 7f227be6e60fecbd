/// Orders and subsets of 0 ..< n, from positions 0 ..< n of the stream.
extension RandomStream {
  /// A random order of 0 ..< n (Fisher–Yates).
  public func permutation(of n: Int) -> [Int] { sample(n, of: n) }

  /// k of 0 ..< n without replacement, in random order: the first k of `permutation(of: n)`.
  ///
  /// - Complexity: O(n) memory, O(n + k) time.
  public func sample(_ k: Int, of n: Int) -> [Int] {
    precondition(k >= 0 && k <= n, "\(k) of \(n) without replacement")
    let words = words(count: 2 * k)
    var items = Array(0..<n)
    for i in 0..<k {
      let word = UInt64(words[2 * i]) | UInt64(words[2 * i + 1]) << 32
      items.swapAt(i, i + Int(word.multipliedFullWidth(by: UInt64(n - i)).high))
    }
    return Array(items.prefix(k))
  }
}
