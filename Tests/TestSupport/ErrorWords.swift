import Tensors

/// An error and what is printed of it: the three sentences and the exit code.
public struct ErrorWords: Sendable, CustomStringConvertible {
  /// The error.
  public let error: any DiagnosableError
  /// The sentences as they are meant to be read.
  public let text: String
  /// The exit code that is meant.
  public let code: Int32

  /// Words of an error, with the exit code of bad input unless said otherwise.
  public init(_ error: any DiagnosableError, code: Int32 = 3, _ text: String) {
    (self.error, self.text, self.code) = (error, text, code)
  }

  /// Whether the error is printed so, and ends a command so.
  public var isPrinted: Bool { error.description == text && error.exitCode == code }

  /// What is printed, for the account of a failure.
  public var description: String { "\(error.description) (exit code \(error.exitCode))" }
}
