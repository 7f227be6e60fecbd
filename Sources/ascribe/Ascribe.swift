import ArgumentParser
import Foundation
import Gradients
import Tensors

/// The command line: parse, call, print.
@main
struct Ascribe {
  static func main() {
    AddressLimit.begin()
    // A reader that closes its pipe must not kill a training: the write fails instead.
    signal(SIGPIPE, SIG_IGN)
    // A limit on the size of files is a full disk: the write fails instead.
    signal(SIGXFSZ, SIG_IGN)
    Console.reserveStandardStreams()
    do {
      try UnknownCommand.refuse(Array(CommandLine.arguments.dropFirst()))
      var command = try AscribeCommand.parseAsRoot()
      let meter = GradientMeter()
      try CommonOptions.settled(command) {
        try GradientProgress.reporting(to: { try meter.add($0) }) { try command.run() }
      }
      // Work too short to look at the flag was told to stop all the same.
      try Interruption.check()
      try Console.requireWritten()
    } catch {
      finish(with: error)
    }
  }

  /// Prints what an error says and ends the process: 0 for help, 2 wrong usage, 3 bad input,
  /// 4 mismatched or corrupt files, 130 whenever Ctrl-C was pressed, 1 anything else.
  private static func finish(with error: any Error) -> Never {
    if let error = error as? any DiagnosableError {
      Console.line(FlagText.named(in: error.description))
      exit(Interruption.isRequested ? 130 : error.exitCode)
    }
    if let interrupted = error as? JobCancelled {
      Console.line(
        interrupted.isResumable
          ? "interrupted: what was finished is kept; run the same command again to go on"
          : "interrupted")
      exit(130)
    }
    let status = AscribeCommand.exitCode(for: error)
    let message = AscribeCommand.fullMessage(for: error)
    if status == .success {
      Console.output(message)
      do { try Console.requireWritten() } catch { finish(with: error) }
      exit(0)
    }
    Console.line(message)
    exit(Interruption.isRequested ? 130 : status == .validationFailure ? 2 : 1)
  }
}

/// `ascribe`.
struct AscribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ascribe",
    abstract: "Which training examples made a model answer this, and which are wrong?",
    discussion: """
      A run is named once, in its YAML file; every later command takes its name.

        ascribe demo                    train, query, find wrong labels, report
        ascribe init data.csv           a run file for your own data
        ascribe train digits.yaml       → Checkpoints/digits/
        ascribe query digits --test 17  the training examples that helped and harmed
        ascribe mislabeled digits       training examples in order of suspicion
      """,
    version: Engine.version,
    subcommands: [
      DemoCommand.self, InitCommand.self, TrainCommand.self, ImportCommand.self, ExportCommand.self,
      OutputsCommand.self,
      PlanCommand.self, CollectCommand.self, ScoreCommand.self, QueryCommand.self,
      GroupCommand.self, MislabeledCommand.self, ReviewCommand.self, PruneCommand.self,
      WeightsCommand.self, UnlearnCommand.self,
      ComponentsCommand.self, EditCommand.self,
      RetrainCommand.self,
      CalibrateCommand.self,
      EvaluateCommand.self, CompareCommand.self, MethodsCommand.self, InspectCommand.self,
      VerifyCommand.self,
    ])
}
