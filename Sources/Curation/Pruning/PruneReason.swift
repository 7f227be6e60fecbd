/// Why an example was dropped.
public enum PruneReason: String, Sendable, Codable, CaseIterable {
  /// Its label looks wrong, or training on it harms.
  case suspect
  /// Others that are kept say the same.
  case redundant
  /// The network learns it without being shown it.
  case easy
  /// The network does not learn it.
  case hard
  /// It was drawn.
  case random
}
