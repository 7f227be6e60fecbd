import Components
import Foundation
import Reports

/// A network that was made smaller by cutting components out of it.
///
/// Everything is measured on the test set, which nothing was chosen on.
public struct ShrinkAnswer: Answer, Equatable {
  /// How a network does.
  public struct Level: Codable, Equatable, Sendable {
    /// The share of test examples that is right, from 0 to 1; nil without classes.
    public let accuracy: Double?
    /// Mean loss.
    public let loss: Double

    package init(accuracy: Double?, loss: Double) { (self.accuracy, self.loss) = (accuracy, loss) }
  }

  /// How it does without a share of its components, by the order in which they go.
  public struct Point: Codable, Equatable, Sendable {
    /// Of the components that can be cut.
    public let share: Double
    /// Components that are away.
    public let removed: Int
    /// Those without which the outputs are right by most, by τ of all that are away together.
    public let tau: Level
    /// Those of the smallest weights.
    public let magnitude: Level
    /// The mean over random orders.
    public let random: Level

    package init(share: Double, removed: Int, tau: Level, magnitude: Level, random: Level) {
      (self.share, self.removed, self.tau) = (share, removed, tau)
      (self.magnitude, self.random) = (magnitude, random)
    }
  }

  /// Numbers before and after.
  public struct Size: Codable, Equatable, Sendable {
    /// Of the whole network, and of what is left.
    public let before, after: Int

    package init(before: Int, after: Int) { (self.before, self.after) = (before, after) }
  }

  /// The run, `shrink`, and the estimator of τ.
  public let run, job, method: String
  /// The share of the components of each kind that is cut, of those that can be.
  public let share: Double
  /// Components of the network that were looked at, and names of those that are cut.
  public let components: Int
  /// Their names.
  public let removed: [String]
  /// Layers whose channels go together, because a residual sum joins them.
  public let tied: [[String]]
  /// Layers whose components cannot be cut, and why.
  public let obstacles: [ChannelCut.Obstacle]
  /// Numbers in the weights.
  public let parameters: Size
  /// The whole network, and the smaller one.
  public let before, after: Level
  /// The largest difference between outputs of the smaller network and of the whole one with the
  /// components at 0, in the largest output.
  public let difference: Double
  /// Accuracy against the share that is away, in ascending shares.
  public let curve: [Point]
  /// What was written.
  public let written: WrittenWeights?

  package init(
    run: String, method: ComponentMethod, share: Double, components: Int, removed: [String],
    tied: [[String]], obstacles: [ChannelCut.Obstacle], parameters: Size, before: Level,
    after: Level, difference: Double, curve: [Point], written: WrittenWeights?
  ) {
    (self.run, job, self.method, self.share) = (run, "shrink", method.rawValue, share)
    (self.components, self.removed, self.tied) = (components, removed, tied)
    (self.obstacles, self.parameters) = (obstacles, parameters)
    (self.before, self.after, self.difference) = (before, after, difference)
    (self.curve, self.written) = (curve, written)
  }

  /// What it comes to, in a line.
  package var verdict: String {
    let size =
      "\(removed.count) of \(components) components are cut out, "
      + "\(NumberText.whole(parameters.before)) parameters become "
      + NumberText.whole(parameters.after)
    func number(_ value: Double) -> String { String(format: "%.4f", value) }
    guard let was = before.accuracy, let now = after.accuracy else {
      return "\(size); the loss goes from \(number(before.loss)) to \(number(after.loss))"
    }
    return "\(size); the accuracy goes from \(number(was)) to \(number(now)) "
      + String(format: "(%+.2f points)", 100 * (now - was))
  }

  /// For reading.
  public var text: String {
    let isAccuracy = before.accuracy != nil
    func number(_ level: Level) -> String {
      String(format: "%.4f", level.accuracy ?? level.loss)
    }
    var table = TextTable([
      "share cut", "components", "by τ", "weight magnitude", "random", "loss by τ",
    ])
    for point in curve {
      table.append([
        String(format: "%g", point.share), "\(point.removed)", number(point.tau),
        number(point.magnitude), number(point.random), String(format: "%.4f", point.tau.loss),
      ])
    }
    var lines = [
      verdict,
      "\(isAccuracy ? "accuracy" : "loss") of the test set, \(number(before)) with all components:",
      table.text,
      String(
        format: "the smaller network's outputs differ from the masked one's by %.1e at most",
        difference),
    ]
    lines += tied.map { "cut together, joined by a sum: \($0.joined(separator: ", "))" }
    lines += obstacles.map { "not cut: \($0.name), \($0.reason)" }
    return lines.joined(separator: "\n")
  }
}

/// Weights that were written with an edit in them.
public struct WrittenWeights: Codable, Equatable, Sendable {
  /// The new run; nil: none.
  public let run: String?
  /// The safetensors file; nil: none.
  public let file: String?
  /// The largest difference between their outputs and those of the masked network, in the largest
  /// output.
  public let difference: Double

  package init(run: String?, file: String?, difference: Double) {
    (self.run, self.file, self.difference) = (run, file, difference)
  }
}
