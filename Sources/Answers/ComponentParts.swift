import Foundation
import Influence
import Reports
import Tensors

/// What layers and components add to the scores of the shown training examples, by query and row,
/// beside what the components do to the query themselves.
package struct ComponentParts: Sendable {
  /// Whose each parameter is.
  let map: ParameterParts
  private let sums: [[Int: ParameterParts.Sums]]
  private let own: [[QueryAnswer.ComponentScore]?]
  /// Whether components are asked for beside layers.
  private let hasComponents: Bool

  /// - Parameters:
  ///   - sums: by query and training row.
  ///   - own: attributions of each query to components; nil where they were not made.
  package init(
    _ map: ParameterParts, hasComponents: Bool, _ sums: [[Int: ParameterParts.Sums]],
    own: [[QueryAnswer.ComponentScore]?]
  ) {
    (self.map, self.sums, self.own, self.hasComponents) = (map, sums, own, hasComponents)
  }

  /// Adds what is known of a training example under a query.
  func add(to entry: inout QueryAnswer.Influence, query: Int, row: Int) {
    guard let sums = sums[query][row] else { return }
    entry.layers = zip(map.layers, sums.layers).map {
      QueryAnswer.LayerScore(layer: $0, score: $1)
    }
    guard hasComponents else { return }
    entry.components = zip(map.components, sums.components).map {
      QueryAnswer.ComponentScore(name: $0, score: $1)
    }
    entry.rest = sums.rest
  }

  /// What components do to a query.
  func attribution(of query: Int) -> [QueryAnswer.ComponentScore]? {
    own.indices.contains(query) ? own[query] : nil
  }
}

extension QueryAnswer {
  /// What a layer's parameters add to a score.
  public struct LayerScore: Codable, Equatable, Sendable {
    /// The path of its parameters.
    public let layer: String
    /// Those of all layers sum to the score.
    public let score: Double

    package init(layer: String, score: Double) { (self.layer, self.score) = (layer, score) }
  }

  /// What a component adds to a score, or does to a query.
  public struct ComponentScore: Codable, Equatable, Sendable {
    /// Such as `3.neuron.7`.
    public let name: String
    /// The part, or the attribution.
    public let score: Double

    package init(name: String, score: Double) { (self.name, self.score) = (name, score) }
  }

  /// Adds what is known by layer and component.
  package mutating func add(_ parts: ComponentParts?, _ tops: [TopExamples]) {
    guard let parts else { return }
    for (index, top) in tops.enumerated() {
      for (place, entry) in top.highest.enumerated() {
        parts.add(to: &queries[index].helpful[place], query: index, row: entry.row)
      }
      for (place, entry) in top.lowest.enumerated() {
        parts.add(to: &queries[index].harmful[place], query: index, row: entry.row)
      }
      queries[index].components = parts.attribution(of: index)
    }
  }
}

extension QueryAnswer.Query {
  /// Most parts of a score that a line shows.
  private static let shown = 6

  /// A line a training example with the largest parts of its score; none where none were asked for.
  func componentLines(_ sides: (String, String)) -> [String] {
    guard (helpful + harmful).contains(where: { $0.layers != nil }) else { return [] }
    let own = Dictionary(
      (components ?? []).map { ($0.name, $0.score) }, uniquingKeysWith: { first, _ in first })
    var lines: [String] = []
    for (side, list) in [(sides.0, helpful), (sides.1, harmful)] {
      for (rank, entry) in list.enumerated() {
        lines.append(
          "\(side) \(rank + 1), \(entry.id): " + String(format: "%+.4g", entry.score))
        lines.append(
          "  layers: "
            + Self.largest((entry.layers ?? []).map { ($0.layer, $0.score) }, own: [:]))
        guard let components = entry.components else { continue }
        lines.append(
          "  components: " + Self.largest(components.map { ($0.name, $0.score) }, own: own)
            + String(format: "; rest %+.3g", entry.rest ?? 0))
      }
    }
    if !own.isEmpty {
      lines.append("in brackets: what keeping the component adds to this query's output")
    }
    return lines
  }

  /// The parts with the largest size, and the sum of the others.
  private static func largest(
    _ parts: [(name: String, score: Double)], own: [String: Double]
  ) -> String {
    let order = parts.indices.sorted { (-abs(parts[$0].score), $0) < (-abs(parts[$1].score), $1) }
    var words = order.prefix(shown).map { place in
      let (name, score) = parts[place]
      return name + String(format: " %+.3g", score)
        + (own[name].map { String(format: " (%+.3g)", $0) } ?? "")
    }
    let others = order.dropFirst(shown)
    if !others.isEmpty {
      let sum = others.reduce(0) { $0 + parts[$1].score }
      words.append("\(others.count) others " + String(format: "%+.3g", sum))
    }
    return words.joined(separator: ", ")
  }
}
