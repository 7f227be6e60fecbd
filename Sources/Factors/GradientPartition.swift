/// A cut of a network's parameters into parts, each coordinate in exactly one of them.
///
/// A parameter is whole in a part, or cut along one axis: by its rows (what a neuron or filter reads)
/// or by its columns (where a head's values go).
public struct GradientPartition: Sendable {
  /// What a parameter is cut along: its first axis, or all others taken together.
  public enum Axis: Sendable { case rows, columns }

  /// A parameter with the part of each of its lines.
  public struct Cut: Sendable {
    /// The parameter.
    public let parameter: Parameter
    /// What it is cut along.
    public let axis: Axis
    /// The part of each row or column.
    public let parts: [Int]

    /// A parameter cut into lines.
    ///
    /// - Parameter parts: one a row (the parameter's first axis), or one a column (numbers of a row).
    public init(_ parameter: Parameter, along axis: Axis, parts: [Int]) {
      let rows = parameter.shape.first ?? 1
      precondition(
        parts.count == (axis == .rows ? rows : parameter.count / Swift.max(1, rows)),
        "\(parts.count) parts along \(axis) of \(parameter.shape)")
      (self.parameter, self.axis, self.parts) = (parameter, axis, parts)
    }

    /// A parameter in one part.
    public init(_ parameter: Parameter, whole part: Int) {
      let rows = parameter.shape.first ?? 1
      self.init(parameter, along: .rows, parts: [Int](repeating: part, count: rows))
    }

    /// The only part; nil where there are several.
    var whole: Int? { parts.allSatisfy { $0 == parts.first } ? parts.first : nil }

    /// Numbers of a row.
    var width: Int { parameter.count / Swift.max(1, parameter.shape.first ?? 1) }
  }

  /// Number of parts.
  public let count: Int
  private let cuts: [Cut]

  /// A partition into `count` parts of the parameters that are cut.
  ///
  /// - Precondition: each parameter once, parts in 0..<count.
  public init(count: Int, _ cuts: [Cut]) {
    precondition(
      cuts.allSatisfy { $0.parts.allSatisfy { (0..<count).contains($0) } }, "parts of \(count)")
    self.count = count
    self.cuts = cuts.sorted { $0.parameter.offset < $1.parameter.offset }
  }

  /// The cut of a parameter, or of the one that it is rows of (a group's).
  func cut(of parameter: Parameter) -> Cut {
    guard let cut = cuts.last(where: { $0.parameter.offset <= parameter.offset }),
      cut.parameter.range.contains(parameter.offset)
    else { preconditionFailure("\(parameter.name) is in no part") }
    return cut
  }
}
