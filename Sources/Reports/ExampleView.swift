/// What a reader is shown of an example.
public enum ExampleView: Sendable, Equatable {
  /// A name and a value of one input column.
  public struct Feature: Sendable, Equatable {
    /// The name of the column.
    public var name: String
    /// Its value as text.
    public var value: String

    /// A name and a value.
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// A picture.
  case image(ExampleImage)
  /// The values of a row of a table.
  case features([Feature])
  /// A text, such as a sentence.
  case text(String)
  /// A passage, its tokens shaded by their scores.
  case tokens([ScoredToken])
  /// Only its id and label.
  case nothing

  /// The first values of a row of a table, three digits each unless whole; the rest is counted.
  ///
  /// - Parameters:
  ///   - values: The input of the example.
  ///   - names: A name a value; `x0`, `x1`, … where they are too few.
  ///   - limit: The number of values shown.
  public static func features(_ values: [Float], names: [String] = [], limit: Int = 8)
    -> ExampleView
  {
    var shown = values.prefix(max(0, limit)).enumerated().map { index, value in
      Feature(index < names.count ? names[index] : "x\(index)", text(Double(value)))
    }
    let rest = values.count - shown.count
    if rest > 0 { shown.append(Feature("…", "\(rest) more")) }
    return .features(shown)
  }

  /// Whether it is a passage, which needs the width of a page.
  var isPassage: Bool {
    switch self {
    case .text, .tokens: true
    default: false
    }
  }

  /// Whether it is a passage with tokens that have scores.
  var isShaded: Bool {
    guard case .tokens(let tokens) = self else { return false }
    return tokens.contains { $0.score != nil }
  }

  private static func text(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e6
    return isWhole ? NumberText.fixed(value, decimals: 0) : NumberText.significant(value)
  }
}
