import Evaluation
import Foundation
import Influence
import Reports
import Tensors
import Training

/// `evaluate randomized`, its fields fixed.
struct RandomizedAnswer: EvaluationAnswer {
  struct Control: Encodable {
    let control: String
    let lds, ldsError: Double
    /// 95 % of chance lies within ± this.
    let chanceRange: Double
    let expectation: String
    let verdict: ControlVerdict
    /// nil where chance is not the expectation.
    let passed: Bool?
  }

  let settings: EvaluationSettings
  let result: LinearDatamodelingScore
  let controls: [Control]
  private let histogram: Histogram

  init(
    _ setup: ScoringSetup, _ queries: EvaluationQueries, bank name: String?,
    _ method: MethodOptions
  ) throws {
    let influence = setup.influence
    let open = try OpenBank(name, of: influence, designs: [.random, .list])
    let test = queries.data
    let outputs = try open.bank.outputs(setup.options.outputFunction, of: queries)
    let masks = open.bank.masks
    func lds(_ scores: Matrix<Float>) -> (LinearDatamodelingScore, chanceRange: Double) {
      (
        LinearDatamodelingScore(scores: scores, masks: masks, outputs: outputs),
        LinearDatamodelingScore.chanceRange(scores: scores, masks: masks, outputs: outputs)
      )
    }
    let scores = try setup.scorer.scores(test)
    let own = LinearDatamodelingScore(scores: scores, masks: masks, outputs: outputs)
    var found: [(NegativeControl, (LinearDatamodelingScore, chanceRange: Double))] = [
      (
        .randomScores,
        lds(
          NegativeControl.randomScores(
            queries: scores.rows, trainingExamples: scores.columns))
      ),
      (.permutedScores, lds(NegativeControl.permuted(scores))),
    ]
    if setup.scorer.isExact, influence.run.record.status != .imported {
      let references = try setup.scoring.choice.references(
        of: influence.run, seeds: setup.scoring.seeds, method: setup.options.method)
      let limit = setup.scoring.exactLimit
      found.append((.shuffledLabels, lds(try shuffled(setup, references, limit).scores(test))))
      let untrained = try influence.randomizedEnsemble(
        options: setup.options, checkpoints: references, exactLimit: limit)
      found.append((.randomizedWeights, lds(try untrained.scores(test))))
    } else {
      Console.line(
        "note: shuffledLabels and randomizedWeights are left out: they need the exact kernel and "
          + "a run trained here")
    }
    result = own
    controls = found.map { control, measured in
      let (score, range) = measured
      let verdict = ControlVerdict(score.lds, chanceRange: range)
      return Control(
        control: control.rawValue, lds: score.lds, ldsError: score.ldsError,
        chanceRange: range, expectation: control.expectsChance ? "chance" : "none",
        verdict: verdict,
        passed: control.expectsChance ? verdict == .chance : nil)
    }
    histogram = Histogram(
      title: "LDS of each query", x: ChartAxis("Spearman correlation over subsets"),
      groups: [.init("the run's scores", own.perQuery)]
        + found.map { .init($0.rawValue, $1.0.perQuery) })
    settings = try EvaluationSettings(setup, open, token: queries.token)
  }

  private enum Key: String, CodingKey { case lds, ldsError, ceiling, controls }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(result.lds, forKey: .lds)
    try values.encode(result.ldsError, forKey: .ldsError)
    try values.encodeIfPresent(result.ceiling, forKey: .ceiling)
    try values.encode(controls, forKey: .controls)
  }

  private var table: TextTable {
    var table = TextTable(["scores", "LDS", "by chance", "expected", "verdict"])
    table.append(["the run's", withError(result.lds, result.ldsError), "", "", ""])
    for control in controls {
      let words: [ControlVerdict: String] = [
        .chance: "at chance", .aboveChance: "above chance", .belowChance: "below chance",
      ]
      let word = words[control.verdict] ?? ""
      table.append([
        control.control, withError(control.lds, control.ldsError),
        "± " + NumberText.fixed(control.chanceRange, decimals: 3),
        control.expectation == "chance" ? "0" : "no expectation",
        control.passed.map { $0 ? "passed: \(word)" : "FAILED: \(word)" } ?? "measured: \(word)",
      ])
    }
    return table
  }

  private var remark: String {
    let untrained =
      "randomizedWeights may lie above 0: the kernel of an untrained network is a similarity of the "
      + "inputs, used with the true labels. "
    return (controls.contains { $0.expectation == "none" } ? untrained : "")
      + "By chance: 95 % of random assignments of outputs to subsets lie within; "
      + "one control in twenty lies outside by accident."
  }

  var text: String {
    "\(table.text)\n\(remark)\n\(settings.text); \(settings.truth)"
  }

  var page: AttributionReport {
    AttributionReport(
      title: "Do scores that know nothing come out at chance?",
      summary: "The LDS of negative controls beside that of the scores of \(settings.run).",
      figures: [.init("LDS", withError(result.lds, result.ldsError), note: "the run's scores")]
        + controls.map {
          .init(
            $0.control, withError($0.lds, $0.ldsError),
            note: $0.expectation == "chance"
              ? "chance: ± " + NumberText.fixed($0.chanceRange, decimals: 3) : "no expectation")
        },
      sections: [
        ReportSection("Controls", .tables([ReportTable(table)])),
        ReportSection("Queries", .charts([ReportChart(svg: histogram.svg())])),
      ],
      notes: [remark], provenance: settings.provenance)
  }
}

/// The method on the run trained with shuffled labels, which is trained if need be.
private func shuffled(
  _ setup: ScoringSetup, _ references: [CheckpointReference], _ limit: Int
) throws -> Ensemble {
  let training = ShuffledLabelTraining(setup.influence, checkpoints: references)
  let bar = Progress("training on shuffled labels", unit: "epochs")
  do {
    return try training.ensemble(
      options: setup.options, exactLimit: limit,
      replacing: { error in
        let reason = (error as? any DiagnosableError)?.what ?? "\(error)"
        Console.line("note: \(training.path) is made again: \(reason)")
      }, progress: { bar.update($0, of: $1) },
      isCancelled: { Interruption.isRequested })
  } catch TrainingError.cancelled {
    throw Interrupted()
  }
}
