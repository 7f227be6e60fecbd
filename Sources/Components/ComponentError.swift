import Tensors

/// What can go wrong when parts of a network are attributed to or taken away.
public enum ComponentError: DiagnosableError, Equatable {
  /// A network without parts of the kinds that are asked for.
  case none(kinds: [String], known: [String])
  /// A name that no component has.
  case unknown(name: String, near: String?, place: String)
  /// A request with a value that nothing can be done with.
  case request(problem: String, field: String, remedy: String)
  /// Masks that do not fit the network's components.
  case masks(problem: String, place: String)
  /// An ablation or a method that this network or these data cannot have.
  case notDefined(name: String, reason: String, field: String)
  /// A file that is not a bank of ablations.
  case notABank(problem: String, file: String)
  /// A bank of ablations that was made from something else.
  case otherBank(field: String, expected: String?, found: String?, file: String)
  /// A component that no change of weights takes away.
  case notBaked(component: String, reason: String)
  /// A file that is not an edit of this network.
  case notAnEdit(problem: String, file: String)

  /// 2 for a wrong request, 4 for a bank of something else, else 3.
  public var exitCode: Int32 {
    switch self {
    case .request, .none, .unknown: 2
    case .otherBank: 4
    default: 3
    }
  }

  /// What went wrong.
  public var what: String {
    switch self {
    case .none(let kinds, _): "the network has no \(kinds.joined(separator: ", "))"
    case .unknown(let name, let near, _):
      "there is no component `\(name)`" + (near.map { "; did you mean `\($0)`?" } ?? "")
    case .request(let problem, _, _), .masks(let problem, _): problem
    case .notDefined(let name, let reason, _): "\(name) is not defined here: \(reason)"
    case .notABank(let problem, _): "the bank of ablations cannot be read: \(problem)"
    case .otherBank(let field, let expected, let found, _):
      "the bank of ablations was made from something else: \(field) differs, expected "
        + "\(expected ?? "none"), found \(found ?? "none")"
    case .notBaked(let component, let reason):
      "`\(component)` cannot be baked into the weights: \(reason)"
    case .notAnEdit(let problem, _): "the edit cannot be used: \(problem)"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .none: "‹kinds›"
    case .notBaked: "‹bake›"
    case .unknown(_, _, let place), .masks(_, let place): place
    case .request(_, let field, _), .notDefined(_, _, let field): field
    case .notABank(_, let file), .notAnEdit(_, let file), .otherBank(_, _, _, let file): file
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .none(_, let known):
      known.isEmpty
        ? "nothing between its layers can be taken away"
        : "it has " + known.joined(separator: ", ")
    case .unknown:
      "names are such as `3.neuron.7` or `h.0.attn.head.2`, or parts of them; "
        + "`ascribe components RUN ‹csv: FILE›` writes all"
    case .request(_, _, let remedy): remedy
    case .masks: "give one line a mask: names of the components that it takes away, or `none`"
    case .notDefined: "choose another"
    case .notBaked:
      "write the edit with ‹out: FILE.json› and take it away at inference: "
        + "ascribe outputs RUN ‹edit: FILE.json›"
    case .notABank, .otherBank: "delete the file; the next run makes it again"
    case .notAnEdit: "make it again: ascribe edit RUN"
    }
  }
}
