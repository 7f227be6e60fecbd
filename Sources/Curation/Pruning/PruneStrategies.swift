import Tensors

/// All strategies by their names.
public struct PruneStrategies: Sendable {
  /// In the order in which they are shown.
  public let all: [PruneStrategy]

  /// Those of this engine, the default first.
  public static let standard = PruneStrategies(
    all: [.recipe, .random, .classBalanced]
      + PruneStrategy.loss + PruneStrategy.el2n + PruneStrategy.grand + PruneStrategy.forgetting
      + PruneStrategy.areaUnderMargin + PruneStrategy.pvi
      + [.ccs, .graphSmoothing, .margin, .influence]
      + PruneStrategy.selfInfluence + [
        .facilityLocation, .kCenter, .herding, .smart, .tarot, .dsir, .bm25,
      ])

  /// The strategy of a name, in any case of letters; that of a signal alone (`aum`) keeps the hardest.
  ///
  /// - Throws: `PruningError.unknownStrategy` naming the nearest.
  public func strategy(named name: String) throws(PruningError) -> PruneStrategy {
    let wanted = name.lowercased()
    let found = all.first { $0.name == wanted } ?? all.first { $0.name == wanted + "-hardest" }
    guard let found else { throw .unknownStrategy(name, known: names) }
    return found
  }

  /// The names as they are typed, those of the hardest by their signals alone.
  public var names: [String] {
    all.map { $0.name.hasSuffix("-hardest") ? String($0.name.dropLast(8)) : $0.name }
  }
}
