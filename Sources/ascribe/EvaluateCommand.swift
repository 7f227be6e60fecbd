import ArgumentParser
import Evaluation
import Foundation
import Influence
import Reports
import Storage

/// What `evaluate` measures.
enum EvaluationKind: String, ExpressibleByArgument, CaseIterable {
  case lds, loo, removal, mislabel, brittleness, randomized
}

/// `ascribe evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "How well scores predict retraining, and find planted errors.",
    discussion: """
      lds: linear datamodeling score against a bank of random subsets (ascribe retrain), with
        random scores beside it, which must come out at 0 within the error.
      loo: correlation with what leaving out single examples does
        (ascribe retrain --design leave-one-out).
      removal: what retraining without the most helpful or harmful examples does, beside random
        removal (ascribe retrain --design removal).
      mislabel: how well each signal of `mislabeled` finds the labels that data.flip planted.
      brittleness: how few helpful examples must go for a prediction to flip; trains the models it
        needs, once.
      randomized: the LDS of scores that should know nothing: random and permuted ones, those of a
        network trained on shuffled labels, and of untrained weights.
      Language models have them all but mislabel: of whole passages, or of one token with --token.
      Their loss stands in place of an accuracy, and a passage flips when its loss rises by --rise.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Argument(help: "lds, loo, removal, mislabel, brittleness or randomized.")
  var kind: EvaluationKind
  @Option(help: "Sequences: the only token of each test example, from 1, that is asked about.")
  var token: Int?
  @Option(help: "The bank's name (default: bank; loo, removal and brittleness have their own).")
  var bank: String?
  @Option(help: "Write the result as a self-contained HTML page with charts.")
  var report: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var brittleness: BrittlenessOptions
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try BankName.require(bank)
    if kind != .brittleness, let stray = brittleness.given {
      throw ValidationError("\(stray) is for evaluate brittleness, not \(kind.rawValue)")
    }
    if kind != .lds && fusing.fuse != nil {
      throw ValidationError("--fuse is for evaluate lds, not \(kind.rawValue)")
    }
    if kind == .mislabel && bank != nil {
      throw ValidationError("--bank is not for evaluate mislabel, which needs no bank")
    }
    if kind == .mislabel && token != nil {
      throw ValidationError("--token is not for evaluate mislabel, which asks about no query")
    }
    if kind == .removal {
      let stray = [
        ("--method", method.method), ("--example-weight", method.exampleWeight),
        ("--checkpoints", method.checkpoints), ("--seeds", method.seeds),
        ("--token", token.map { "\($0)" }),
      ].first { $0.1 != nil }
      if let stray {
        throw ValidationError(
          "\(stray.0) is not for evaluate removal: the bank's ranking was chosen by retrain")
      }
    }
  }

  func run() throws {
    common.begin()
    let answer = try answer()
    if let report {
      try AtomicFile.write(answer.page.html(), to: report)
      Console.line("wrote \(report)")
    }
    Console.output(json ? try answer.json() : answer.text)
  }

  private func answer() throws -> any EvaluationAnswer {
    if kind == .removal {
      return try RemovalAnswer(
        try RunInfluence(try common.open(runName)), bank: bank, method.outputFunction)
    }
    let setup = try ScoringSetup(run: runName, method, common)
    let queries = try EvaluationQueries(setup.influence.data.test, token: token)
    if let remark = queries.remark { Console.line("note: \(remark)") }
    switch kind {
    case .lds: return try LDSAnswer(setup, queries, bank: bank, fusing)
    case .loo: return try LeaveOneOutAnswer(setup, queries, bank: bank)
    case .mislabel: return try MislabelAnswer(setup, method)
    case .brittleness: return try BrittlenessAnswer(setup, queries, bank: bank, brittleness)
    case .randomized, .removal: return try RandomizedAnswer(setup, queries, bank: bank, method)
    }
  }
}
