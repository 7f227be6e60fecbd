// Letters: K classes, a the label that is given, b the one that it should be.
import Datasets

/// How often examples of class b carry the label a: what wrong labels are like.
public struct LabelTransitions: Sendable, Equatable {
  /// K.
  public let classes: Int
  /// Weight of (a, b) at a · K + b; 0 where a = b.
  public let weights: [Double]

  /// Every other label equally likely for each example.
  ///
  /// - Parameter counts: examples of each class, K values.
  public static func uniform(over counts: [Int]) -> LabelTransitions {
    LabelTransitions(classes: counts.count) { a, b in a == b ? 0 : Double(counts[b]) }
  }

  /// Those of some suspects, and some pseudo-suspects with every other label equally likely: a pair
  /// that few suspects show is not thought impossible.
  ///
  /// - Parameters:
  ///   - labels: of all training examples, n.
  ///   - suggested: what the regression without each says, n.
  ///   - prior: the number of pseudo-suspects.
  public init(
    of suspects: [Int], labels: [Int32], suggested: [Int32], counts: [Int], prior: Double
  ) {
    let uniform = LabelTransitions.uniform(over: counts)
    let total = uniform.weights.reduce(0, +)
    var weights = uniform.weights.map { $0 / max(total, 1) * prior }
    for row in suspects where labels[row] != suggested[row] {
      weights[Int(labels[row]) * counts.count + Int(suggested[row])] += 1
    }
    (self.classes, self.weights) = (counts.count, weights)
  }

  private init(classes: Int, _ weight: (Int, Int) -> Double) {
    self.classes = classes
    weights = (0..<classes * classes).map { weight($0 / classes, $0 % classes) }
  }

  /// The pair at a place of the weights laid end to end.
  ///
  /// - Parameter position: 0 ≤ position < 1.
  func pair(at position: Double) -> (given: Int, suggested: Int) {
    let target = position * weights.reduce(0, +)
    var sum = 0.0
    var last = 0
    for (place, weight) in weights.enumerated() where weight > 0 {
      sum += weight
      last = place
      if target < sum { break }
    }
    return (last / classes, last % classes)
  }
}

extension Dataset {
  /// Examples of each class, K values.
  package var classSizes: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in classes ?? [] { counts[Int(label)] += 1 }
    return counts
  }
}
