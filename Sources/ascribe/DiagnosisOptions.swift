import Answers
import ArgumentParser
import Influence

/// How much is said about how scores were made.
struct DiagnosisOptions: ParsableArguments {
  @Option(
    defaultAsFlag: .last, parsing: .next,
    help: ArgumentHelp(
      "Say in full how it was scored: λ by checkpoint; spectrum, rank and what cross-validation would choose at the last one, at all, or at none (default: one line).",
      valueName: "checkpoints"))
  var diagnose: DampingDiagnosis?

  /// A line unless more was asked for.
  var extent: DiagnosisText.Extent { diagnose == nil ? .line : .full }
}
