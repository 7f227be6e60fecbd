import Influence
import Reports

/// The methods that score training examples: what each computes, needs and costs.
public struct MethodsAnswer: Answer, Equatable {
  /// A method, as in `Method`.
  public struct Row: Codable, Equatable, Sendable {
    /// As in `Method`.
    public let name, title, source, gradients, scope, unit, checkpoints: String
    /// What it needs.
    public let needs: [String]
    /// Whether scores are multiplied by the example weight.
    public let weighs: Bool
    /// What the scores of it are the mean of; absent for methods of their own.
    public let combines: [String]?
    /// How the visits of a training's saved steps are weighed; absent for methods that do not read
    /// them.
    public let steps: String?
  }

  /// The methods.
  public let methods: [Row]

  /// The rows of a table.
  public init(_ table: MethodTable) {
    methods = table.methods.map { method in
      Row(
        name: method.name, title: method.title, source: method.source,
        gradients: method.gradients.rawValue, scope: method.scope.rawValue,
        unit: method.unitKind.rawValue,
        checkpoints: method.checkpoints == .logSpaced ? "log" : "final",
        needs: method.needs.map(\.rawValue).sorted(), weighs: method.weighs,
        combines: method.combinedNames, steps: method.visits?.rawValue)
    }
  }

  /// A table for reading.
  public var text: String {
    var table = TextTable(["method", "what it computes", "unit", "needs", "checkpoints", "source"])
    for row in methods {
      table.append([
        row.name, row.title, row.unit,
        (row.needs + (row.weighs ? ["weight"] : []))
          .joined(separator: ", "), row.checkpoints, row.source,
      ])
    }
    return table.text
      + "\non saved steps too (‹kernel: steps›): "
      + methods.filter { $0.steps != nil }.map(\.name).joined(separator: ", ")
      + "\nneeds: solve = λ (‹damping›), and n × n memory on the exact kernel; labels = one target an "
      + "example;\nweight = ‹exampleWeight›. Costs at your sizes: ascribe plan RUN"
  }
}
