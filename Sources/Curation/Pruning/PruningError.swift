import Datasets
import Tensors

/// What can go wrong when a training set is pruned.
public enum PruningError: DiagnosableError, Equatable {
  /// A share to keep that is none.
  case keep(Double)
  /// A strategy that does not exist.
  case unknownStrategy(String, known: [String])
  /// A class of which nothing would be left.
  case vanishes(label: String, examples: Int, strategy: String, keep: Double)
  /// A strategy that this run's training or targets cannot serve.
  case unfit(strategy: String, reason: String)
  /// A request that leaves nothing to prove.
  case nothingDropped(keep: Double)
  /// A number that is asked for and out of range.
  case outOfRange(field: String, value: Int, allowed: ClosedRange<Int>)
  /// A list of examples to drop that leaves none.
  case list(problem: String)
  /// A subset of which held-out examples leave nothing.
  case nothingLeft(strategy: String)
  /// A folder that is to be made and is there.
  case folderInUse(String)

  /// 2 for a wrong request, 3 for a run that cannot serve it.
  public var exitCode: Int32 {
    switch self {
    case .vanishes, .unfit: 3
    default: 2
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .keep(let keep): "a share of \(keep) to keep is not above 0 and at most 1"
    case .unknownStrategy(let name, let known):
      "there is no strategy '\(name)'"
        + (nearest(to: name.lowercased(), among: known).map { "; did you mean '\($0)'?" } ?? "")
    case .vanishes(let label, let examples, let strategy, let keep):
      "\(strategy) at \(keep) would drop all \(examples) examples of the class \(label)"
    case .unfit(let strategy, let reason): "\(strategy) is not defined here: \(reason)"
    case .nothingDropped(let keep):
      "keeping \(keep) drops no example: there is nothing to prove"
    case .outOfRange(let field, let value, let allowed):
      "\(field) is \(value), not from \(allowed.lowerBound) to \(allowed.upperBound)"
    case .list(let problem): problem
    case .nothingLeft(let strategy):
      "\(strategy) keeps no example that is not held out for the tournament"
    case .folderInUse(let folder): "\(folder) is there already"
    }
  }

  /// The field of the request.
  public var location: String {
    switch self {
    case .keep, .vanishes, .nothingDropped, .nothingLeft: "‹keep›"
    case .unknownStrategy, .unfit: "‹strategy›"
    case .outOfRange(let field, _, _): field
    case .list: "‹drop›"
    case .folderInUse: "‹write›"
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .keep: "for instance ‹keep: 0.9,0.5›"
    case .unknownStrategy(_, let known): "choose from \(known.joined(separator: ", "))"
    case .vanishes:
      "keep more, or choose ‹strategy: class-balanced› or ‹strategy: facility-location›"
    case .unfit: "choose another ‹strategy›"
    case .nothingDropped: "keep less, for instance ‹keep: 0.9›, or leave ‹prove› out"
    case .outOfRange(_, _, let allowed):
      "choose from \(allowed.lowerBound) to \(allowed.upperBound)"
    case .list: "name fewer"
    case .nothingLeft: "keep more"
    case .folderInUse: "name another folder, or delete that one"
    }
  }
}
