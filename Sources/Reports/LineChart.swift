/// Lines over two axes, drawn as SVG that stands alone: no script, no outside file, light and dark.
///
/// Points that an axis cannot show (NaN, infinities, 0 and less on a logarithmic one) are left out,
/// break the line, and are counted in a note on the chart.
public struct LineChart: Sendable, Equatable {
  /// A point of a line.
  public struct Point: Sendable, Equatable {
    /// The place on the horizontal axis.
    public var x: Double
    /// The place on the vertical axis.
    public var y: Double

    /// A point.
    public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  /// How a line is drawn.
  public enum Style: Sendable, Equatable {
    /// In the next colour.
    case line
    /// In the colour of the line before it, dashed: what a model says of it.
    case model
    /// Grey, dashed or dotted in turn, and below the lines: what they are compared with.
    case reference
  }

  /// A line and its name.
  public struct Series: Sendable, Equatable {
    /// The text in the legend.
    public var name: String
    /// The points from one end to the other.
    public var points: [Point]
    /// How the line is drawn.
    public var style: Style

    /// A line of points.
    public init(_ name: String, _ points: [Point], style: Style = .line) {
      (self.name, self.points, self.style) = (name, points, style)
    }

    /// A line of values at 1, 2, 3 and so on.
    public init(_ name: String, values: [Double], style: Style = .line) {
      let points = values.enumerated().map { Point(Double($0.offset + 1), $0.element) }
      self.init(name, points, style: style)
    }
  }

  /// A vertical line with a text.
  public struct Marker: Sendable, Equatable {
    /// Its place on the horizontal axis.
    public var x: Double
    /// The text beside it.
    public var label: String

    /// A marker.
    public init(_ label: String, at x: Double) { (self.label, self.x) = (label, x) }
  }

  /// The heading.
  public var title: String
  /// The horizontal axis.
  public var x: ChartAxis
  /// The vertical axis.
  public var y: ChartAxis
  /// The lines; later ones are drawn above earlier ones, references below all others.
  public var series: [Series]
  /// Vertical lines.
  public var markers: [Marker]

  /// A chart of lines.
  public init(
    title: String, x: ChartAxis, y: ChartAxis, series: [Series], markers: [Marker] = []
  ) {
    (self.title, self.x, self.y, self.series, self.markers) = (title, x, y, series, markers)
  }

  /// The drawing, as an `<svg>` element.
  public func svg() -> String {
    let shown = series.map { $0.points.filter(canShow) }
    let all = shown.flatMap { $0 }
    var canvas = ChartCanvas(
      title: title, x: FittedAxis(x, values: all.map(\.x)), y: FittedAxis(y, values: all.map(\.y)),
      legend: zip(series, swatches).map { ($0.name, $1) })
    for marker in markers where FittedAxis.canShow(marker.x, on: x.scale) {
      draw(marker, on: &canvas)
    }
    for style in [Style.reference, .model, .line] {
      for (line, swatch) in zip(series, swatches) where line.style == style {
        draw(line, as: swatch, on: &canvas)
      }
    }
    let leftOut = series.reduce(0) { $0 + $1.points.count } - all.count
    return canvas.svg(
      description: "Lines: " + series.map(\.name).joined(separator: ", ") + ". From left to right: "
        + "\(x.label). From bottom to top: \(y.label).",
      footnote: LineChart.footnote(shown: all.count, leftOut: leftOut))
  }

  static func footnote(shown: Int, leftOut: Int) -> String {
    if shown == 0 { return "no values to show" }
    if leftOut == 0 { return "" }
    return leftOut == 1 ? "1 value is left out" : "\(NumberText.whole(leftOut)) values are left out"
  }

  /// Colours are counted over the lines, dashes over the references; a model has its line's colour.
  private var swatches: [ChartCanvas.Swatch] {
    var (lines, references) = (0, 0)
    return series.map { line in
      switch line.style {
      case .line:
        lines += 1
        return .line(color: (lines - 1) % ChartStyle.colorCount)
      case .model: return .model(color: max(0, lines - 1) % ChartStyle.colorCount)
      case .reference:
        references += 1
        return .reference(style: (references - 1) % 2)
      }
    }
  }

  private func canShow(_ point: Point) -> Bool {
    FittedAxis.canShow(point.x, on: x.scale) && FittedAxis.canShow(point.y, on: y.scale)
  }

  private func draw(_ marker: Marker, on canvas: inout ChartCanvas) {
    let column = canvas.column(marker.x)
    let isLeft = column < ChartStyle.width * 0.6
    canvas.line(
      column, canvas.top, column, ChartStyle.height - ChartStyle.bottom, class: "marker")
    canvas.text(
      marker.label, x: column + (isLeft ? 6 : -6), y: canvas.top + 10,
      anchor: isLeft ? "start" : "end")
  }

  private func draw(_ line: Series, as swatch: ChartCanvas.Swatch, on canvas: inout ChartCanvas) {
    let name =
      switch swatch {
      case .line(let color), .bar(let color): "line s\(color)"
      case .model(let color): "line model s\(color)"
      case .reference(let style): "reference r\(style)"
      }
    var path = ""
    var last: (x: Double, y: Double)?
    for (index, point) in line.points.enumerated() {
      guard canShow(point) else {
        last = nil
        continue
      }
      let place = (x: canvas.column(point.x), y: canvas.row(point.y))
      // Points nearer than half a unit to the last one drawn cannot be told apart from it.
      if let last, abs(place.x - last.x) + abs(place.y - last.y) < 0.5,
        index + 1 < line.points.count
      {
        continue
      }
      path +=
        (last == nil ? "M" : "L") + ChartCanvas.number(place.x) + " "
        + ChartCanvas.number(place.y)
      // A point alone between two gaps is drawn as a dot: a line of no length with round ends.
      if last == nil, !line.points.dropFirst(index + 1).prefix(1).contains(where: canShow) {
        path += "h0.01"
      }
      last = place
    }
    if !path.isEmpty { canvas.add(#"<path class="\#(name)" d="\#(path)"/>"#) }
  }
}
