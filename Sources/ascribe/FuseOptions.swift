import ArgumentParser
import Evaluation

/// The bank that scores are fused with.
struct FuseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fuse the scores with a bank of retrained models (ascribe retrain), by its name.",
      valueName: "bank"))
  var fuse: String?

  func validate() throws {
    if let fuse, fuse.isEmpty || fuse.contains("/") {
      throw ValidationError("--fuse takes the name of a bank, not '\(fuse)'")
    }
  }

  /// The fused scorer asked for, with what it found said on standard error.
  func scorer(
    _ setup: ScoringSetup, token: Int? = nil, truth: (bank: RetrainingBank, name: String)? = nil
  ) throws -> FusedScorer? {
    guard let fuse else { return nil }
    let fused = try FusedScorer(
      setup.scorer, bank: fuse, of: setup.influence, token: token, truth: truth)
    Console.line(fused.summary)
    return fused
  }
}
