import Evaluation
import Foundation
import Reports

/// What decisions about examples change.
public struct ReviewAnswer: Answer, Equatable {
  /// A number of the models before and after, and its change.
  public struct Change: Codable, Equatable, Sendable {
    /// Means over the seeds.
    public let before, after: Double
    /// The mean of the differences of pairs of the same seed.
    public let change: Double
    /// Half of its 95 % interval; absent with one seed.
    public let error: Double?

    package init(_ pairs: [(before: Double, after: Double)]) {
      before = pairs.reduce(0) { $0 + $1.before } / Double(max(1, pairs.count))
      after = pairs.reduce(0) { $0 + $1.after } / Double(max(1, pairs.count))
      let mean = PairedMean(pairs.map { $0.after - $0.before })
      (change, error) = (mean.value, mean.error)
    }
  }

  /// The run that was reviewed, and the corrected one.
  public let run, corrected: String
  /// The corrected run file, and the decisions it names.
  public let runFile, decisions: String
  /// Training examples of each verdict; lines that decide nothing.
  public let kept, relabelled, dropped, undecided: Int
  /// Test examples whose label is another or that are gone.
  public let testChanged: Int
  /// Pairs of models; 0: none was trained.
  public let seeds: Int
  /// Mean loss on the test examples; absent where none was trained.
  public let loss: Change?
  /// Share of test examples that are predicted rightly, 0 to 1; absent for numbers and sequences.
  public let accuracy: Change?

  package init(
    run: String, corrected: String, runFile: String, decisions: String,
    counts: (kept: Int, relabelled: Int, dropped: Int, undecided: Int), testChanged: Int,
    seeds: Int, loss: Change?, accuracy: Change?
  ) {
    (self.run, self.corrected, self.runFile, self.decisions) = (run, corrected, runFile, decisions)
    (kept, relabelled, dropped, undecided) = counts
    (self.testChanged, self.seeds, self.loss, self.accuracy) = (testChanged, seeds, loss, accuracy)
  }

  /// Sentences for reading.
  public var text: String {
    var lines = [
      "\(relabelled) relabelled, \(dropped) dropped, \(kept) kept"
        + (undecided > 0 ? ", \(undecided) undecided" : "")
        + (testChanged > 0 ? "; \(testChanged) test examples changed" : ""),
      "corrected run file: \(runFile) (ascribe train \(runFile))",
    ]
    if let accuracy {
      lines.append(
        ReviewAnswer.sentence("test accuracy", accuracy, scale: 100, unit: "points", seeds: seeds))
    }
    if let loss {
      lines.append(ReviewAnswer.sentence("test loss", loss, scale: 1, unit: "", seeds: seeds))
    }
    return lines.joined(separator: "\n")
  }

  private static func sentence(
    _ name: String, _ change: Change, scale: Double, unit: String, seeds: Int
  ) -> String {
    let places = scale == 100 ? 2 : 4
    func number(_ value: Double) -> String { NumberText.fixed(scale * value, decimals: places) }
    let sign = change.change >= 0 ? "+" : ""
    var text =
      "\(name): \(number(change.before)) before, \(number(change.after)) after: "
      + "\(sign)\(number(change.change))"
    if let error = change.error {
      text += " ± \(number(error))"
      if !unit.isEmpty { text += " \(unit)" }
      text +=
        abs(change.change) > error
        ? "" : ", not told apart from 0 by \(seeds) seeds"
    } else if !unit.isEmpty {
      text += " \(unit)"
    }
    return text
  }
}
