import Evaluation
import Foundation
import Influence
import Reports

/// What every evaluation carries beside its own fields: what was evaluated, against which truth.
public struct EvaluationSettings: Codable, Equatable, Sendable {
  /// The run, and what scored.
  public let run, method, outputFunction, exampleWeight, kernel: String
  /// The only token of the queries that is asked about; absent for all.
  public let token: Int?
  /// The checkpoints.
  public let checkpoints: [String]
  /// λ by checkpoint.
  public let damping: [DampingSummary]
  /// How λ is spread over the training examples; absent for a ranking that a bank keeps.
  public let dampingProfile: String?
  /// k; absent without projected features.
  public let projectionDimension: Int?
  /// The bank's file and design; absent without a bank.
  public let bank, design: String?
  /// Share of the training set in a subset; absent without a bank.
  public let fraction: Double?
  /// The bank's subsets, and models of each; absent without a bank.
  public let subsets, seeds: Int?

  /// Scores against a bank.
  package init(
    _ scores: ScoreDescription, _ bank: RetrainingBank? = nil, token: Int? = nil
  ) {
    self.init(
      run: scores.run, SubsetRanking(scores, queries: "", token: token),
      outputFunction: scores.outputFunction, bank, dampingProfile: scores.dampingProfile)
  }

  /// The ranking that a bank keeps, evaluated by an output function.
  package init(
    run: String, _ ranking: SubsetRanking, outputFunction: String, _ bank: RetrainingBank?,
    dampingProfile: String? = nil
  ) {
    (self.run, self.outputFunction, self.dampingProfile) = (run, outputFunction, dampingProfile)
    (method, exampleWeight) = (ranking.method, ranking.exampleWeight)
    (kernel, projectionDimension) = (ranking.kernel, ranking.projectionDimension)
    token = ranking.token
    (checkpoints, damping) = (ranking.checkpoints, ranking.damping)
    (self.bank, design) = (bank?.path, bank?.design.kind.rawValue)
    (fraction, subsets) = (bank?.design.fraction, bank?.design.subsets)
    seeds = bank?.seeds
  }

  /// The choices in one line, without a line break.
  public var text: String {
    "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "\(checkpoints.count) checkpoints" + (token.map { ", token \($0)" } ?? "")
  }

  /// The truth in words; empty without a bank.
  public var truth: String {
    guard let subsets, let seeds, let fraction else { return "" }
    return "truth: \(subsets) subsets of " + String(format: "%.0f %%", 100 * fraction)
      + " × \(seeds) seeds"
  }

  /// How the figures of a page came about.
  var provenance: [AttributionReport.Fact] {
    var facts = scoringFacts(
      run: run, method: method, outputFunction: outputFunction, exampleWeight: exampleWeight,
      kernel: kernel, checkpoints: checkpoints)
    if let token { facts.append(.init("token", "\(token)")) }
    if !damping.isEmpty {
      facts.append(
        .init(
          "damping λ",
          damping.map { "\($0.checkpoint) " + NumberText.significant($0.value) }
            .joined(separator: ", ")))
    }
    if let bank, let design {
      facts += [.init("bank", bank), .init("design", design), .init("truth", truth)]
    }
    return facts
  }
}
