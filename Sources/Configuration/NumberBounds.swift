/// The numbers a key may have, with the words for an error message.
public struct NumberBounds: Sendable, Equatable {
  /// The least number, itself allowed unless `lowerIsOpen`.
  public var lower: Double
  /// The greatest number, itself allowed unless `upperIsOpen`.
  public var upper: Double
  /// Whether `lower` itself is refused.
  public var lowerIsOpen = false
  /// Whether `upper` itself is refused.
  public var upperIsOpen = false

  /// Any finite number.
  public static let any = NumberBounds(lower: -.infinity, upper: .infinity)
  /// Numbers above 0.
  public static let positive = NumberBounds(lower: 0, upper: .infinity, lowerIsOpen: true)
  /// 0 and above.
  public static let notNegative = NumberBounds(lower: 0, upper: .infinity)
  /// 0 to 1, both allowed.
  public static let fraction = NumberBounds(lower: 0, upper: 1)
  /// Above 0 and below 1.
  public static let properFraction = NumberBounds(
    lower: 0, upper: 1, lowerIsOpen: true, upperIsOpen: true)

  /// Both bounds allowed.
  public static func between(_ lower: Double, _ upper: Double) -> NumberBounds {
    NumberBounds(lower: lower, upper: upper)
  }

  /// The lower bound allowed, the upper not.
  public static func from(_ lower: Double, below upper: Double) -> NumberBounds {
    NumberBounds(lower: lower, upper: upper, upperIsOpen: true)
  }

  /// Whether a number is within the bounds.
  public func contains(_ value: Double) -> Bool {
    (lowerIsOpen ? value > lower : value >= lower)
      && (upperIsOpen ? value < upper : value <= upper)
  }

  /// The bounds in words: "greater than 0 and at most 1".
  public var text: String {
    var parts: [String] = []
    if lower > -.infinity {
      parts.append((lowerIsOpen ? "greater than " : "at least ") + decimal(lower))
    }
    if upper < .infinity { parts.append((upperIsOpen ? "below " : "at most ") + decimal(upper)) }
    return parts.isEmpty ? "finite" : parts.joined(separator: " and ")
  }
}

/// A number as a reader writes it: whole numbers without a point.
func decimal(_ value: Double) -> String {
  Int(exactly: value).map(String.init) ?? "\(value)"
}
