import Reports

/// What a job answers: values for other programs, and the same for reading.
///
/// The fields of the JSON form are fixed (Documentation/JSON.md): fields may be added, none is
/// renamed, removed or given another sign under the same version.
public protocol Answer: Codable, Sendable {
  /// For reading on a terminal.
  var text: String { get }
}

extension Answer {
  /// The version of the fields of all answers.
  public static var version: Int { 2 }

  /// One JSON object in a line: the same value always gives the same bytes.
  public func json() throws -> String { try JSON.text(self, layout: .compact) }
}
