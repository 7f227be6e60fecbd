/// The looks of all charts: colours for light and dark paper, one size, one type.
enum ChartStyle {
  static let width = 640.0
  static let height = 380.0
  static let left = 70.0
  static let right = 30.0
  static let bottom = 56.0
  /// The number of series colours; more series start again from the first.
  static let colorCount = 6

  private static let light = [
    "#1f66c1", "#c2540a", "#0d7d6c", "#8046b5", "#b3263e", "#6b6f12",
  ]
  private static let dark = [
    "#74aefc", "#f5a05c", "#4fcbb0", "#c39bf3", "#f58696", "#cfd058",
  ]

  /// The style sheet of a chart, which stands within it so that the chart is complete alone.
  static let sheet: String = {
    let base = """
      .chart text{font:12px/1.2 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}\
      .chart .title{font-size:15px;font-weight:600}\
      .chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
      .chart .model{stroke-width:1.5;stroke-dasharray:5 4}\
      .chart .reference{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-dasharray:5 5}\
      .chart .r1{stroke-dasharray:.1 4}\
      .chart .axis,.chart .grid,.chart .marker{fill:none;stroke-width:1}\
      .chart .marker{stroke-width:1.5;stroke-dasharray:2 3}\
      .chart .bar{fill-opacity:.45;stroke-width:1}
      """
    let lightRules = rules(
      paper: "#ffffff", ink: "#1c2228", soft: "#5a6570", grid: "#e6e9ec", colors: light)
    let darkRules = rules(
      paper: "#1a1e23", ink: "#e9ecef", soft: "#a3adb8", grid: "#30363d", colors: dark)
    return base + lightRules + "@media screen and (prefers-color-scheme:dark){" + darkRules + "}"
  }()

  private static func rules(
    paper: String, ink: String, soft: String, grid: String, colors: [String]
  ) -> String {
    let fixed = """
      .chart .paper{fill:\(paper)}.chart text{fill:\(soft)}.chart .title{fill:\(ink)}\
      .chart .axis{stroke:\(soft)}.chart .grid{stroke:\(grid)}\
      .chart .reference,.chart .marker{stroke:\(soft)}
      """
    return colors.enumerated().reduce(fixed) { text, color in
      text + ".chart .s\(color.offset){stroke:\(color.element)}"
        + ".chart .bar.s\(color.offset){fill:\(color.element)}"
    }
  }
}
