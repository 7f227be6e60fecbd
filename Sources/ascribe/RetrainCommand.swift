import ArgumentParser
import Evaluation
import Foundation
import Influence
import Reports
import Synchronization
import Training

/// `ascribe retrain`.
struct RetrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrain",
    abstract: "Train a run again on subsets of its data: the ground truth of `evaluate`.",
    discussion: """
      --design random (default): random subsets, for `evaluate RUN lds`.
      --design leave-one-out: all but one of --ids or of a random sample, for `evaluate RUN loo`.
      --design removal: without the most helpful, the most harmful or random examples, for
        `evaluate RUN removal`.
      --design FILE: one subset a line, as ids, `all`, or `all but` and ids; or JSON, a list of
        lists of ids.
      The last three also train on the whole set, or on what the file says, and train model s of
      every subset with the same seed. Interrupted, it goes on model by model and leaves the same
      bytes.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "random, leave-one-out, removal, or a file of subsets.") var design = "random"
  @Option(help: "The bank's name (default: bank; leave-one-out and removal have their own).")
  var bank: String?
  @OptionGroup var choices: DesignOptions
  @Option(help: "Models of each subset.") var seeds = 3
  @Flag(
    inversion: .prefixedNo,
    help: "Sequences: keep the outputs of each token too (default: where they take 256 MB or less)."
  )
  var tokenOutputs: Bool?
  @Flag(help: "Replace a bank that was made from something else.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if !(1...1_000).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 1000, not \(seeds)")
    }
    try BankName.require(bank)
    if tokenOutputs == false && choices.token != nil {
      throw ValidationError("--token needs the outputs of each token: leave --no-token-outputs out")
    }
    try choices.requireFit(for: design)
  }

  func run() throws {
    common.begin()
    let (influence, subsets) = try choices.make(design, run: runName, common)
    let run = influence.run
    if tokenOutputs != nil { try influence.data.test.requireTokens(option: "--token-outputs") }
    let job = RetrainingJob(
      run, data: influence.data, design: subsets, seeds: seeds,
      keepsTokens: tokenOutputs ?? (choices.token == nil ? nil : true))
    let path = RetrainingJob.path(run, bank: bank ?? BankName.standard(subsets.kind))
    let made = try job.runInTerminal(to: path, overwrite: overwrite)
    Console.line("\(path): \(subsets.subsets) subsets × \(seeds) seeds")
    if let keepsTokens = made.keepsTokens {
      Console.line(
        keepsTokens
          ? "outputs of test passages and of each of their tokens are kept"
          : "outputs of whole test passages are kept; --token needs those of each token: "
            + "--token-outputs")
    }
    if let note = try run.identity().machine.note(on: made.fingerprint) {
      Console.line("note: \(path) was \(note)")
    }
    if json {
      Console.output(
        try JSON.text(
          RetrainAnswer(
            run: run.name, bank: path, design: subsets.kind.rawValue, subsets: subsets.subsets,
            fraction: subsets.fraction, seeds: seeds, keepsTokens: made.keepsTokens),
          layout: .compact))
    }
  }
}

private struct RetrainAnswer: Encodable {
  let run, bank, design: String
  let subsets: Int
  let fraction: Double
  let seeds: Int
  /// Of sequences whether the outputs of each token are kept; absent for others.
  let keepsTokens: Bool?
}

/// Names of banks, which are names of files in the run's folder.
enum BankName {
  /// The name that a design's bank has unless told otherwise.
  static func standard(_ kind: SubsetDesign.Kind) -> String {
    switch kind {
    case .random, .list: "bank"
    case .leaveOneOut, .removal, .brittleness: kind.rawValue
    }
  }

  static func require(_ name: String?) throws {
    if let name, !RunConfiguration.isName(name) {
      throw ValidationError(
        "--bank takes a name of letters, digits, -, _ and ., without a folder, not '\(name)'")
    }
  }
}

extension RetrainingJob {
  /// Trains with a progress bar; Ctrl-C keeps what is done.
  func runInTerminal(to path: String, overwrite: Bool) throws -> RetrainingBank {
    let bar = Progress("retraining", unit: "models")
    do {
      return try run(
        to: path, overwrite: overwrite, progress: { bar.update($0, of: $1) },
        isCancelled: { Interruption.isRequested })
    } catch TrainingError.cancelled {
      throw Interrupted(isResumable: true)
    }
  }
}
