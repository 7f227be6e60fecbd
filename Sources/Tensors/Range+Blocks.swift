extension Range where Bound == Int {
  /// The range cut at the multiples of `size`: the same blocks wherever it begins, so that work that
  /// is resumed goes on with those it would have had.
  ///
  /// - Precondition: no index below 0; `size` at least 1.
  public func blocks(of size: Int) -> [Range<Int>] {
    precondition(lowerBound >= 0 && size > 0, "\(self) in blocks of \(size)")
    var blocks: [Range<Int>] = []
    var start = lowerBound
    while start < upperBound {
      let end = start + Swift.min(upperBound - start, size - start % size)
      blocks.append(start..<end)
      start = end
    }
    return blocks
  }
}
