import Tensors

/// Inputs without a value, NaN until they get the mean of their column.
extension RawExamples {
  /// The mean of each column over the examples that have a value, in fp64.
  ///
  /// - Throws: `DatasetError.emptyColumn`.
  func columnMeans() throws(DatasetError) -> [Double] {
    let width = inputs.rowLength
    var (sums, counts) = ([Double](repeating: 0, count: width), [Int](repeating: 0, count: width))
    forEachInput { place, x in
      guard !x.isNaN else { return }
      sums[place % width] += x
      counts[place % width] += 1
    }
    if let empty = counts.firstIndex(of: 0) { throw .emptyColumn(file: file, column: empty) }
    return zip(sums, counts).map { $0 / Double($1) }
  }

  /// Puts a column's number wherever it has none.
  mutating func fillHoles(with numbers: [Double]) {
    let width = inputs.rowLength
    var exact = exactInputs
    var holes: [Int] = []
    forEachInput { place, x in if x.isNaN { holes.append(place) } }
    guard !holes.isEmpty else { return }
    let target = inputs.writableStorage()
    for place in holes {
      target.base[place] = Float(numbers[place % width])
      exact?[place] = numbers[place % width]
    }
    exactInputs = exact
  }

  private func forEachInput(_ body: (Int, Double) -> Void) {
    let base = inputs.storage.base
    for place in 0..<inputs.count { body(place, exactInputs?[place] ?? Double(base[place])) }
  }
}
