import Foundation

/// Signed values of numbered units in rows, drawn as SVG that stands alone: colour says the sign and
/// the size, a text under the pointer the number.
///
/// Rows that are wider than the paper go on in lines below. Values that are not finite have no
/// colour.
public struct HeatMap: Sendable, Equatable {
  /// A unit.
  public struct Cell: Sendable, Equatable {
    /// Its value.
    public var value: Double
    /// The text under the pointer.
    public var hint: String

    /// A unit.
    public init(_ value: Double, hint: String) { (self.value, self.hint) = (value, hint) }
  }

  /// Units that belong together, from number 0.
  public struct Row: Sendable, Equatable {
    /// What they are: `h.0.attn.head`.
    public var name: String
    /// The units in order.
    public var cells: [Cell]

    /// Units.
    public init(_ name: String, _ cells: [Cell]) { (self.name, self.cells) = (name, cells) }
  }

  /// The heading.
  public var title: String
  /// What the values are: `weight (hardMargin)`.
  public var label: String
  /// The rows from top to bottom.
  public var rows: [Row]

  /// A map of rows.
  public init(title: String, label: String, rows: [Row]) {
    (self.title, self.label, self.rows) = (title, label, rows)
  }

  /// Units that are drawn, at the most: more than a page can hold are left out from the weakest on.
  public static let drawnUnits = 6_000
  /// Steps of colour on each side of 0.
  static let steps = 7

  /// The step of a value: a square root, so that one strong unit does not hide all the others.
  ///
  /// - Returns: −7 … 7; 0 for what is not finite.
  static func step(_ value: Double, largest: Double) -> Int {
    guard value.isFinite, largest > 0 else { return 0 }
    let share = min(1, abs(value) / largest).squareRoot()
    return Int((share * Double(steps)).rounded()) * (value < 0 ? -1 : 1)
  }

