import ArgumentParser

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
}
