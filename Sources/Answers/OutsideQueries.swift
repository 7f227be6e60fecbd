import Datasets

/// Queries that are in no split or have no label: where they are from, and what is asked about them.
package struct OutsideQueries: Sendable {
  /// The file.
  package let file: String
  /// The names that the file gives them; nil where it gives none.
  package let names: [ExampleID]?
  /// The labels that the file gives them; nil where it gives none.
  package let labels: Targets?
  /// Whether they are test examples, which keep the numbers of their rows.
  package let isOfSplit: Bool

  package init(file: String, names: [ExampleID]?, labels: Targets?, isOfSplit: Bool = false) {
    (self.file, self.names, self.labels) = (file, names, labels)
    self.isOfSplit = isOfSplit
  }

  func input(_ row: Int) -> QueryAnswer.Input {
    guard isOfSplit, case .row(let number)? = names?[row] else {
      return QueryAnswer.Input(file: file, row: row, id: names?[row])
    }
    return QueryAnswer.Input(file: file, row: number, id: nil)
  }

  /// What a query is called for reading: `new.csv, row 3`; by its file alone, when it is all of it.
  static func name(_ input: QueryAnswer.Input, of count: Int) -> String {
    count == 1 ? input.file : "\(input.file), row \(input.row)"
  }
}

extension QueryFindings {
  /// The label of a query; nil for one that has none.
  func label(_ row: Int) -> LabelValue? {
    guard let outside else { return LabelValue(of: row, in: queries) }
    return outside.labels.map { LabelValue(of: row, $0, in: queries) }
  }

  /// What a query is called on a page.
  func name(_ row: Int) -> String {
    if selection.isMean { return selection.name }
    guard let outside else { return queries.ids[row].description }
    let input = outside.input(row)
    if outside.isOfSplit { return "\(input.id ?? .row(input.row)), without a label" }
    return OutsideQueries.name(input, of: queries.count)
  }

  /// Which class is asked about; empty for test examples, which are asked about their label.
  func question(_ row: Int) -> String {
    outside != nil && queries.classes != nil
      ? "asked about class \(LabelValue(of: row, in: queries).text)" : ""
  }
}
