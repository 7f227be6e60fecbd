// Letters: n training examples, M subsets.
import Datasets
import Foundation

/// Subsets of a training set from a file: which examples each model is trained on.
///
/// Text: one subset a line, ids separated by commas or blanks; `all` is the whole training set, and
/// `all but 3, 17` all except those. Empty lines and what follows `#` at a line's start are passed over.
/// JSON (a file that begins with `[`): a list of lists of ids.
public enum SubsetFile {
  /// The rows of each subset, in the file's order.
  ///
  /// - Throws: `EvaluationError.subsetFile` with the line or the entry, for files that cannot be
  ///   read, ids that are not in the training set, ids named twice and empty subsets.
  public static func rows(_ path: String, in train: Dataset) throws(EvaluationError) -> [[Int]] {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw .subsetFile(problem: "the file cannot be read", place: path)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .subsetFile(problem: "the file is not text in UTF-8", place: path)
    }
    let subsets = text.first { !$0.isWhitespace } == "[" ? try json(text, path) : lines(text, path)
    guard !subsets.isEmpty else {
      throw .subsetFile(problem: "the file names no subset", place: path)
    }
    let positions = Dictionary(zip(train.ids, 0...), uniquingKeysWith: { first, _ in first })
    var result: [[Int]] = []
    for subset in subsets { result.append(try subset.rows(positions, of: train.count)) }
    return result
  }

  /// The ids of one subset and where they stand.
  private struct Entry {
    var ids: [ExampleID]
    var isComplement = false
    let place: String

    func rows(_ positions: [ExampleID: Int], of count: Int) throws(EvaluationError) -> [Int] {
      var rows: [Int] = []
      var seen: Set<Int> = []
      for id in ids {
        guard let row = positions[id] else {
          throw .subsetFile(
            problem: "no training example has the id \(id) (there are \(count))", place: place)
        }
        guard seen.insert(row).inserted else {
          throw .subsetFile(problem: "the id \(id) stands twice in a subset", place: place)
        }
        rows.append(row)
      }
      let result = isComplement ? SubsetDesign.complement(rows, of: count) : rows
      guard !result.isEmpty else {
        throw .subsetFile(problem: "the subset has no training example", place: place)
      }
      return result
    }
  }

  private static func json(_ text: String, _ path: String) throws(EvaluationError) -> [Entry] {
    do {
      return try JSONDecoder().decode([[ExampleID]].self, from: Data(text.utf8)).enumerated().map {
        Entry(ids: $1, place: "\(path), subset \($0 + 1)")
      }
    } catch {
      throw .subsetFile(problem: "the file is not a list of lists of ids", place: path)
    }
  }

  private static func lines(_ text: String, _ path: String) -> [Entry] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .compactMap { number, line in
        var words = line.split { $0 == "," || $0.isWhitespace }.map(String.init)
        guard let first = words.first, !first.hasPrefix("#") else { return nil }
        var entry = Entry(ids: [], place: "\(path):\(number + 1)")
        if words == ["all"] || words.prefix(2) == ["all", "but"] {
          entry.isComplement = true
          words.removeFirst(min(2, words.count))
        }
        entry.ids = words.map { ExampleID($0) }
        return entry
      }
  }
}
