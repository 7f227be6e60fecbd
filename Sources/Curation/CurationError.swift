import Tensors

/// What can go wrong in curation.
public enum CurationError: DiagnosableError, Equatable {
  /// A request that this run's data or training cannot have.
  case notDefined(what: String, reason: String, run: String, remedy: String)
  /// A request with a value that means nothing.
  case request(problem: String, field: String, remedy: String)
  /// A file that is no bank of decoys.
  case notDecoys(problem: String, file: String)

  /// 2 for a wrong request, 4 for a file that changed, else 3.
  public var exitCode: Int32 {
    switch self {
    case .request: 2
    case .notDecoys: 4
    case .notDefined: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .notDefined(let what, let reason, _, _): "\(what) is not defined here: \(reason)"
    case .request(let problem, _, _): problem
    case .notDecoys(let problem, _): "the models with decoys cannot be read: \(problem)"
    }
  }

  /// The field, the run or the file.
  public var location: String {
    switch self {
    case .notDefined(_, _, let run, _): run
    case .request(_, let field, _): field
    case .notDecoys(_, let file): file
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .notDefined(_, _, _, let remedy), .request(_, _, let remedy): remedy
    case .notDecoys: "delete the file; the same command makes it again"
    }
  }
}

extension CurationError {
  /// Refuses precisions that no cut has.
  static func requirePrecision(_ precision: Double) throws(CurationError) {
    if (0.5...0.99).contains(precision) { return }
    throw .request(
      problem: "‹cut› must be from 0.5 to 0.99, not \(precision)", field: "‹cut›",
      remedy: "for instance ‹cut: 0.9›: nine of ten examples before the cut are to be wrong")
  }
}
