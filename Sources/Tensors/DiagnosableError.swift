/// An error that says what went wrong, where, and how to put it right.
///
/// Cases of conforming types carry facts; the three sentences are built in one place.
public protocol DiagnosableError: Error, CustomStringConvertible, Sendable {
  /// What went wrong, with the values that show it.
  var what: String { get }
  /// The file, row, flag or tensor where it was found.
  var location: String { get }
  /// What the user can do about it.
  var remedy: String { get }
  /// The exit code of a command that ends with this error: 1 anything, 2 wrong usage, 3 bad input,
  /// 4 mismatched or corrupt store.
  var exitCode: Int32 { get }
}

extension DiagnosableError {
  /// Bad input unless a conforming type says otherwise.
  public var exitCode: Int32 { 3 }

  /// The three sentences as they are printed.
  public var description: String {
    "error: \(what)\n  at:  \(location)\n  fix: \(remedy)"
  }
}
