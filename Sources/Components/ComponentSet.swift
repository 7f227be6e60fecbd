// Letters: d components.
import Networks
import Tensors

/// The components of a network that are attributed to, in the order of a forward pass.
public struct ComponentSet: Sendable {
  /// The components, d of them.
  public let components: [Component]
  /// The points that they are at, each once, in order.
  public let groups: [ComponentGroup]
  private let places: [String: Int]

  /// What stands for a network's parts unless told otherwise: its smallest ones.
  public static let standardKinds: [ComponentGroup.Kind] = [.filter, .neuron, .head]

  /// The components of some kinds whose names some patterns choose.
  ///
  /// - Parameters:
  ///   - kinds: what is attributed to.
  ///   - patterns: as `‹layers›` has them, over names such as `h.0.attn.head.2`; nil: all.
  /// - Throws: `ComponentError.none` for a network without such parts, `.unknown` for a pattern that
  ///   matches none of them, `.request` for patterns that leave none.
  public init(
    _ network: Network, kinds: [ComponentGroup.Kind] = ComponentSet.standardKinds,
    patterns: LayerPatterns? = nil
  ) throws {
    let all = network.components.filter { kinds.contains($0.kind) }.flatMap { group in
      (0..<group.units).map {
        Component(kind: group.kind, layer: group.path, unit: $0, point: group.point)
      }
    }
    guard !all.isEmpty else {
      throw ComponentError.none(
        kinds: kinds.map(\.rawValue),
        known: ComponentGroup.Kind.allCases.filter { kind in
          network.components.contains { $0.kind == kind }
        }.map(\.rawValue))
    }
    let names = all.map(\.name)
    let chosen = try patterns.map { try ComponentSet.chosen($0, among: names) }
    components = chosen.map { $0.map { all[$0] } } ?? all
    let points = Set(components.map(\.point))
    groups = network.components.filter { points.contains($0.point) }
    places = Dictionary(uniqueKeysWithValues: components.enumerated().map { ($1.name, $0) })
  }

  /// The places of the names that patterns choose.
  private static func chosen(
    _ patterns: LayerPatterns, among names: [String]
  ) throws(ComponentError) -> [Int] {
    let places: [Int]
    do {
      places = try patterns.chosen(among: names, place: "‹components›")
    } catch {
      let wanted = if case .unmatched(let pattern, _, _) = error { pattern } else { "\(patterns)" }
      throw .unknown(
        name: wanted, near: nearest(to: wanted, among: names), place: "‹components›")
    }
    guard !places.isEmpty else {
      throw .request(
        problem: "`\(patterns)` leaves no component", field: "‹components›",
        remedy: "choose one or more")
    }
    return places
  }

  /// Number of components d.
  public var count: Int { components.count }

  /// The places of components by their names.
  ///
  /// - Throws: `ComponentError.unknown` with the nearest name.
  public func places(of names: [String], file: String) throws(ComponentError) -> [Int] {
    var found: [Int] = []
    for name in names {
      guard let place = places[name] else {
        throw .unknown(
          name: name, near: nearest(to: name, among: components.map(\.name)), place: file)
      }
      found.append(place)
    }
    return found
  }

  /// The kinds that there are, in the order of their declaration.
  public var kinds: [ComponentGroup.Kind] {
    ComponentGroup.Kind.allCases.filter { kind in components.contains { $0.kind == kind } }
  }
}
