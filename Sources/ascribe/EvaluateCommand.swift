import ArgumentParser
import Evaluation
import Foundation
import Influence
import LinearAlgebra
import Networks
import Randomness
import Reports
import Tensors
import Training

/// What `evaluate` measures.
enum EvaluationKind: String, ExpressibleByArgument, CaseIterable {
  case lds
}

/// `ascribe evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "How well scores predict retraining (ascribe retrain).",
    discussion: """
      lds: linear datamodeling score against the run's bank, with random scores beside it, which
      must come out at 0 within the error.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Argument(help: "lds.") var kind: EvaluationKind
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    let setup = try ScoringSetup(run: runName, method, common)
    let run = setup.influence.run
    let path = RetrainingJob.path(run)
    guard FileManager.default.fileExists(atPath: path) else {
      throw EvaluationError.noBank(path: path, run: run.name)
    }
    let bank = try RetrainingBank(path)
    let data = setup.influence.data
    let job = RetrainingJob(run, data: data, design: bank.design, seeds: bank.seeds)
    _ = try RetrainingBank(path, expecting: try job.fingerprint())
    let outputs = bank.outputs(setup.options.outputFunction, of: data.test)
    let fused = try fusing.scorer(setup, truth: (bank, "bank"))
    let scores =
      try fused?.scores(rows: Array(0..<data.test.count)) ?? setup.scorer.scores(data.test)
    let result = LinearDatamodelingScore(scores: scores, masks: bank.masks, outputs: outputs)
    let noise = Matrix<Float>(uninitialized: scores.rows, scores.columns)
    RandomStream(seed: 0, purpose: .probe).fillGaussian(
      noise.storage.base, count: noise.count, scale: 1, from: 0)
    let control = LinearDatamodelingScore(scores: noise, masks: bank.masks, outputs: outputs)
    let answer = try LDSAnswer(setup, bank, result, control, fused?.record)
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}

/// `evaluate lds --json`, its fields fixed.
private struct LDSAnswer: Encodable {
  let run: String
  let lds, ldsError: Double
  let ceiling: Double?
  let randomScores, randomScoresError: Double
  let outputFunction: String
  let fraction: Double
  let subsets, seeds: Int
  let checkpoints: [String]
  let method, exampleWeight, kernel: String
  let damping: [DampingAnswer]
  let projectionDimension: Int?
  let fusion: ScoreFile.Fusion?

  init(
    _ setup: ScoringSetup, _ bank: RetrainingBank, _ result: LinearDatamodelingScore,
    _ control: LinearDatamodelingScore, _ fusion: ScoreFile.Fusion?
  ) throws {
    self.fusion = fusion
    run = setup.influence.run.name
    lds = result.lds
    ldsError = result.ldsError
    ceiling = result.ceiling
    randomScores = control.lds
    randomScoresError = control.ldsError
    outputFunction = setup.options.outputFunction.rawValue
    fraction = bank.design.fraction
    subsets = bank.design.subsets
    seeds = bank.seeds
    checkpoints = setup.scorer.checkpointNames
    method = fusion == nil ? setup.options.method.rawValue : "fused"
    exampleWeight = setup.options.exampleWeight.description
    kernel = setup.scorer.kernelName
    damping = try setup.dampingAnswers()
    projectionDimension = kernel.split(separator: " ").last.flatMap { Int($0) }
  }

  var text: String {
    String(format: "LDS %.4f ± %.4f", lds, ldsError)
      + (ceiling.map { String(format: ", ceiling of the truth %.3f", $0) } ?? "")
      + String(format: "; random scores %+.4f ± %.4f\n", randomScores, randomScoresError)
      + "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "\(checkpoints.count) checkpoints; truth: \(subsets) subsets of "
      + String(format: "%.0f %%", 100 * fraction) + " × \(seeds) seeds"
  }
}
