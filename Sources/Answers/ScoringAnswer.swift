import Influence
import Reports
import Tensors

/// How the scores of an answer were made, its fields fixed: beside those of what was asked.
public struct ScoringAnswer: Codable, Equatable, Sendable {
  /// The run, and what scored.
  public let run, method, outputFunction, unit, exampleWeight, kernel: String
  /// How λ is spread over the training examples.
  public let dampingProfile: String?
  /// What a positive score means.
  public var sign: String
  /// The layers that scores are over; absent for all.
  public let layers: String?
  /// The checkpoints.
  public let checkpoints: [String]
  /// λ and what is known about it, by part and checkpoint.
  public let damping: [DampingSummary]
  /// How the scores were fused; absent when they were not.
  public let fusion: ScoreFile.Fusion?

  /// What a description says.
  public init(_ scores: ScoreDescription) {
    (run, method, outputFunction) = (scores.run, scores.method, scores.outputFunction)
    (unit, sign, exampleWeight) = (scores.unit, scores.sign, scores.exampleWeight)
    (kernel, layers, dampingProfile) = (scores.kernel.name, scores.layers, scores.dampingProfile)
    (checkpoints, damping) = (scores.checkpoints, scores.dampingSummaries)
    fusion = scores.fusion
  }
}

/// How the figures of a page came about, as far as all pages say it.
package func scoringFacts(
  run: String, method: String, outputFunction: String, exampleWeight: String, kernel: String,
  checkpoints: [String], engine: String = Engine.version
) -> [AttributionReport.Fact] {
  [
    .init("run", run), .init("engine", engine), .init("method", method),
    .init("output function", outputFunction), .init("example weight", exampleWeight),
    .init("kernel", kernel), .init("checkpoints", checkpoints.joined(separator: ", ")),
  ]
}

extension ScoreDescription {
  /// How the figures of a page came about.
  package var provenance: [AttributionReport.Fact] {
    var facts = scoringFacts(
      run: run, method: fusion?.method ?? method, outputFunction: outputFunction,
      exampleWeight: exampleWeight, kernel: kernel.name, checkpoints: checkpoints,
      engine: engine ?? Engine.version)
    if let dampingRule { facts.append(.init("damping", dampingRule)) }
    facts.append(.init("training data", trainHash))
    if let core = identity?.machine.blasCore { facts.append(.init("BLAS core", core)) }
    if let fusion {
      facts.append(
        .init("fused with", "\(fusion.bank), \(fusion.subsets) subsets × \(fusion.seeds) seeds"))
    }
    return facts
  }
}
