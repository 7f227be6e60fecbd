import Foundation

/// Numbers as people read them: the same text in every locale, a true minus sign, no NaN surprises.
public enum NumberText {
  /// A whole number with separators between thousands: `1,297`.
  public static func whole(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits = String(digits.dropLast(3))
    }
    return (value < 0 ? "−" : "") + ([digits[...]] + groups).joined(separator: ",")
  }

  /// A number of fixed decimals: `0.998`, `−1.20`; `NaN`, `∞` and `−∞` as such.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return nonFinite(value) }
    let text = String(format: "%.\(max(0, decimals))f", value)
    return minus(text)
  }

  /// A number of significant digits, with a power of ten outside 10⁻⁴ … 10⁶: `0.0123`, `3.1·10⁻⁷`.
  public static func significant(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return nonFinite(value) }
    guard value != 0 else { return "0" }
    let parts = String(format: "%.\(max(1, digits) - 1)e", value).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(value)" }
    if exponent >= -4 && exponent < 6 {
      return minus(String(format: "%.\(max(0, digits - 1 - exponent))f", value))
    }
    return minus(String(parts[0])) + "·10" + superscript(exponent)
  }

  /// `significant` with its sign, `+` too: for scores, where the sign is the answer.
  public static func signed(_ value: Double, digits: Int = 3) -> String {
    (value > 0 ? "+" : "") + significant(value, digits: digits)
  }

  /// A share as a percentage: `97.3 %` for 0.973.
  public static func percent(_ share: Double, decimals: Int = 1) -> String {
    fixed(100 * share, decimals: decimals) + " %"
  }

  /// A time: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 14 min`.
  public static func seconds(_ value: Double) -> String {
    guard value >= 0, value < 1e15 else { return significant(value) + " s" }
    if value < 10 { return String(format: "%.2f s", value) }
    if value < 59.95 { return String(format: "%.1f s", value) }
    let whole = Int(value.rounded())
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
  }

  /// An integer as superscript digits: `⁻³`.
  static func superscript(_ value: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (value < 0 ? "⁻" : "")
      + String(String(value.magnitude).compactMap { $0.wholeNumberValue.map { digits[$0] } })
  }

  private static func minus(_ text: String) -> String {
    guard text.first == "-" else { return text }
    let rest = text.dropFirst()
    let isZero = rest.allSatisfy { $0 == "0" || $0 == "." }
    return (isZero ? "" : "−") + rest
  }

  private static func nonFinite(_ value: Double) -> String {
    value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞"
  }
}
