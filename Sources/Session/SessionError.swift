import Tensors

/// What can go wrong with a request to a session.
///
/// Each case holds the facts, the sentences are below.
public enum SessionError: DiagnosableError, Equatable {
  /// One name for several stores.
  case severalStores(method: String, count: Int)

  /// What went wrong.
  public var what: String {
    switch self {
    case .severalStores(let method, let count):
      "one store is named, and \(method) reads \(count)."
    }
  }

  /// The field of the request.
  public var location: String {
    switch self {
    case .severalStores: "`out`"
    }
  }

  /// What to do.
  public var remedy: String {
    switch self {
    case .severalStores: "leave it out: each store then has its own place."
    }
  }

  /// Wrong usage.
  public var exitCode: Int32 { 2 }
}
