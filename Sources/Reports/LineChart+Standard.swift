/// The charts that reports on attribution are made of.
extension LineChart {
  /// How many of the wanted examples are found when a ranking is inspected from its top.
  ///
  /// - Parameters:
  ///   - curves: For each ranking the points (fraction inspected, fraction found), both 0 … 1.
  ///   - wantedFraction: The wanted examples as a fraction of all: where an ideal ranking is done.
  public static func detection(
    title: String, curves: [Series], wantedFraction: Double
  ) -> LineChart {
    let end = min(1, max(0, wantedFraction.isFinite ? wantedFraction : 0))
    let axis = { (label: String) in ChartAxis(label, bounds: 0...1, format: .percent) }
    return LineChart(
      title: title, x: axis("examples inspected"), y: axis("wanted examples found"),
      series: curves + [
        Series("ideal order", [Point(0, 0), Point(end, 1), Point(1, 1)], style: .reference),
        Series("random order", [Point(0, 0), Point(1, 1)], style: .reference),
      ])
  }

  /// Eigenvalues against their place, both logarithmic, with λ where the spectrum crosses it.
  ///
  /// - Parameters:
  ///   - eigenvalues: For each kernel its eigenvalues, the largest first.
  ///   - damping: λ in units of the eigenvalues; drawn as a level line. Nil: none.
  public static func spectrum(
    title: String, eigenvalues: [(name: String, values: [Double])], damping: Double?
  ) -> LineChart {
    let longest = max(2, eigenvalues.map(\.values.count).max() ?? 0)
    let level = damping.map { value in
      Series(
        "damping λ = " + NumberText.significant(value),
        [Point(1, value), Point(Double(longest), value)], style: .reference)
    }
    return LineChart(
      title: title, x: ChartAxis("eigenvalue number", scale: .logarithmic),
      y: ChartAxis("eigenvalue", scale: .logarithmic),
      series: eigenvalues.map { Series($0.name, values: $0.values) } + (level.map { [$0] } ?? []))
  }

  /// Values by epoch, from 1.
  public static func learningCurves(
    title: String, y: ChartAxis, curves: [(name: String, values: [Double])]
  ) -> LineChart {
    LineChart(
      title: title, x: ChartAxis("epoch"), y: y,
      series: curves.map { Series($0.name, values: $0.values) })
  }
}
