import Foundation
import TestSupport
import Testing

@testable import Reports

@Suite("Charts")
struct ChartTests {
  @Test("the random line of a detection chart runs from corner to corner of the plot")
  func detection() throws {
    let chart = LineChart.detection(
      title: "Found", curves: [.init("margin", [.init(0, 0), .init(0.1, 1), .init(1, 1)])],
      wantedFraction: 0.1)
    let xml = try #require(XML.parse(chart.svg()))
    let lines = xml.elements.filter { $0.attributes["class"]?.hasPrefix("reference") == true }
    let top = 70.0
    let foot = ChartStyle.height - ChartStyle.bottom
    let right = ChartStyle.width - ChartStyle.right
    let corner = "M\(ChartCanvas.number(ChartStyle.left)) \(ChartCanvas.number(foot))"
    let end = "L\(ChartCanvas.number(right)) \(ChartCanvas.number(top))"
    #expect(lines.contains { $0.attributes["d"] == corner + end })
    #expect(xml.text.contains("ideal order"))
    #expect(xml.text.contains("100 %"))
  }

  @Test("ticks are round numbers within the ends of the axis")
  func linearTicks() {
    let axis = FittedAxis(ChartAxis("x"), values: [0.13, 9.2])
    #expect((axis.low, axis.high) == (0, 10))
    #expect(axis.ticks.map(\.label) == ["0", "2", "4", "6", "8", "10"])
    let small = FittedAxis(ChartAxis("x"), values: [-0.02, 0.03])
    #expect(small.ticks.map(\.label) == ["−0.02", "−0.01", "0.00", "0.01", "0.02", "0.03"])
  }

  @Test("a logarithmic axis has its ticks at powers of ten, or at 1, 2 and 5 of them when short")
  func logarithmicTicks() {
    let long = FittedAxis(ChartAxis("x", scale: .logarithmic), values: [1e-3, 100])
    #expect(long.ticks.map(\.label) == ["10⁻³", "10⁻²", "10⁻¹", "1", "10", "10²"])
    #expect(abs(long.place(100) - long.place(10) - long.place(10) + long.place(1)) < 1e-12)
    let short = FittedAxis(ChartAxis("x", scale: .logarithmic), values: [2, 40])
    #expect(short.ticks.map(\.label) == ["2", "5", "10", "20"])
  }

  @Test("values that cannot be drawn break the line, are counted, and reach no coordinate")
  func nonFinite() throws {
    let values: [Double] = [1, .nan, 3, .infinity, -.infinity, 5, 6, 1e308]
    let chart = LineChart.learningCurves(
      title: "Loss", y: ChartAxis("loss"), curves: [("train", values)])
    let xml = try #require(XML.parse(chart.svg()))
    let paths = xml.attributes("path", "d")
    #expect(!paths.contains { $0.contains("nan") || $0.contains("inf") })
    #expect(xml.text.contains("4 values are left out"))
    let line = try #require(paths.last)
    #expect(line.count { $0 == "M" } == 3)
    #expect(line.count { $0 == "h" } == 2)
  }

  @Test("zero and negative eigenvalues have no place on a logarithmic axis")
  func spectrum() throws {
    let svg = LineChart.spectrum(
      title: "Spectrum", eigenvalues: [("kernel", [10, 1, 0.1, 0, -1e-9])], damping: 0.5
    ).svg()
    let xml = try #require(XML.parse(svg))
    #expect(xml.text.contains("2 values are left out"))
    #expect(xml.text.contains("damping λ = 0.500"))
  }

