import Foundation

/// A chart being drawn: paper, title, legend and axes, then whatever the chart adds.
struct ChartCanvas {
  /// How a series looks in the legend.
  enum Swatch {
    case line(color: Int)
    case model(color: Int)
    case reference(style: Int)
    case bar(color: Int)
  }

  let x: FittedAxis
  let y: FittedAxis
  /// The upper edge of the plot, below title and legend.
  let top: Double
  private let title: String
  private var body = ""

  init(title: String, x: FittedAxis, y: FittedAxis, legend: [(name: String, swatch: Swatch)]) {
    (self.x, self.y, self.title) = (x, y, title)
    let places = ChartCanvas.legendPlaces(legend.map(\.name))
    top = 50 + 20 * Double((places.last?.line ?? -1) + 1)
    add(#"<rect class="paper" width="640" height="380" rx="4"/>"#)
    text(title, x: 16, y: 28, class: "title")
    for (entry, place) in zip(legend, places) {
      let y = 52 + 20 * Double(place.line)
      drawSwatch(entry.swatch, x: place.x, y: y - 4)
      text(entry.name, x: place.x + 28, y: y)
    }
    drawAxes()
  }

  /// The whole drawing, with a text for readers who cannot see it.
  func svg(description: String, footnote: String) -> String {
    var canvas = self
    if !footnote.isEmpty {
      canvas.text(footnote, x: ChartStyle.width - ChartStyle.right, y: 28, anchor: "end")
    }
    let label = MarkupText.escaped(title)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 640 380" role="img" \
      aria-label="\(label)"><title>\(label)</title><desc>\(MarkupText.escaped(description))</desc>\
      <style>\(ChartStyle.sheet)</style>\(canvas.body)</svg>
      """
  }

  /// The horizontal place of a value.
  func column(_ value: Double) -> Double {
    ChartStyle.left + x.place(value) * (ChartStyle.width - ChartStyle.left - ChartStyle.right)
  }

  /// The vertical place of a value.
  func row(_ value: Double) -> Double {
    let foot = ChartStyle.height - ChartStyle.bottom
    return foot - y.place(value) * (foot - top)
  }

  mutating func add(_ element: String) { body += element }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) {
    let p = [x1, y1, x2, y2].map(ChartCanvas.number)
    add(#"<path class="\#(name)" d="M\#(p[0]) \#(p[1])L\#(p[2]) \#(p[3])"/>"#)
  }

  mutating func text(
    _ text: String, x: Double, y: Double, class name: String = "", anchor: String = "start",
    rotated: Bool = false
  ) {
    let (x, y) = (ChartCanvas.number(x), ChartCanvas.number(y))
    let style = name.isEmpty ? "" : #" class="\#(name)""#
    let side = anchor == "start" ? "" : #" text-anchor="\#(anchor)""#
    let turn = rotated ? #" transform="rotate(-90 \#(x) \#(y))""# : ""
    add(#"<text x="\#(x)" y="\#(y)"\#(style)\#(side)\#(turn)>\#(MarkupText.escaped(text))</text>"#)
  }

  /// A coordinate to a hundredth.
  static func number(_ value: Double) -> String {
    var text = String(format: "%.2f", value.isFinite ? value : 0)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  private mutating func drawAxes() {
    let foot = ChartStyle.height - ChartStyle.bottom
    let edge = ChartStyle.width - ChartStyle.right
    for tick in y.ticks {
      let row = row(tick.value)
      line(ChartStyle.left, row, edge, row, class: "grid")
      text(tick.label, x: ChartStyle.left - 8, y: row + 4, anchor: "end")
    }
    for tick in x.ticks {
      let column = column(tick.value)
      line(column, foot, column, foot + 5, class: "axis")
      text(tick.label, x: column, y: foot + 19, anchor: "middle")
    }
    line(ChartStyle.left, foot, edge, foot, class: "axis")
    text(x.axis.label, x: (ChartStyle.left + edge) / 2, y: foot + 42, anchor: "middle")
    text(y.axis.label, x: 18, y: (top + foot) / 2, anchor: "middle", rotated: true)
  }

  private mutating func drawSwatch(_ swatch: Swatch, x: Double, y: Double) {
    switch swatch {
    case .line(let color): line(x, y, x + 20, y, class: "line s\(color)")
    case .model(let color): line(x, y, x + 20, y, class: "line model s\(color)")
    case .reference(let style): line(x, y, x + 20, y, class: "reference r\(style)")
    case .bar(let color):
      add(#"<rect class="bar s\#(color)" x="\#(x + 4)" y="\#(y - 5)" width="12" height="10"/>"#)
    }
  }

  /// Where legend entries stand, wrapped by their estimated width.
  private static func legendPlaces(_ names: [String]) -> [(line: Int, x: Double)] {
    var places: [(line: Int, x: Double)] = []
    var (line, x) = (0, 16.0)
    for name in names {
      let width = 28 + 6.6 * Double(CellText.width(name)) + 20
      if x > 16 && x + width > ChartStyle.width { (line, x) = (line + 1, 16) }
      places.append((line, x))
      x += width
    }
    return places
  }
}
