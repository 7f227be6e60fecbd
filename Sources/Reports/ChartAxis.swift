import Foundation

/// One axis of a chart: what it measures and how it is laid out.
public struct ChartAxis: Sendable, Equatable {
  /// How values become places.
  public enum Scale: Sendable, Equatable {
    /// Equal differences take equal room.
    case linear
    /// Equal ratios take equal room; values of 0 and less are left out.
    case logarithmic
  }

  /// How ticks are written.
  public enum Format: Sendable, Equatable {
    /// As numbers.
    case number
    /// 0.25 as `25 %`.
    case percent
  }

  /// What is measured, and its unit.
  public var label: String
  /// How values become places.
  public var scale: Scale
  /// The ends of the axis; found from the values when nil, or when an end cannot be shown.
  public var bounds: ClosedRange<Double>?
  /// How ticks are written.
  public var format: Format

  /// An axis; linear, as wide as its values, and in plain numbers unless said otherwise.
  public init(
    _ label: String, scale: Scale = .linear, bounds: ClosedRange<Double>? = nil,
    format: Format = .number
  ) {
    (self.label, self.scale, self.bounds, self.format) = (label, scale, bounds, format)
  }
}

/// An axis with its ends and its ticks, found from the values it shows.
struct FittedAxis {
  struct Tick {
    let value: Double
    let label: String
  }

  let axis: ChartAxis
  let low: Double
  let high: Double
  let ticks: [Tick]

  /// Fits an axis to values, of which those it cannot show are passed over.
  init(_ axis: ChartAxis, values: [Double]) {
    self.axis = axis
    let shown = values.filter { FittedAxis.canShow($0, on: axis.scale) }
    let bounds = axis.bounds.flatMap { bounds in
      let ends = [bounds.lowerBound, bounds.upperBound]
      return ends.allSatisfy { FittedAxis.canShow($0, on: axis.scale) } ? bounds : nil
    }
    var low = bounds?.lowerBound ?? shown.min() ?? (axis.scale == .linear ? 0 : 1)
    var high = bounds?.upperBound ?? shown.max() ?? (axis.scale == .linear ? 1 : 10)
    switch axis.scale {
    case .linear:
      if high - low <= 1e-9 * max(abs(low), abs(high)) || high == low {
        let room = low == 0 ? 0.5 : abs(low) / 10
        (low, high) = (low - room, high + room)
      }
      let step = FittedAxis.niceStep((high - low) / 5)
      if bounds == nil {
        low = (low / step + 1e-9).rounded(.down) * step
        high = (high / step - 1e-9).rounded(.up) * step
      }
      ticks = FittedAxis.linearTicks(low, high, step: step, format: axis.format)
    case .logarithmic:
      if high / low < 1.5 { (low, high) = (low / 2, high * 2) }
      if bounds == nil {
        let room = pow(high / low, 0.03)
        (low, high) = (max(low / room, 1e-307), min(high * room, 1e307))
      }
      ticks = FittedAxis.logarithmicTicks(low, high)
    }
    (self.low, self.high) = (low, high)
  }

  /// Whether a value has a place on an axis: finite, not too large, positive if need be.
  static func canShow(_ value: Double, on scale: ChartAxis.Scale) -> Bool {
    guard value.isFinite, abs(value) < 1e300 else { return false }
    return scale == .linear || value > 1e-300
  }

  /// The place of a value between 0 and 1, at the nearer end when it is outside.
  func place(_ value: Double) -> Double {
    let share =
      axis.scale == .linear
      ? (value - low) / (high - low) : log(value / low) / log(high / low)
    return min(1, max(0, share))
  }

  /// 1, 2 or 5 times a power of ten, not less than `step`.
  static func niceStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10) * power
  }

  private static func linearTicks(
    _ low: Double, _ high: Double, step: Double, format: ChartAxis.Format
  ) -> [Tick] {
    let first = (low / step - 1e-9).rounded(.up)
    let end: Double = high + 1e-9 * step
    let values = (0..<12).map { (index: Int) -> Double in (first + Double(index)) * step }
      .filter { $0 <= end }
    let largest = max(abs(low), abs(high))
    return values.map { value in
      let value = abs(value) < step * 1e-6 ? 0 : value
      let unit = format == .percent ? 100.0 : 1
      if largest * unit >= 1e6 || step * unit < 1e-4 {
        return Tick(value: value, label: NumberText.significant(value * unit))
      }
      let decimals = max(0, Int((-log10(step * unit) - 1e-9).rounded(.up)))
      let text =
        decimals == 0
        ? NumberText.whole(Int((value * unit).rounded()))
        : NumberText.fixed(value * unit, decimals: decimals)
      return Tick(value: value, label: format == .percent ? text + " %" : text)
    }
  }

  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Tick] {
    let first = Int((log10(low) - 1e-9).rounded(.up))
    let last = Int((log10(high) + 1e-9).rounded(.down))
    let decades = first <= last ? Array(first...last) : []
    if decades.count >= 3 {
      let stride = (decades.count + 6) / 7
      return decades.filter { $0 % stride == 0 }.map {
        Tick(value: pow(10, Double($0)), label: power($0))
      }
    }
    let steps = (first - 1...max(first, last)).flatMap { e in
      [1, 2, 5].map { $0 * pow(10, Double(e)) }
    }
    return steps.filter { $0 >= low && $0 <= high }.map {
      Tick(value: $0, label: NumberText.significant($0, digits: 1))
    }
  }

  private static func power(_ exponent: Int) -> String {
    switch exponent {
    case 0: "1"
    case 1: "10"
    default: "10" + NumberText.superscript(exponent)
    }
  }
}
