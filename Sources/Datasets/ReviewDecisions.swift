import Tensors

/// What people decided about examples: to keep a label, to give another, or to drop the example.
///
/// A comma-separated table with a header: `id`, `decision` (`keep`, `relabel`, `drop`; empty: not
/// decided), the new label in `newLabel` or else `suggested`, and where it is there `label`, the label
/// that was decided about, which must be that of the data, and `split` (`train`, `test`). The CSV of
/// `ascribe mislabeled` with a column `decision` is one.
public struct ReviewDecisions: Sendable, Equatable {
  /// What is done with an example.
  public enum Verdict: String, Sendable, CaseIterable {
    /// Its label is right.
    case keep
    /// It gets another label.
    case relabel
    /// It is taken out of the data.
    case drop
  }

  /// A part of the data.
  public enum Part: String, Sendable, CaseIterable {
    /// Training examples.
    case train
    /// Test examples.
    case test
  }

  /// One line.
  public struct Decision: Sendable, Equatable {
    /// The example.
    public let id: ExampleID
    /// What is done with it.
    public let verdict: Verdict
    /// The new label, of `relabel`.
    public let newLabel: String?
    /// The label that was decided about; nil where the file does not say it.
    public let label: String?
    /// Where it stands.
    public let part: Part
    /// The line of the file, from 1.
    public let line: Int
  }

  /// The file.
  public let file: String
  /// In the file's order, without lines that decide nothing.
  public let decisions: [Decision]
  /// Lines whose decision is empty.
  public let undecided: Int

  /// Reads a file.
  ///
  /// - Throws: `DatasetError` for a file that is no such table, and for words that are no decision.
  public init(reading file: String) throws(DatasetError) {
    let source = try FileBytes(file)
    var (decisions, undecided): ([Decision], Int) = ([], 0)
    try source.bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      var table = CSVTable(file: file, bytes: bytes, delimiter: .byte(UInt8(ascii: ",")))
      guard try table.next() else { throw .noExamples(file: file) }
      let names = try table.texts()
      for name in ["id", "decision"] where !names.contains(name) {
        throw .unknownColumn(file: file, wanted: name, columns: names)
      }
      for name in names where names.count(where: { $0 == name }) > 1 {
        throw .ambiguousColumn(file: file, name: name)
      }
      while try table.next() {
        guard table.fields.count == names.count else {
          throw .fieldCount(
            file: file, line: table.line, expected: names.count, found: table.fields.count)
        }
        let texts = try table.texts()
        let line = ReviewLine(
          file: file, line: table.line,
          values: Dictionary(zip(names, texts), uniquingKeysWith: { first, _ in first }))
        if let decision = try line.decision() { decisions.append(decision) } else { undecided += 1 }
      }
    }
    var lines: [String: Int] = [:]
    for decision in decisions {
      let key = "\(decision.part) \(decision.id)"
      if let first = lines.updateValue(decision.line, forKey: key) {
        throw .decision(
          file: file, line: decision.line,
          problem: "\(decision.id) is decided about in line \(first) already",
          remedy: "leave one of the two lines.")
      }
    }
    (self.file, self.decisions, self.undecided) = (file, decisions, undecided)
  }

  /// How many examples of a part are given a verdict.
  public func count(_ verdict: Verdict, _ part: Part = .train) -> Int {
    decisions.count { $0.verdict == verdict && $0.part == part }
  }
}

/// The values of one line by their columns.
private struct ReviewLine {
  let file: String
  let line: Int
  let values: [String: String]

  func value(_ column: String) -> String? { values[column].flatMap { $0.isEmpty ? nil : $0 } }

  func decision() throws(DatasetError) -> ReviewDecisions.Decision? {
    guard let word = value("decision") else { return nil }
    let verdict: ReviewDecisions.Verdict = try choice(word, what: "decision")
    guard let id = value("id") else {
      throw failed("the id is missing", "write the id of the example that is decided about.")
    }
    let part: ReviewDecisions.Part =
      try value("split").map { word throws(DatasetError) in
        try choice(word, what: "split")
      } ?? .train
    let newLabel = value("newLabel") ?? value("suggested")
    if verdict == .relabel && newLabel == nil {
      throw failed(
        "\(id) is to get another label, and the line says none",
        "write it in the column `newLabel` (or `suggested`).")
    }
    return ReviewDecisions.Decision(
      id: ExampleID(id), verdict: verdict, newLabel: verdict == .relabel ? newLabel : nil,
      label: value("label"), part: part, line: line)
  }

  private func choice<Value: RawRepresentable & CaseIterable>(
    _ word: String, what: String
  ) throws(DatasetError) -> Value where Value.RawValue == String {
    if let value = Value(rawValue: word) { return value }
    let names = Value.allCases.map(\.rawValue)
    throw failed(
      "`\(word)` is no \(what)",
      "write \(names.dropLast().joined(separator: ", ")) or \(names.last ?? "").")
  }

  func failed(_ problem: String, _ remedy: String) -> DatasetError {
    .decision(file: file, line: line, problem: problem, remedy: remedy)
  }
}

extension CSVTable {
  /// The texts of the current record.
  func texts() throws(DatasetError) -> [String] {
    var texts: [String] = []
    for field in fields { texts.append(try text(field)) }
    return texts
  }
}
