/// The classes of a task in order, and the class of each label.
///
/// Labels that are whole numbers are classes by number, others by word; numbers come first and in
/// their order, then words by their UTF-8 bytes. "3", "03" and 3.0 are one class.
struct ClassTable: Sendable {
  let names: [String]
  private let indices: [String: Int32]

  /// Classes given by the user, in this order.
  init(names: [String]) {
    self.names = names
    indices = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
  }

  /// The classes that occur in some examples.
  init(of examples: RawExamples) throws(DatasetError) {
    let found = Set(try Self.labels(of: examples))
    self.init(
      names: found.sorted { a, b in
        switch (Int(a), Int(b)) {
        case (let a?, let b?): a < b
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): a.utf8.lexicographicallyPrecedes(b.utf8)
        }
      })
  }

  /// The class of each example.
  func classes(of examples: RawExamples) throws(DatasetError) -> [Int32] {
    var classes: [Int32] = []
    for (row, label) in try Self.labels(of: examples).enumerated() {
      guard let index = indices[label] else {
        throw .unknownClass(
          file: examples.labelFile, place: examples.labels.place(row), value: label, classes: names)
      }
      classes.append(index)
    }
    return classes
  }

  /// The label of each example in one spelling.
  private static func labels(of examples: RawExamples) throws(DatasetError) -> [String] {
    switch examples.labels {
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
  /// The place of a row's label.
  func place(_ row: Int) -> DataPlace {
    switch self {
    case .words(_, let places), .numbers(_, _, let places): places(row)
    case .tokens, .unlabelled: .row(row)
    }
  }
}
