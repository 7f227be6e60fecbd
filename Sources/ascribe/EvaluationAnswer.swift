import Evaluation
import Foundation
import Influence
import Networks
import Reports
import Tensors
import Training

/// The result of an evaluation: text, JSON with fixed fields, a page.
protocol EvaluationAnswer: Encodable {
  var text: String { get }
  var page: AttributionReport { get }
}

extension EvaluationAnswer {
  func json() throws -> String { try JSON.text(self, layout: .compact) }
}

/// What every result carries: what was evaluated, against which truth.
struct EvaluationSettings: Encodable {
  let run, method, outputFunction, exampleWeight, kernel: String
  /// The only token of the queries that is asked about; nil for all.
  let token: Int?
  let checkpoints: [String]
  let damping: [DampingSummary]
  /// Nil for a ranking that a bank keeps.
  let dampingProfile: String?
  /// Of features only.
  let projectionDimension: Int?
  /// The truth; nil without a bank.
  let bank, design: String?
  let fraction: Double?
  let subsets, seeds: Int?

  /// The scores of a setup against a bank.
  init(
    _ setup: ScoringSetup, _ bank: OpenBank? = nil, token: Int? = nil,
    fusion: ScoreFile.Fusion? = nil
  ) throws {
    let scores = try setup.description(fusion: fusion)
    self.init(
      run: scores.run, bank,
      SubsetRanking(scores, queries: "", token: token), outputFunction: scores.outputFunction,
      dampingProfile: scores.dampingProfile)
  }

  /// The ranking that a bank keeps, evaluated by an output function.
  init(
    run: String, _ bank: OpenBank?, _ ranking: SubsetRanking, outputFunction: String,
    dampingProfile: String? = nil
  ) {
    (self.run, self.outputFunction, self.dampingProfile) = (run, outputFunction, dampingProfile)
    (method, exampleWeight) = (ranking.method, ranking.exampleWeight)
    (kernel, projectionDimension) = (ranking.kernel, ranking.projectionDimension)
    token = ranking.token
    (checkpoints, damping) = (ranking.checkpoints, ranking.damping)
    (self.bank, design) = (bank?.path, bank?.bank.design.kind.rawValue)
    (fraction, subsets) = (bank?.bank.design.fraction, bank?.bank.design.subsets)
    seeds = bank?.bank.seeds
  }

  /// The choices in one line, without a line break.
  var text: String {
    "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "\(checkpoints.count) checkpoints" + (token.map { ", token \($0)" } ?? "")
  }

  /// The truth in words; empty without a bank.
  var truth: String {
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

/// A bank of a run with its place.
struct OpenBank {
  let bank: RetrainingBank
  let path: String

  /// Opens a bank that has one of some designs; the first names the bank unless it is named.
  init(
    _ name: String?, of influence: RunInfluence, designs: [SubsetDesign.Kind]
  ) throws {
    let name = name ?? BankName.standard(designs[0])
    path = RetrainingJob.path(influence.run, bank: name)
    bank = try RetrainingBank.named(name, of: influence, designs: designs)
  }

  init(_ bank: RetrainingBank, path: String) { (self.bank, self.path) = (bank, path) }
}

/// A value with half the width of its interval: `0.612 ± 0.021`.
func withError(_ value: Double, _ error: Double?, decimals: Int = 3) -> String {
  NumberText.fixed(value, decimals: decimals)
    + (error.map { " ± " + NumberText.fixed($0, decimals: decimals) } ?? "")
}
