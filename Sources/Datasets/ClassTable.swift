/// The classes of a task in order, and the class of each label.
///
/// Labels that are written as whole numbers are classes by number, others by word; numbers come
/// first and in their order, then words by their UTF-8 bytes. "3" and "3.0" are one class. Where a
/// label is written as no number is ("007", "5E0", "+1"), all are words as they are spelled: what
/// makes numbers of them would join or rename some.
struct ClassTable: Sendable {
  let names: [String]
  /// A label that made all of them words, though it could be read as a number; nil when there is none.
  let spelled: String?
  private let indices: [String: Int32]

  /// Classes given by the user, in this order.
  init(names: [String]) { self.init(names: names, spelled: nil) }

  private init(names: [String], spelled: String?) {
    (self.names, self.spelled) = (names, spelled)
    indices = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
  }

  /// The classes that occur in some examples.
  init(of examples: RawExamples) throws(DatasetError) {
    let spelled = Self.spelledNumber(examples.labels)
    let found = Set(try Self.labels(of: examples, asSpelled: spelled != nil))
    self.init(
      names: found.sorted { a, b in
        switch (Int(a), Int(b)) {
        case (let a?, let b?) where a != b: a < b
        case (.some, nil): true
        case (nil, .some): false
        case (_, _): a.utf8.lexicographicallyPrecedes(b.utf8)
        }
      }, spelled: spelled)
  }

  /// The class of each example: that of the label as it is spelled, else of its number.
  func classes(of examples: RawExamples) throws(DatasetError) -> [Int32] {
    var classes: [Int32] = []
    let numbers = try Self.labels(of: examples, asSpelled: spelled != nil)
    for (row, label) in numbers.enumerated() {
      guard let index = examples.labels.word(row).flatMap({ indices[$0] }) ?? indices[label] else {
        throw .unknownClass(
          file: examples.labelFile, place: examples.labels.place(row), value: label, classes: names)
      }
      classes.append(index)
    }
    return classes
  }

  /// The first label that could be read as a number and is not written as numbers are.
  private static func spelledNumber(_ labels: RawLabels) -> String? {
    guard case .words(let words, _) = labels else { return nil }
    return words.first { word in
      guard let number = Double(word), number.isFinite, !word.lowercased().hasPrefix("0x") else {
        return false
      }
      let digits = word.first == "-" ? word.dropFirst() : word[...]
      let hasLeadingZero = digits.first == "0" && digits.dropFirst().first?.isNumber == true
      return hasLeadingZero || digits.contains { "+eE".contains($0) }
    }
  }

  /// The label of each example in one spelling, or as it is spelled.
  private static func labels(
    of examples: RawExamples, asSpelled: Bool
  ) throws(DatasetError) -> [String] {
    switch examples.labels {
    case .words(let words, _) where asSpelled: return words
    case .words(let words, let places):
      var labels: [String] = []
      for (row, word) in words.enumerated() {
        if let whole = Int(word) {
          labels.append(String(whole))
        } else if let number = Double(word), !word.lowercased().hasPrefix("0x") {
          labels.append(try label(number, examples.labelFile) { places(row) })
        } else {
          labels.append(word)
        }
      }
      return labels
    case .numbers(let numbers, _, let places):
      var labels: [String] = []
      for (row, number) in numbers.enumerated() {
        labels.append(try label(number, examples.labelFile) { places(row) })
      }
      return labels
    case .tokens, .unlabelled: preconditionFailure("classes without labels")
    }
  }

  private static func label(
    _ number: Double, _ file: String, _ place: () -> DataPlace
  ) throws(DatasetError) -> String {
    guard let whole = Int(exactly: number), abs(number) <= 0x1p53 else {
      throw .notAClass(file: file, place: place(), value: "\(number)")
    }
    return String(whole)
  }
}

extension RawLabels {
  /// A row's label as it is spelled, where it is a word.
  fileprivate func word(_ row: Int) -> String? {
    if case .words(let words, _) = self { words[row] } else { nil }
  }

  /// The rows without a label: an empty one, a word for what is missing, or −1, where these are no
  /// classes.
  func hiddenRows(besides classes: [String]) -> [Int] {
    let known = Set(classes)
    switch self {
    case .words(let words, _):
      return words.indices.filter { row in
        let word = words[row]
        return !known.contains(word)
          && (["-1", "-1.0"].contains(word) && !known.contains("-1")
            || CSVTable.missingWords.contains(word.lowercased()))
      }
    case .numbers(let numbers, 1, _):
      return known.contains("-1") ? [] : numbers.indices.filter { numbers[$0] == -1 }
    case .numbers, .tokens, .unlabelled: return []
    }
  }
}

extension RawLabels {
  /// The place of a row's label.
  func place(_ row: Int) -> DataPlace {
    switch self {
    case .words(_, let places), .numbers(_, _, let places): places(row)
    case .tokens, .unlabelled: .row(row)
    }
  }
}
