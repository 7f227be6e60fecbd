// Letters: d components, K masks with gradients, k components with exact differences, R masks each.

/// How many masked passes an estimate may take.
public enum ComponentPreset: String, Sendable, CaseIterable, Codable {
  /// About 12 + 64 + d/16 passes.
  case lean
  /// About 48 + 128 + at most d/4 passes.
  case standard
  /// About 48 + 128 + at most d passes.
  case thorough

  /// K.
  var gradientMasks: Int { self == .lean ? 4 : 16 }
  /// k.
  var exactComponents: Int { self == .lean ? 16 : 32 }
  /// R: as many as k components with four each take, at least 4 and at most all K.
  ///
  /// Four say little where two parts do together what neither does alone: one mask that happens to
  /// take the other is a quarter of the answer then. Where parts are few, more cost nothing.
  func masksOfDifference(of components: Int) -> Int {
    max(4, min(gradientMasks, 4 * exactComponents / max(1, components)))
  }

  /// Masks whose outputs a regression is fitted to, at the most.
  func outputMasks(of components: Int) -> Int {
    switch self {
    case .lean: max(4, components / 16)
    case .standard: max(4, components / 4)
    case .thorough: max(4, components)
    }
  }
}