  /// The drawing, as an `<svg>` element.
  public func svg() -> String {
    let finite = rows.flatMap(\.cells).map { abs($0.value) }.filter(\.isFinite)
    let layout = Layout(rows.map { ($0.name, $0.cells.count) })
    let least = HeatMap.least(finite)
    var body = legend(largest: finite.max() ?? 0)
    var top = Layout.top
    for row in rows {
      body += draw(row, layout, top: top, least: least, largest: finite.max() ?? 0)
      top += layout.height(of: row.cells.count)
    }
    let leftOut = finite.count { $0 < least }
    if leftOut > 0 {
      body += HeatMap.text(
        "the weakest \(NumberText.whole(leftOut)) are left out", x: 624, y: 28, anchor: "end")
    }
    let title = MarkupText.escaped(self.title)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="chart heat" viewBox="0 0 640 \
      \(ChartCanvas.number(top + 8))" role="img" aria-label="\(title)"><title>\(title)</title>\
      <desc>Rows from top to bottom: \(MarkupText.escaped(rows.map(\.name).joined(separator: ", "))). \
      From left to right: units. Colour: \(MarkupText.escaped(label)).</desc>\
      <style>\(ChartStyle.sheet)\(HeatMap.sheet)</style>\
      <rect class="paper" width="640" height="\(ChartCanvas.number(top + 8))" rx="4"/>\
      \(HeatMap.text(self.title, x: 16, y: 28, class: "title"))\(body)</svg>
      """
  }

  /// The least |value| that is drawn where there are too many.
  private static func least(_ magnitudes: [Double]) -> Double {
    guard magnitudes.count > drawnUnits else { return 0 }
    return magnitudes.sorted(by: >)[drawnUnits - 1]
  }

  private func draw(
    _ row: Row, _ layout: Layout, top: Double, least: Double, largest: Double
  ) -> String {
    let name = Layout.short(row.name)
    var text = HeatMap.text(
      name, x: 16, y: top + max(10, layout.size / 2 + 4),
      hint: name == row.name ? nil : row.name)
    for (unit, cell) in row.cells.enumerated() {
      let (line, column) = (unit / layout.perLine, unit % layout.perLine)
      let y = top + Double(line) * layout.size
      // The numbers of units, where there is room for a line of text.
      if column == 0, line > 0, line % max(1, Int((11 / layout.size).rounded(.up))) == 0 {
        text += HeatMap.text(
          "\(unit)", x: layout.left - 6, y: y + layout.size / 2 + 3.5, class: "unit", anchor: "end")
      }
      guard !(abs(cell.value) < least) else { continue }
      let box = [layout.left + Double(column) * layout.size, y, layout.size - layout.gap]
        .map(ChartCanvas.number)
      let step = HeatMap.step(cell.value, largest: largest)
      text += """
        <rect class="\(HeatMap.name(step))" x="\(box[0])" y="\(box[1])" width="\(box[2])" \
        height="\(box[2])"><title>\(MarkupText.escaped(cell.hint))</title></rect>
        """
    }
    return text
  }

  private func legend(largest: Double) -> String {
    var text = HeatMap.text(label, x: 16, y: 52)
    let left = 624 - Double(2 * HeatMap.steps + 1) * 18
    for step in -HeatMap.steps...HeatMap.steps {
      let x = left + Double(step + HeatMap.steps) * 18
      text += """
        <rect class="\(HeatMap.name(step))" x="\(ChartCanvas.number(x))" y="41" width="17" \
        height="12"/>
        """
      guard [-HeatMap.steps, -4, 0, 4, HeatMap.steps].contains(step) else { continue }
      let share = Double(step) / Double(HeatMap.steps)
      text += HeatMap.text(
        NumberText.signed(share * abs(share) * largest, digits: 2), x: x + 8.5, y: 66,
        class: "unit", anchor: "middle")
    }
    return text
  }

  private static func name(_ step: Int) -> String {
    step == 0 ? "z" : (step > 0 ? "p" : "n") + "\(abs(step))"
  }

  private static func text(
    _ text: String, x: Double, y: Double, class name: String = "", anchor: String = "start",
    hint: String? = nil
  ) -> String {
    let style = name.isEmpty ? "" : #" class="\#(name)""#
    let side = anchor == "start" ? "" : #" text-anchor="\#(anchor)""#
    let title = hint.map { "<title>\(MarkupText.escaped($0))</title>" } ?? ""
    return #"<text x="\#(ChartCanvas.number(x))" y="\#(ChartCanvas.number(y))"\#(style)\#(side)>"#
      + title + MarkupText.escaped(text) + "</text>"
  }

  /// Green raises and orange lowers, as on all pages: told apart by those who see no red or green,
  /// since one is bluish and the other yellowish.
  private static let sheet: String = {
    func rules(_ plus: String, _ minus: String, _ zero: String) -> String {
      ".heat .z{fill:\(zero)}"
        + (1...steps).map { step in
          let share = NumberText.fixed(0.12 + 0.88 * Double(step) / Double(steps), decimals: 2)
          return ".heat .p\(step){fill:rgba(\(plus),\(share))}"
            + ".heat .n\(step){fill:rgba(\(minus),\(share))}"
        }.joined()
    }
    return ".heat .unit{font-size:10px}.heat rect:hover{stroke:currentColor}"
      + ".heat .paper:hover{stroke:none}" + rules("13,105,108", "204,76,8", "#eceff1")
      + "@media screen and (prefers-color-scheme:dark){"
      + rules("64,214,186", "255,138,76", "#262b31") + "}"
  }()

  /// Where the units of rows stand.
  struct Layout {
    /// The upper edge of the first row.
    static let top = 84.0
    /// Where the units begin, below the longest name.
    let left: Double
    /// The side of a unit with the gap to the next one.
    let size: Double
    /// Units of a line.
    let perLine: Int

    /// - Parameter rows: names and numbers of units.
    init(_ rows: [(name: String, count: Int)]) {
      let longest = rows.map { CellText.width(Layout.short($0.name)) }.max() ?? 0
      left = 16 + 6.8 * Double(longest) + 14
      let width = 624 - left
      let most = rows.map(\.count).max() ?? 1
      let fitting = (width / Double(max(1, most))).rounded(.down)
      // In one line where units are large enough to be pointed at; else in lines of whole tens, as
      // large as leaves room for the next layer.
      if fitting >= 9 {
        size = min(24, fitting)
        perLine = max(1, Int(width / size))
        return
      }
      let sizes = stride(from: 24.0, to: 7, by: -1)
      size =
        sizes.first { size in
          rows.reduce(0) { $0 + Layout.height($1.count, size, Layout.perLine(width, size)) }
            <= Layout.wantedHeight
        } ?? 7
      perLine = Layout.perLine(width, size)
    }

    /// The height that maps of many units keep below where they can.
    private static let wantedHeight = 320.0

    private static func perLine(_ width: Double, _ size: Double) -> Int {
      let whole = max(1, Int(width / size))
      return whole < 10 ? whole : whole / 10 * 10
    }

    /// Between units.
    var gap: Double { size > 12 ? 2 : 1 }

    /// The height of a row of so many units, with the room below it.
    func height(of count: Int) -> Double { Layout.height(count, size, perLine) }

    private static func height(_ count: Int, _ size: Double, _ perLine: Int) -> Double {
      let lines = max(1, (count + perLine - 1) / perLine)
      return max(14, Double(lines) * size) + (lines > 1 ? 8 : 2)
    }

    /// A name of 22 characters at the most, the middle left out.
    static func short(_ name: String) -> String {
      name.count <= 22 ? name : name.prefix(8) + "…" + name.suffix(13)
    }
  }
}
