import Components
import Foundation
import Networks
import Reports

/// What the components of a network do to the outputs of some queries.
public struct ComponentsAnswer: Answer, Equatable {
  /// A component.
  public struct Entry: Codable, Equatable, Sendable {
    /// Such as `3.neuron.7`.
    public let name: String
    /// neuron, filter, head, attention, mlp, block or layer.
    public let kind: ComponentGroup.Kind
    /// The path of its weights.
    public let layer: String
    /// From 0.
    public let unit: Int
    /// Mean of τ over the queries: the change of the output function by keeping it.
    public let weight: Double
    /// Mean of |τ|.
    public let magnitude: Double
    /// Standard error of `weight`; absent where the method has none.
    public let error: Double?
    /// Whether `weight` is not 0, at the answer's rate of false discoveries; absent without errors.
    public let matters: Bool?
  }

  /// The run, the estimator, f, and what is in the place of what is taken away.
  public let run, method: String
  public let outputFunction, ablation: String
  /// The share of components that random masks take away.
  public let alpha: Double
  /// How many masked forward passes the estimate may take.
  public let preset: ComponentPreset
  /// Masked forward passes of every query, one with gradients counted as three.
  public let passes: Int
  /// Number of queries.
  public let queries: Int
  /// Agreement with the truth under masks that were not used: the answer's own α first.
  public let fresh: [FreshCorrelation]
  /// The expected share of false ones among those that matter.
  public let falseDiscoveryRate: Double
  /// The components in the order of a forward pass.
  public let components: [Entry]
  /// What was chosen on the way.
  public let notes: [String]

  package init(
    run: String, method: ComponentMethod, _ study: ComponentStudy, _ estimate: ComponentEstimate,
    passes: Int, fresh: [FreshCorrelation]
  ) {
    (self.run, self.method) = (run, method.rawValue)
    outputFunction = study.outputs.function.rawValue
    ablation = study.outputs.ablation.description
    (alpha, preset, self.passes) = (study.share, study.preset, passes)
    (queries, self.fresh, notes) = (study.outputs.count, fresh, estimate.notes)
    falseDiscoveryRate = DiscoveredComponents.rate
    let (weights, magnitudes) = (estimate.weights, estimate.magnitudes)
    let found = estimate.errors.map { DiscoveredComponents.found(weights, errors: $0) }
    components = study.components.components.enumerated().map { place, component in
      Entry(
        name: component.name, kind: component.kind, layer: component.layer, unit: component.unit,
        weight: weights[place], magnitude: magnitudes[place], error: estimate.errors?[place],
        matters: found?[place])
    }
  }

  /// The components with the largest magnitude first.
  public var strongest: [Entry] {
    components.sorted { ($1.magnitude, $0.name) < ($0.magnitude, $1.name) }
  }

  /// How many matter, and how well their weights predict, in a line.
  package var summary: String {
    var text = "\(components.count) components"
    if components.first?.matters != nil {
      text += ", \(components.count { $0.matters == true }) matter"
    }
    if let first = strongest.first {
      text += String(format: "; the strongest %@ (%+.3f)", first.name, first.weight)
    }
    if let own = fresh.first {
      text += String(
        format: "; without random %g %% of them the weights say the %@ by r = %.3f ± %.3f",
        100 * own.alpha, outputFunction, own.pearson, own.pearsonError)
    }
    return text
  }

  /// Components that a table for reading shows.
  public static let shown = 20

  /// A table for reading, and how far it can be trusted.
  public var text: String {
    var table = TextTable(["component", "weight", "±", "magnitude", "matters"])
    for entry in strongest.prefix(ComponentsAnswer.shown) {
      table.append([
        entry.name, String(format: "%+.4g", entry.weight),
        entry.error.map { String(format: "%.2g", 1.96 * $0) } ?? "",
        String(format: "%.4g", entry.magnitude), entry.matters.map { $0 ? "yes" : "" } ?? "",
      ])
    }
    var lines = [
      "\(method) of \(outputFunction), \(queries) queries, \(components.count) components, "
        + "ablation \(ablation), α \(alpha): \(passes) masked passes a query"
    ]
    lines += notes
    lines.append(table.text)
    lines += fresh.map {
      String(
        format: "fresh masks, α %g: Pearson %.3f ± %.3f, Spearman %.3f", $0.alpha, $0.pearson,
        $0.pearsonError, $0.spearman)
    }
    if components.first?.matters != nil {
      let count = components.count { $0.matters == true }
      lines.append(
        "\(count) of \(components.count) components matter "
          + String(format: "(false-discovery rate %g)", falseDiscoveryRate))
    }
    return lines.joined(separator: "\n")
  }

  /// One line a component.
  public var csv: String {
    var writer = CSVWriter(
      header: ["name", "kind", "layer", "unit", "weight", "magnitude", "error", "matters"])
    for entry in components {
      writer.append([
        entry.name, entry.kind.rawValue, entry.layer, "\(entry.unit)",
        "\(entry.weight)", "\(entry.magnitude)", entry.error.map { "\($0)" } ?? "",
        entry.matters.map { "\($0)" } ?? "",
      ])
    }
    return writer.text
  }
}
