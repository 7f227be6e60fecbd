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
  let checkpoints: [String]
  let damping: [DampingAnswer]
  /// Nil for a ranking that a bank keeps.
  let dampingProfile: String?
  /// Of features only.
  let projectionDimension: Int?
  /// The truth; nil without a bank.
  let bank, design: String?
  let fraction: Double?
  let subsets, seeds: Int?

  /// The scores of a setup against a bank.
  init(_ setup: ScoringSetup, _ bank: OpenBank? = nil, isFused: Bool = false) throws {
    run = setup.influence.run.name
    method = isFused ? "fused" : setup.options.method.name
    dampingProfile = setup.options.dampingProfile.rawValue
    outputFunction = setup.options.outputFunction.rawValue
    exampleWeight = setup.options.exampleWeight.description
    kernel = setup.scorer.kernelName
    checkpoints = setup.scorer.checkpointNames
    damping = try setup.dampingAnswers()
    projectionDimension = kernel.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    (self.bank, design) = (bank?.path, bank?.bank.design.kind.rawValue)
    (fraction, subsets) = (bank?.bank.design.fraction, bank?.bank.design.subsets)
    seeds = bank?.bank.seeds
  }

  /// The ranking that a bank keeps, evaluated by an output function.
  init(run: String, _ bank: OpenBank, _ ranking: SubsetRanking, _ function: OutputFunction) {
    self.run = run
    method = ranking.method
    outputFunction = function.rawValue
    exampleWeight = ranking.exampleWeight
    kernel = ranking.kernel
    checkpoints = ranking.checkpoints
    dampingProfile = nil
    damping = ranking.damping.map { DampingAnswer($0) }
    projectionDimension = kernel.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    (self.bank, design) = (bank.path, bank.bank.design.kind.rawValue)
    (fraction, subsets) = (bank.bank.design.fraction, bank.bank.design.subsets)
    seeds = bank.bank.seeds
  }

  /// The choices in one line, without a line break.
  var text: String {
    "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "\(checkpoints.count) checkpoints"
  }

  /// The truth in words; empty without a bank.
  var truth: String {
    guard let subsets, let seeds, let fraction else { return "" }
    return "truth: \(subsets) subsets of " + String(format: "%.0f %%", 100 * fraction)
      + " × \(seeds) seeds"
  }

  /// How the figures of a page came about.
  var provenance: [AttributionReport.Fact] {
    var facts: [AttributionReport.Fact] = [
      .init("run", run), .init("engine", Engine.version), .init("method", method),
      .init("output function", outputFunction), .init("example weight", exampleWeight),
      .init("kernel", kernel), .init("checkpoints", checkpoints.joined(separator: ", ")),
    ]
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

/// A bank of a run, checked against what the run is now.
struct OpenBank {
  let bank: RetrainingBank
  let path: String

  /// Opens a bank that has one of some designs; the first names the bank unless it is named.
  init(
    _ name: String?, of influence: RunInfluence, designs: [SubsetDesign.Kind]
  ) throws {
    let run = influence.run
    path = RetrainingJob.path(run, bank: name ?? BankName.standard(designs[0]))
    let command =
      designs[0] == .random
      ? "ascribe retrain \(run.name) --subsets 50 --fraction 0.5 --seeds 3"
      : "ascribe retrain \(run.name) --design \(designs[0].rawValue)"
    guard FileManager.default.fileExists(atPath: path) else {
      // Without a network there is nothing to retrain.
      _ = try run.network
      throw designs[0] == .random
        ? EvaluationError.noBank(path: path, run: run.name)
        : .noBankOfDesign(design: designs[0].rawValue, path: path, command: command)
    }
    let found = try RetrainingBank(path)
    guard designs.contains(found.design.kind) else {
      throw EvaluationError.otherDesign(
        found: found.design.kind.rawValue,
        wanted: designs.map(\.rawValue).joined(separator: " or "), path: path, command: command)
    }
    let job = RetrainingJob(
      run, data: influence.data, design: found.design, seeds: found.seeds)
    bank = try RetrainingBank(path, expecting: try job.fingerprint())
  }

  init(_ bank: RetrainingBank, path: String) { (self.bank, self.path) = (bank, path) }
}

/// A value with half the width of its interval: `0.612 ± 0.021`.
func withError(_ value: Double, _ error: Double?, decimals: Int = 3) -> String {
  NumberText.fixed(value, decimals: decimals)
    + (error.map { " ± " + NumberText.fixed($0, decimals: decimals) } ?? "")
}
