import Gradients
import Reports
import Models
import Runs
import Training

/// Per-example gradients from elsewhere that became a run.
public struct FactorsAnswer: Answer, Equatable {
  /// A layer.
  public struct Layer: Codable, Equatable, Sendable {
    /// Its name.
    public let name: String
    /// Its outputs O.
    public let outputs: Int
    /// Its inputs I; absent for element-wise parameters.
    public let inputs: Int?
    /// Whether it has a bias.
    public let bias: Bool
  }
  /// The run, and its folder.
  public let run, folder: String
  /// What was differentiated.
  public let targets: [String]
  /// The layers.
  public let layers: [Layer]
  /// Parameters p, outputs of the model, and examples.
  public let parameters, outputs, trainingExamples, testExamples: Int

  package init(_ run: Run, _ factors: StoredFactors) {
    (self.run, folder) = (run.name, run.folder)
    targets = factors.layout.targets.map(\.name)
    layers = factors.layout.layers.map {
      Layer(name: $0.name, outputs: $0.outputs, inputs: $0.inputs, bias: $0.hasBias)
    }
    (parameters, outputs) = (factors.parameterCount, factors.outputCount)
    trainingExamples = run.record.exampleCounts["train"] ?? 0
    testExamples = run.record.exampleCounts["test"] ?? 0
  }

  /// A table for reading.
  public var text: String {
    var table = TextTable(["layer", "outputs", "inputs", "bias"])
    for layer in layers {
      table.append([
        layer.name, "\(layer.outputs)", layer.inputs.map(String.init) ?? "",
        layer.bias ? "yes" : "",
      ])
    }
    return table.text
      + "\n\(trainingExamples) training and \(testExamples) test examples, gradients of "
      + targets.joined(separator: ", ") + "\nimported as \(run) in \(folder)"
  }
}
