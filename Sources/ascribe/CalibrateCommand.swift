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
    let calibration = try Calibration(setup.scorer, bank: bank, of: setup.influence)
    let path = try calibration.save(in: setup.influence.run.folder)
    Console.line("wrote \(path)")
    let answer = CalibrationAnswer(setup.influence.run.name, path, calibration)
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}
