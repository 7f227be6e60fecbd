/// A table of text in aligned columns, for terminals.
///
///     id   label   score
///     ---  -----  ------
///     17   seven   0.813
///     204  one    −0.027
///
/// Width is counted in terminal cells: East Asian wide characters and emoji are two, combining
/// marks none. Control characters become `�`: no cell can move the cursor or break a line.
public struct TextTable: Sendable, Equatable {
  /// Where the text of a column stands.
  public enum Alignment: Sendable, Equatable {
    /// Right when every cell that is not empty is a number, else left.
    case automatic
    /// At the left edge.
    case left
    /// At the right edge.
    case right
  }

  /// A title and an alignment.
  public struct Column: Sendable, Equatable {
    /// The text above the column.
    public var title: String
    /// Where its cells stand.
    public var alignment: Alignment

    /// A column, aligned by its contents unless said otherwise.
    public init(_ title: String, _ alignment: Alignment = .automatic) {
      (self.title, self.alignment) = (title, alignment)
    }
  }

  /// The columns from the left.
  public let columns: [Column]
  /// The cells, row by row.
  public private(set) var rows: [[String]] = []

  /// A table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// A table without rows whose columns are aligned by their contents.
  public init(_ titles: [String]) { self.init(titles.map { Column($0) }) }

  /// Adds a row of one cell a column.
  public mutating func append(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells, \(columns.count) columns")
    rows.append(cells)
  }

  /// The alignment of each column, `automatic` resolved to left or right.
  public var alignments: [Alignment] {
    columns.indices.map { c in
      if columns[c].alignment != .automatic { return columns[c].alignment }
      let cells = rows.map { $0[c] }.filter { !$0.isEmpty }
      return !cells.isEmpty && cells.allSatisfy(CellText.isNumber) ? .right : .left
    }
  }

  /// The table, one line a row, without spaces at line ends and without a last line break.
  public var text: String {
    let cells = ([columns.map(\.title)] + rows).map { $0.map(CellText.printable) }
    let widths = columns.indices.map { c in cells.map { CellText.width($0[c]) }.max() ?? 0 }
    let alignments = alignments
    var lines = cells.map { row in
      TextTable.line(
        columns.indices.map { c in
          let blank = String(repeating: " ", count: widths[c] - CellText.width(row[c]))
          return alignments[c] == .right ? blank + row[c] : row[c] + blank
        })
    }
    lines.insert(TextTable.line(widths.map { String(repeating: "-", count: $0) }), at: 1)
    return lines.joined(separator: "\n")
  }

  private static func line(_ cells: [String]) -> String {
    var line = cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}
