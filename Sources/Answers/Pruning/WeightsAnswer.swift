// Letters: n training examples, w weights.
import Curation
import Reports

/// Weights of training examples that were written for a training.
public struct WeightsAnswer: Answer, Equatable {
  /// The run.
  public let run: String
  /// How they were made.
  public let method: WeightingMethod
  /// s: 1 takes the method's own weights, 0 would leave every example alike.
  public let strength: Double
  /// The table, with the columns `id` and `weight`.
  public let file: String
  /// n.
  public let examples: Int
  /// (Σw)²/Σw²: as how many alike examples they count.
  public let effectiveExamples: Double
  /// The ends of the weights, whose mean is 1.
  public let least, largest: Double
  /// How many are 0.
  public let zeros: Int

  package init(
    run: String, method: WeightingMethod, strength: Double, file: String, weights: [Float]
  ) {
    (self.run, self.method, self.strength, self.file) = (run, method, strength, file)
    examples = weights.count
    let sum = weights.reduce(0.0) { $0 + Double($1) }
    let squares = weights.reduce(0.0) { $0 + Double($1) * Double($1) }
    effectiveExamples = squares > 0 ? sum * sum / squares : 0
    least = Double(weights.min() ?? 0)
    largest = Double(weights.max() ?? 0)
    zeros = weights.count { $0 == 0 }
  }

  /// For reading.
  public var text: String {
    func number(_ value: Double) -> String { NumberText.fixed(value, decimals: 3) }
    return """
      \(file): weights of \(examples) training examples by \(method.rawValue), \(number(least)) to \
      \(number(largest)), \(zeros) of them 0; they count as \(Int(effectiveExamples.rounded())) alike ones
      train with them: training: {weights: \(file)} in a run file, whose paths begin at its folder
      """
  }
}