  @Test(
    "charts of nothing, of one value and of extreme values are still charts",
    arguments: [
      [], [.nan], [0], [7], [-3, -3], [1e16, 1e16 + 2], [-1e299, 1e299], [1e-305, 1e-300],
      [.leastNonzeroMagnitude], [.infinity, 1],
    ] as [[Double]])
  func extremes(values: [Double]) throws {
    for scale in [ChartAxis.Scale.linear, .logarithmic] {
      let chart = LineChart(
        title: "t", x: ChartAxis("x", scale: scale), y: ChartAxis("y", scale: scale),
        series: [.init("s", values.map { .init($0, $0) })], markers: [.init("m", at: .nan)])
      let svg = chart.svg()
      #expect(XML.parse(svg) != nil)
      #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
    let histogram = Histogram(title: "t", x: ChartAxis("x"), groups: [.init("g", values)]).svg()
    #expect(XML.parse(histogram) != nil)
    #expect(!histogram.contains("nan") && !histogram.contains("inf"))
  }

  @Test("the bars of a histogram of shares add up to one for each group")
  func histogram() throws {
    let chart = Histogram(
      title: "Margin", x: ChartAxis("margin", bounds: 0...4),
      groups: [.init("clean", [0.5, 0.5, 1.5, 4]), .init("planted", [2.5])], binCount: 4)
    let xml = try #require(XML.parse(chart.svg()))
    let bars = xml.elements.filter {
      $0.name == "rect" && $0.attributes["class"] == "bar s0" && $0.attributes["height"] != "10"
    }
    let heights = bars.compactMap { $0.attributes["height"].flatMap(Double.init) }
    #expect(heights.count == 3)
    #expect(abs(heights[0] - heights[1] - heights[2]) < 0.03)
    #expect(xml.text.contains("clean (4)"))
  }

  @Test("names are escaped")
  func escaping() throws {
    let chart = LineChart(
      title: "<script>\"&'", x: ChartAxis("a<b"), y: ChartAxis("y"), series: [.init("</svg>", [])])
    let xml = try #require(XML.parse(chart.svg()))
    #expect(xml.count("script") == 0)
    #expect(xml.attributes("svg", "aria-label") == ["<script>\"&'"])
    #expect(xml.text.contains("</svg>"))
  }

  /// Charts of every kind, one after another.
  static func samples() -> String {
    let lines = LineChart.learningCurves(
      title: "Loss", y: ChartAxis("loss"), curves: [("train", [3, 2, .nan, 1]), ("test", [3, 4])])
    let spectrum = LineChart.spectrum(
      title: "Spectrum", eigenvalues: [("a", [10, 1, 0.1]), ("b", [5, 0])], damping: 0.5)
    let bars = Histogram(
      title: "Margin", x: ChartAxis("margin"),
      groups: [.init("clean", [0.5, 0.5, 1.5, 4]), .init("planted", [2.5])])
    return lines.svg() + spectrum.svg() + bars.svg()
  }

  @Test("the same charts give the same bytes in every process")
  func bytes() async throws {
    let folder = try ScratchFolder()
    let path = folder / "charts.svg"
    // Hashes, and with them the order in dictionaries and sets, differ between processes.
    await #expect(processExitsWith: .success) { [path = path as String] in
      try Data(ChartTests.samples().utf8).write(to: URL(fileURLWithPath: path))
    }
    #expect(try folder.bytes("charts.svg") == Array(ChartTests.samples().utf8))
  }

  @Test("on a phone of 375 px no text of a chart is below 9 px")
  func phone() throws {
    let narrow = try #require(
      ReportTemplates.style.firstMatch(
        of: /max-width:([0-9]+)rem\)\{figure\{overflow-x:auto\}figure svg\{min-width:([0-9]+)rem\}/)
    )
    let (widest, width) = (try #require(Double(narrow.1)), try #require(Double(narrow.2)))
    #expect(widest * 16 >= 375)
    let map = HeatMap(
      title: "T", label: "w", rows: [HeatMap.Row("0.head", [HeatMap.Cell(1, hint: "h")])])
    let sizes = (map.svg() + ChartStyle.sheet).matches(of: /font(?:-size)?:([0-9]+)px/)
      .compactMap { Double($0.1) }
    #expect(Set(sizes) == [10, 12, 15])
    for size in sizes { #expect(size * width * 16 / ChartStyle.width >= 9) }
  }
}
