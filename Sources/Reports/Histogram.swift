/// How often values of two or more groups fall into the same bins, drawn as SVG.
public struct Histogram: Sendable, Equatable {
  /// What the height of a bar is.
  public enum Measure: Sendable, Equatable {
    /// The share of its own group: groups of unlike size can be compared.
    case share
    /// The number of values.
    case count
  }

  /// Values under one name.
  public struct Group: Sendable, Equatable {
    /// The text in the legend.
    public var name: String
    /// The values.
    public var values: [Double]

    /// A group of values.
    public init(_ name: String, _ values: [Double]) { (self.name, self.values) = (name, values) }
  }

  /// The heading.
  public var title: String
  /// The horizontal axis; its bounds, if given, are those of the bins.
  public var x: ChartAxis
  /// What the height of a bar is.
  public var measure: Measure
  /// The groups, drawn over each other.
  public var groups: [Group]
  /// The number of bins.
  public var binCount: Int

  /// A histogram on a linear axis; 30 bins of shares unless said otherwise.
  public init(
    title: String, x: ChartAxis, groups: [Group], measure: Measure = .share, binCount: Int = 30
  ) {
    precondition(binCount > 0, "\(binCount) bins")
    (self.title, self.x, self.groups) = (title, x, groups)
    (self.measure, self.binCount) = (measure, binCount)
    self.x.scale = .linear
  }

  /// The drawing, as an `<svg>` element.
  public func svg() -> String {
    let shown = groups.map { $0.values.filter { FittedAxis.canShow($0, on: .linear) } }
    let horizontal = FittedAxis(x, values: shown.flatMap { $0 })
    let heights = shown.map { self.heights($0, horizontal) }
    let label =
      switch measure {
      case .share: "share of the group"
      case .count: "number"
      }
    let vertical = FittedAxis(
      ChartAxis(label, format: measure == .share ? .percent : .number),
      values: heights.flatMap { $0 } + [0])
    var canvas = ChartCanvas(
      title: title, x: horizontal, y: vertical,
      legend: groups.enumerated().map {
        (
          "\($1.name) (\(NumberText.whole(shown[$0].count)))",
          .bar(color: $0 % ChartStyle.colorCount)
        )
      })
    for (group, heights) in heights.enumerated() {
      for (bin, height) in heights.enumerated() where height > 0 {
        draw(bin, height, color: group % ChartStyle.colorCount, on: &canvas)
      }
    }
    let count = shown.reduce(0) { $0 + $1.count }
    let leftOut = groups.reduce(0) { $0 + $1.values.count } - count
    return canvas.svg(
      description: "Groups: " + groups.map(\.name).joined(separator: ", ") + ". From left to "
        + "right: \(x.label). Height: \(label).",
      footnote: LineChart.footnote(shown: count, leftOut: leftOut))
  }

  private func heights(_ values: [Double], _ axis: FittedAxis) -> [Double] {
    var heights = [Double](repeating: 0, count: binCount)
    for value in values {
      heights[min(binCount - 1, Int(axis.place(value) * Double(binCount)))] += 1
    }
    let unit = measure == .share ? Double(max(1, values.count)) : 1
    return heights.map { $0 / unit }
  }

  private func draw(_ bin: Int, _ height: Double, color: Int, on canvas: inout ChartCanvas) {
    let width = (canvas.x.high - canvas.x.low) / Double(binCount)
    let left = canvas.column(canvas.x.low + Double(bin) * width)
    let right = canvas.column(canvas.x.low + Double(bin + 1) * width)
    let (top, foot) = (canvas.row(height), canvas.row(0))
    let box = [left, top, right - left, foot - top].map(ChartCanvas.number)
    canvas.add(
      #"<rect class="bar s\#(color)" x="\#(box[0])" y="\#(box[1])" width="\#(box[2])" "#
        + #"height="\#(box[3])"/>"#)
  }
}
