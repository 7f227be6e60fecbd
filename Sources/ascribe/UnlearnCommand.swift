import ArgumentParser
import Curation
import Session

extension UnlearnMethod: ExpressibleByArgument {}

/// `ascribe unlearn`.
struct UnlearnCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unlearn",
    abstract:
      "Make a network forget training examples, and compare it with ones that never saw them.",
    discussion: """
      Written is a run of imported weights beside the run, RUN-unlearned. Each
      method is compared with networks trained without the examples: how far margins
      (or numbers) are apart on forgotten, kept and test examples, beside how far
      two seeds are apart. A method that does not come near has failed, and the
      answer says so. Interrupted, it goes on network by network.

        matching     fine-tuning towards the outputs predicted without the examples
        fine-tuning  training goes on without them
        ascent       up their loss, to that of test examples
        salun        random labels, in the parameters their loss depends on most

        ascribe unlearn digits --ids 3,17
        ascribe unlearn digits --ids @ids.txt --retrained 0  not verified
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Ids of training examples such as 3,17, or @FILE with one a line.") var ids: String
  @Option(
    help:
      "The method whose weights are written: \(UnlearnMethod.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var method = UnlearnMethod.matching
  @Flag(help: "Leave the other methods out.") var alone = false
  @Option(help: "Passes over the examples.") var epochs = UnlearnTraining.standardEpochs
  @Option(help: "Networks trained without the examples; 0: nothing is verified.")
  var retrained = 4
  @Option(help: "Seed of everything that is drawn.") var seed: UInt64 = 0
  @Option(help: "The new run's name (default: the run's with -unlearned).") var name: String?
  @Flag(help: "Replace another run of that name.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = UnlearnJob(ids: ids)
    (job.method, job.compares, job.epochs) = (method, !alone, epochs)
    (job.retrained, job.seed, job.name) = (retrained, seed, name)
    (job.overwrites, job.checkpointsFolder) = (overwrite, common.checkpointsFolder)
    try Console.answer(try job.run(in: try common.session(runName)), json: json)
  }
}
