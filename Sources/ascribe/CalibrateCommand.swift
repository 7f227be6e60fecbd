import ArgumentParser
import Evaluation
import Influence
import Reports

/// `ascribe calibrate`.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Give scores units and intervals, from a bank of retrained models.",
    discussion: """
      Fits slope and spread of predicted against observed changes of the output function. Afterwards
      `query` with the same options prints what removing each example changes, with a 95 % interval.
      The interval is of the mean over training seeds, not of one retrained model.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The bank's name (ascribe retrain).") var bank = "bank"
  @Option(help: "Sequences: the only token of each test example, from 1, that is asked about.")
  var token: Int?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if bank.isEmpty || bank.contains("/") {
      throw ValidationError("--bank takes the name of a bank, not '\(bank)'")
    }
  }

  func run() throws {
    common.begin()
    let setup = try ScoringSetup(run: runName, method, common)
    let queries = try EvaluationQueries(setup.influence.data.test, token: token)
    if let remark = queries.remark { Console.line("note: \(remark)") }
    let calibration = try Calibration(
      setup.scorer, bank: bank, of: setup.influence, token: token)
    let path = try calibration.save(in: setup.influence.run.folder)
    Console.line("wrote \(path)")
    let answer = CalibrationAnswer(setup.influence.run.name, path, calibration)
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}

/// `calibrate --json`, its fields fixed; also within `query --json`.
struct CalibrationAnswer: Encodable {
  let run, path, method, outputFunction, bank: String
  /// The only token of the queries that is asked about; absent for all.
  let token: Int?
  let subsets, seeds: Int
  let fraction: Double
  let correlation, correlationError, heldOutR2, coverage90, coverage95: Double
  let evenShare, errorShare: Double
  let isUsable: Bool
  let objection: String?

  init(_ run: String, _ path: String, _ calibration: Calibration) {
    self.run = run
    self.path = path
    method = calibration.options.method
    outputFunction = calibration.options.outputFunction
    bank = calibration.bank.name
    token = calibration.options.token
    (subsets, seeds) = (calibration.bank.subsets, calibration.bank.seeds)
    fraction = calibration.bank.fraction
    correlation = calibration.correlation
    correlationError = calibration.correlationError
    heldOutR2 = calibration.heldOut.r2
    coverage90 = calibration.heldOut.coverage90
    coverage95 = calibration.heldOut.coverage95
    evenShare = calibration.evenShare
    errorShare = calibration.errorShare
    objection = calibration.objection
    isUsable = calibration.objection == nil
  }

  var text: String {
    var lines = [
      "\(method) of \(outputFunction)\(token.map { " of token \($0)" } ?? ""), bank \(bank): \(subsets) subsets × \(seeds) seeds",
      String(
        format: "correlation of predicted and observed changes %.3f ± %.3f; held-out R² %.3f",
        correlation, correlationError, heldOutR2),
      String(
        format: "coverage on held-out subsets: %.1f %% in 90 %% intervals, %.1f %% in 95 %%",
        100 * coverage90, 100 * coverage95),
    ]
    if seeds == 1 {
      lines.append(
        "one seed: the noise between seeds counts as error of the scores, and the intervals are "
          + "upper bounds; a bank with --seeds 2 makes them narrower")
    } else {
      lines.append(
        String(
          format: "%.0f %% of the residual variance is error of the scores, the rest noise "
            + "between seeds", 100 * errorShare))
    }
    if let objection {
      lines.append("scores keep no units: \(objection); a larger bank may help")
    } else {
      lines.append("query prints changes of \(outputFunction) with 95 % intervals")
    }
    return lines.joined(separator: "\n")
  }
}
