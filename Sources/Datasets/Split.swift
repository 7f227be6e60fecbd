import Foundation
import Randomness

/// How the examples of one source become training and test examples.
public enum Split: Sendable, Equatable {
  /// How many examples.
  public enum Size: Sendable, Equatable {
    /// A number of examples.
    case count(Int)
    /// A share of all examples, rounded to the nearest number.
    case fraction(Double)
    /// Those that the other side leaves.
    case rest

    func count(of n: Int, others: Int) -> Int {
      switch self {
      case .count(let count): count
      case .fraction(let fraction): Int((fraction * Double(n)).rounded())
      case .rest: max(0, n - others)
      }
    }
  }

  /// Drawn at random: the test examples first, then the training examples.
  case random(train: Size, test: Size, seed: UInt64)
  /// The test examples by id, one a line, in a file; all others train.
  case file(String)

  /// Rows for training and test, both in the order of the source; none for test where none were asked
  /// for.
  ///
  /// - Parameters:
  ///   - ids: the ids of the source.
  ///   - source: its file, for errors.
  func rows(
    of ids: [ExampleID], source: String
  ) throws(DatasetError) -> (train: [Int], test: [Int]) {
    let rows: (train: [Int], test: [Int])
    switch self {
    case .random(let trainSize, let testSize, let seed):
      let n = ids.count
      let testCount = testSize.count(of: n, others: 0)
      let trainCount = trainSize.count(of: n, others: testCount)
      guard testCount <= n, trainCount <= n - testCount else {
        throw .splitTooLarge(file: source, train: trainCount, test: testCount, available: n)
      }
      let order = RandomStream(seed: seed, purpose: .split).permutation(of: n)
      rows = (
        order[testCount..<testCount + trainCount].sorted(), order[..<testCount].sorted()
      )
    case .file(let file):
      let test = try Self.testRows(in: file, ids: ids)
      rows = (ids.indices.filter { !test.contains($0) }, test.sorted())
    }
    if rows.train.isEmpty { throw .splitEmpty(file: source, side: "training") }
    if rows.test.isEmpty && !hasNoTest { throw .splitEmpty(file: source, side: "test") }
    return rows
  }

  /// Whether there is to be no test set.
  private var hasNoTest: Bool {
    if case .random(_, .count(0), _) = self { true } else { false }
  }

  private static func testRows(
    in file: String, ids: [ExampleID]
  ) throws(DatasetError) -> Set<Int> {
    let wanted = try readIDs(file)
    let positions = Dictionary(zip(ids, 0...), uniquingKeysWith: { first, _ in first })
    var rows: Set<Int> = []
    for id in wanted {
      guard let row = positions[id] else {
        throw .unknownID(file: file, id: id, examples: ids.count, first: ids.first)
      }
      rows.insert(row)
    }
    return rows
  }
}

/// The ids in a text file, one a line; empty lines and lines that begin with # are skipped.
///
/// - Throws: `DatasetError` when the file cannot be read, is not UTF-8, names no id or one twice.
public func readIDs(_ file: String) throws(DatasetError) -> [ExampleID] {
  let text = try FileBytes(file).text()
  var ids: [ExampleID] = []
  var lines: [ExampleID: Int] = [:]
  for (index, line) in text.split(separator: /\r\n|\n/, omittingEmptySubsequences: false)
    .enumerated()
  {
    let word = line.trimmingCharacters(in: .whitespaces)
    if word.isEmpty || word.hasPrefix("#") { continue }
    let id = ExampleID(word)
    if let first = lines.updateValue(index + 1, forKey: id) {
      throw .duplicateID(file: file, id: id, first: first - 1, second: index)
    }
    ids.append(id)
  }
  if ids.isEmpty { throw .noExamples(file: file) }
  return ids
}
