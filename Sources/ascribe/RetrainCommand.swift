import ArgumentParser
import Session

/// `ascribe retrain`.
struct RetrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrain",
    abstract: "Train a run again on subsets of its data: the ground truth of `evaluate`.",
    discussion: """
      --design random (default): random subsets, for `evaluate RUN lds`.
      --design leave-one-out: all but one of --ids or of a random sample, for
        `evaluate RUN loo`.
      --design removal: without the most helpful, the most harmful or random
        examples, for `evaluate RUN removal`.
      --design FILE: one subset a line, as ids, `all`, or `all but` and ids; or
        JSON, a list of lists of ids.
      --same-run: this very run (seed, order, draws) without random examples, their
        weights at 0, for `evaluate RUN lds --same-run`; with --design FILE on the
        file's subsets.
      The others but random also train on the whole set, or on what the file says,
      and train model s of every subset with the same seed. Interrupted, it goes on
      model by model and leaves the same bytes.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "random, leave-one-out, removal, or a file of subsets.") var design = "random"
  @Option(help: "The bank's name (default: bank; leave-one-out and removal have their own).")
  var bank: String?
  @OptionGroup var choices: DesignOptions
  @Option(help: "Models of each subset (default: 3; with --same-run the run's first seed).")
  var seeds: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "Sequences: keep the outputs of each token too (default: where they take 256 MB or less)."
  )
  var tokenOutputs: Bool?
  @Flag(help: "Replace a bank that was made from something else.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if tokenOutputs == false && choices.token != nil {
      throw ValidationError("--token needs the outputs of each token: leave --no-token-outputs out")
    }
    try choices.requireFit(for: design)
  }

  func run() throws {
    common.begin()
    var job = RetrainJob(try choices.design(design))
    (job.subsetSeed, job.seeds, job.bank) = (choices.subsetSeed, seeds, bank)
    (job.overwrites, job.tokenOutputs) = (overwrite, tokenOutputs)
    // Only a ranking takes the run's checkpoints.
    let session = try common.session(runName, needsWeights: design == "removal")
    let answer = try job.run(in: session)
    if json { try Console.answer(answer, json: true) }
  }
}
