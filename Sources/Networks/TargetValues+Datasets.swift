import Datasets

extension TargetValues {
  /// A data set's targets without the names of the classes.
  public init(_ targets: Targets) {
    switch targets {
    case .classes(let classes, _): self = .classes(classes)
    case .values(let values): self = .values(values)
    case .tokens(let tokens, _): self = .tokens(tokens)
    }
  }
}
