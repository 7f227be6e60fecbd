import Tensors

/// What can go wrong with a request to a session.
///
/// Each case holds the facts, the sentences are below.
public enum SessionError: DiagnosableError, Equatable {
  /// One name for several stores.
  case severalStores(method: String, count: Int)
  /// A list of ids without one.
  case noExample(field: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .severalStores(let method, let count):
      "one store is named, and \(method) reads \(count)."
    case .noExample(let field): "\(field) names no example."
    }
  }

  /// The field of the request.
  public var location: String {
    switch self {
    case .severalStores: "‹out›"
    case .noExample(let field): field
    }
  }

  /// What to do.
  public var remedy: String {
    switch self {
    case .severalStores: "leave it out: each store then has its own place."
    case .noExample: "write ids such as 17 or 3,5."
    }
  }

  /// Wrong usage.
  public var exitCode: Int32 { 2 }
}
